//! Everything at once, for as long as one likes: `cargo xtask soak --kills N --minutes M --messages K`. People
//! send through a proxy that misbehaves to a server that is killed, crashed and stopped; then everything heals
//! and the checker judges all of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use faults::checker::{Answer, Report, Sent};
use faults::proxy::{End, Proxy, Upgrades, Weather};
use futures_util::future::join_all;
use protocol::command::{Accept, Command, Watch};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;
use rand::RngExt;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::checker::{Reading, judge};
use crate::people::{Agent, Visitor};
use crate::senders::Sender;
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

/// Conversations, each with a visitor and an agent's tab that send.
const TALKS: usize = 8;
/// How long everybody gets to see everything in the end.
const SETTLE: Duration = Duration::from_secs(60);

/// What a run has to reach.
struct Goal {
    kills: usize,
    messages: usize,
    minutes: u64,
}

impl Goal {
    fn from_environment() -> Self {
        let number = |name: &str, default: usize| {
            let text = std::env::var(format!("FRONTDESK_SOAK_{name}"));
            text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("FRONTDESK_SOAK_{name}={text}")))
        };
        Self { kills: number("KILLS", 20), messages: number("MESSAGES", 2_000), minutes: number("MINUTES", 10) as u64 }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long; run it with `cargo xtask soak`"]
async fn soak() {
    let goal = Goal::from_environment();
    let begun = Instant::now();
    let proxy = Proxy::bind().await.expect("a proxy");
    let policy = json!({ "capacity": 50 });
    let world = World::with(Plan { policy, ..Plan::default().unlimited() }).await;
    proxy.forward_to(world.port());
    let mut talks = join_all((0..TALKS).map(|_| async { Talk::begins(&world, &proxy).await })).await;
    let acked = Arc::new(AtomicUsize::new(0));
    let (stop, stopped) = watch::channel(false);
    let mut nemesis = Nemesis { world: &world, proxy: &proxy, done: BTreeMap::new() };
    let sending = talks.iter_mut().enumerate().map(|(number, talk)| talk.goes_on(number, &acked, stopped.clone()));
    let mut said = Instant::now();
    let breaking = async {
        while nemesis.kills() < goal.kills || acked.load(Ordering::Relaxed) < goal.messages {
            let minutes = begun.elapsed().as_secs() / 60;
            assert!(minutes < goal.minutes, "not done: {:?}, {} messages", nemesis.done, acked.load(Ordering::Relaxed));
            // When only messages are missing there is more time for them.
            let rests = if nemesis.kills() < goal.kills { 50..700 } else { 2_000..8_000 };
            nemesis.rests(rests).await;
            nemesis.strikes().await;
            if said.elapsed() > Duration::from_secs(30) {
                said = Instant::now();
                say(&format!("{:?} {:?}, {} messages", begun.elapsed(), nemesis.done, acked.load(Ordering::Relaxed)));
            }
        }
        nemesis.heals().await;
        stop.send_replace(true);
    };
    let (_, sent) = tokio::join!(breaking, join_all(sending));
    let done = nemesis.done;
    let sent = sent.concat();
    let report = verdict(&world, &mut talks, &sent).await;
    assert_eq!(world.integrity().await, "ok");
    summary(&sent, &done, &report, begun.elapsed());
    report.assert_clean();
}

/// A conversation.
struct Talk {
    vera: Visitor,
    ann: Agent,
    conversation: ConversationId,
}

impl Talk {
    async fn begins(world: &World, proxy: &Proxy) -> Self {
        let mut ann = world.agent("Ann").await;
        ann.base = proxy.url();
        ann.starts_work(Over::Socket).await;
        let mut vera = Visitor::arrives(&proxy.url(), &world.origin(), &world.acme.site).await;
        vera.connect(Over::Socket).await;
        let conversation = vera.asks("hello?").await;
        ann.is_offered_this(conversation).await;
        ann.must(Command::Accept(Accept { conversation })).await;
        ann.must(Command::Watch(Watch { conversation, after: 0 })).await;
        vera.sees_state(ConversationState::Active).await;
        Self { vera, ann, conversation }
    }

    /// Both send until told to stop.
    async fn goes_on(&mut self, number: usize, acked: &AtomicUsize, stopped: watch::Receiver<bool>) -> Vec<Sent> {
        let Self { vera, ann, conversation } = self;
        let mut vera = Sender::new(vera, &format!("vera {number}"), BOTH, *conversation);
        let mut ann = Sender::new(ann, &format!("ann {number}"), [Over::Socket; 2], *conversation);
        let send = async |sender: &mut Sender<'_>| {
            while !*stopped.borrow() {
                sender.send().await;
                acked.fetch_add(1, Ordering::Relaxed);
            }
        };
        tokio::join!(send(&mut vera), send(&mut ann));
        [vera.sent, ann.sent].concat()
    }
}

/// Whoever breaks things.
struct Nemesis<'a> {
    world: &'a World,
    proxy: &'a Proxy,
    done: BTreeMap<&'static str, usize>,
}

impl Nemesis<'_> {
    fn kills(&self) -> usize {
        self.done.get("SIGKILL").copied().unwrap_or(0)
    }

    fn did(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    /// Breaks something.
    async fn strikes(&mut self) {
        if self.world.has_ended() {
            self.did("crash at a commit or ack");
            self.starts().await;
        }
        match rand::rng().random_range(0..20) {
            0..10 => {
                self.did("SIGKILL");
                self.world.kill9();
                self.starts().await;
            }
            10 => {
                self.did("SIGTERM");
                self.world.sigterm();
                self.world.ended().await;
                self.starts().await;
            }
            11..13 => {
                self.did("connections reset");
                self.proxy.end(End::Reset);
            }
            13 => {
                let at = rand::rng().random_range(0..2_000);
                self.weather("connections reset at a byte", |weather| {
                    weather.to_client.until = Some((at, End::Reset));
                })
                .await;
            }
            14 => self.weather("one way lost", |weather| weather.to_client.lost = true).await,
            15 => self.weather("the other way lost", |weather| weather.to_server.lost = true).await,
            16 => {
                self.weather("a pause", |weather| {
                    weather.to_server.paused = true;
                    weather.to_client.paused = true;
                })
                .await;
            }
            17 => {
                self.weather("late and in crumbs", |weather| {
                    weather.to_client.latency = Duration::from_millis(40);
                    weather.to_server.jitter = Duration::from_millis(60);
                    weather.to_client.slice = Some(11);
                })
                .await;
            }
            18 => self.weather("a slow line", |weather| weather.to_client.bytes_per_second = Some(8_000)).await,
            _ => self.weather("no WebSockets", |weather| weather.upgrades = Upgrades::Strip).await,
        }
    }

    /// Bad weather for a while, after which every connection that lived through it is cut.
    async fn weather(&mut self, what: &'static str, change: impl Fn(&mut Weather)) {
        self.did(what);
        self.proxy.change(change);
        self.rests(200..1_200).await;
        self.proxy.end(End::Reset);
        self.proxy.change_new(|weather| *weather = Weather::CLEAR);
    }

    /// Starts the server; now and then with something wrong with it.
    async fn starts(&mut self) {
        let crash = |point: &str, times: u32| ("FRONTDESK_CRASH_AT", format!("{point}:{times}"));
        let times = rand::rng().random_range(20..300);
        let (name, value) = match rand::rng().random_range(0..12) {
            0 => crash("before-commit", times),
            1 => crash("after-commit", times),
            2 => crash("before-ack", times),
            3 | 4 => {
                self.did("unreliable bus");
                ("FRONTDESK_PLANTED_BUG", "unreliable-bus".to_owned())
            }
            _ => ("FRONTDESK_PLANTED_BUG", "none".to_owned()),
        };
        self.world.serve_or_end_with(name, &value).await;
    }

    /// How long things go well, or badly, is the random part of this test, not a wait for anything.
    async fn rests(&self, milliseconds: std::ops::Range<u64>) {
        sleep(Duration::from_millis(rand::rng().random_range(milliseconds))).await;
    }

    /// Everything works again.
    async fn heals(&mut self) {
        self.proxy.change(|weather| *weather = Weather::CLEAR);
        self.proxy.end(End::Reset);
        if !self.world.has_ended() {
            self.world.kill9();
        }
        self.world.serve().await;
    }
}

async fn verdict(world: &World, talks: &mut [Talk], sent: &[Sent]) -> Report {
    for talk in &mut *talks {
        talk.vera.connect(Over::Socket).await;
        talk.ann.connect(Over::Socket).await;
    }
    let readings: Vec<Reading<'_>> = talks
        .iter()
        .flat_map(|talk| {
            let complete = vec![talk.conversation];
            let ann = Reading { name: "ann", client: &talk.ann, complete: complete.clone(), may_see: vec![] };
            [Reading { name: "vera", client: &talk.vera, complete, may_see: vec![] }, ann]
        })
        .collect();
    judge(world, sent, &readings, SETTLE).await
}

fn summary(sent: &[Sent], done: &BTreeMap<&'static str, usize>, report: &Report, took: Duration) {
    let answers = sent.iter().flat_map(|sent| &sent.answers);
    let interrupted = answers.clone().filter(|answer| matches!(answer, Answer::Info)).count();
    say(&format!("soak: {} s", took.as_secs()));
    say(&format!(
        "operations: {} messages acknowledged, {} attempts, {interrupted} of them unanswered or refused for now",
        report.acknowledged,
        answers.count(),
    ));
    say(&format!("stored: {} entries; shown: {}, repetitions included", report.stored, report.shown));
    let faults: Vec<String> = done.iter().map(|(what, times)| format!("{times} {what}")).collect();
    say(&format!("faults injected: {} ({})", done.values().sum::<usize>(), faults.join(", ")));
    say(&format!("violations: {}", report.violations.len()));
}

fn say(text: &str) {
    eprintln!("{text}");
}
