//! Several servers, and conversations that go on through whatever happens to them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faults::checker::{Report, Sent};
use futures_util::future::join_all;
use protocol::command::{Accept, Command, Watch};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;
use serde_json::json;
use tokio::sync::watch;

use crate::checker::{Reading, judge};
use crate::people::{Agent, Visitor};
use crate::senders::Sender;
use crate::wire::{Client, Over};
use crate::world::{Plan, World};

/// How many servers stand behind the proxy.
pub(super) const NODES: usize = 3;
/// How long everybody gets to see everything in the end.
const SETTLE: Duration = Duration::from_secs(30);
/// Between two messages of one person: the load is to last, not to fill the machine.
const BREATH: Duration = Duration::from_millis(15);

/// The plan of several servers, without rate limits.
pub(super) fn plan() -> Plan {
    Plan { nodes: NODES, policy: json!({ "capacity": 50 }), ..Plan::default() }.unlimited()
}

/// A tab that comes in by one server, past the proxy.
pub(super) fn at<P: std::ops::DerefMut<Target = Client>>(world: &World, node: usize, mut person: P) -> P {
    person.base = world.servers()[node].url();
    person
}

/// A visitor and an agent's tab.
pub(super) struct Talk {
    pub(super) vera: Visitor,
    pub(super) ann: Agent,
    pub(super) conversation: ConversationId,
    /// The transports each takes in turn.
    ladders: [[Over; 2]; 2],
}

impl Talk {
    /// Conversations of Ann's tabs, each begun over other transports.
    pub(super) async fn many(world: &World, count: usize) -> Vec<Self> {
        use Over::{Poll, Socket};
        let mut first = world.agent("Ann").await;
        first.starts_work(Socket).await;
        let ways = [
            [[Socket, Poll], [Socket, Socket]],
            [[Poll, Socket], [Poll, Socket]],
            [[Socket, Socket], [Socket, Poll]],
            [[Poll, Poll], [Socket, Socket]],
        ];
        join_all((0..count).map(async |number| Self::begins(world, &first, ways[number % ways.len()]).await)).await
    }

    async fn begins(world: &World, first: &Agent, ladders: [[Over; 2]; 2]) -> Self {
        let (mut vera, mut ann) = (world.visitor().await, first.another_tab());
        ann.connect(ladders[1][0]).await;
        vera.connect(ladders[0][0]).await;
        let conversation = vera.asks("hello?").await;
        ann.is_offered_this(conversation).await;
        ann.must(Command::Accept(Accept { conversation })).await;
        ann.must(Command::Watch(Watch { conversation, after: 0 })).await;
        vera.sees_state(ConversationState::Active).await;
        Self { vera, ann, conversation, ladders }
    }

    /// Both send until told to stop.
    async fn goes_on(&mut self, number: usize, acked: &AtomicUsize, stopped: watch::Receiver<bool>) -> Vec<Sent> {
        let Self { vera, ann, conversation, ladders } = self;
        let mut vera = Sender::new(vera, &format!("vera {number}"), ladders[0], *conversation);
        let mut ann = Sender::new(ann, &format!("ann {number}"), ladders[1], *conversation);
        let send = async |sender: &mut Sender<'_>| {
            while !*stopped.borrow() {
                sender.send().await;
                acked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(BREATH).await;
            }
        };
        tokio::join!(send(&mut vera), send(&mut ann));
        [vera.sent, ann.sent].concat()
    }
}

/// Everybody sends while `meanwhile` happens; it is told how many messages were acknowledged so far.
pub(super) async fn while_all_talk<T>(
    talks: &mut [Talk],
    meanwhile: impl AsyncFnOnce(&AtomicUsize) -> T,
) -> (T, Vec<Sent>) {
    let acked = AtomicUsize::new(0);
    let (stop, stopped) = watch::channel(false);
    let sending = talks.iter_mut().enumerate().map(|(number, talk)| talk.goes_on(number, &acked, stopped.clone()));
    let happening = async {
        let outcome = meanwhile(&acked).await;
        stop.send_replace(true);
        outcome
    };
    let (outcome, sent) = tokio::join!(happening, join_all(sending));
    (outcome, sent.concat())
}

/// Waits until that many more messages were acknowledged.
pub(super) async fn progress(acked: &AtomicUsize, more: usize) {
    let wanted = acked.load(Ordering::Relaxed) + more;
    crate::basics::eventually(&format!("{more} more messages"), || async {
        (acked.load(Ordering::Relaxed) >= wanted).then_some(())
    })
    .await;
}

/// Everybody comes back, sees everything, and the checker judges.
pub(super) async fn verdict(world: &World, talks: &mut [Talk], sent: &[Sent]) -> Report {
    for talk in &mut *talks {
        talk.vera.connect(talk.ladders[0][0]).await;
        talk.ann.connect(talk.ladders[1][0]).await;
    }
    still(world, talks, sent).await
}

/// The same without anybody connecting again: what was lost has to be noticed by the connections themselves.
pub(super) async fn still(world: &World, talks: &[Talk], sent: &[Sent]) -> Report {
    let readings: Vec<Reading<'_>> = talks
        .iter()
        .flat_map(|talk| {
            let complete = vec![talk.conversation];
            let vera = Reading { name: "vera", client: &talk.vera, complete: complete.clone(), may_see: vec![] };
            [vera, Reading { name: "ann", client: &talk.ann, complete, may_see: vec![] }]
        })
        .collect();
    judge(world, sent, &readings, SETTLE).await
}
