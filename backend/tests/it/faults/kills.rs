//! F1: the server dies at any instant. F5: it is asked to stop while everybody is there.

use std::time::{Duration, Instant};

use faults::checker::{Answer, Report, Sent};
use futures_util::future::join_all;
use protocol::ids::ConversationId;
use rand::RngExt;
use tokio::sync::watch;

use crate::basics::eventually;
use crate::checker::{Reading, judge};
use crate::people::{Agent, Visitor, in_conversation};
use crate::senders::Sender;
use crate::wire::{BOTH, Client, Over};
use crate::world::{Plan, World};

/// How often the quick form kills.
const KILLS: usize = 30;
/// Longest from a kill to a server that answers again.
const BACK_WITHIN: Duration = Duration::from_secs(3);
/// How long everybody gets to see everything.
const SETTLE: Duration = Duration::from_secs(20);

/// Checks what is stored, acknowledged and seen, and that the database is sound.
pub(super) async fn judge_two(
    world: &World,
    conversation: ConversationId,
    sent: &[Sent],
    (vera, ann): (&mut Visitor, &mut Agent),
) -> Report {
    vera.connect(Over::Socket).await;
    ann.reload();
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    let readings = [
        Reading { name: "vera", client: vera, complete: vec![conversation], may_see: vec![] },
        Reading { name: "ann", client: ann, complete: vec![conversation], may_see: vec![] },
    ];
    let report = judge(world, sent, &readings, SETTLE).await;
    assert_eq!(world.integrity().await, "ok");
    report
}

#[tokio::test]
async fn f01_sigkill_at_random_instants_loses_and_doubles_nothing() {
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut tab = vera.another_tab();
    tab.connect(Over::Poll).await;
    let (stop, stopped) = watch::channel(false);
    let kills = async {
        for _ in 0..KILLS {
            let lives = rand::rng().random_range(20..250);
            // How long the server lives is the random part of this test, not a wait for anything.
            tokio::time::sleep(Duration::from_millis(lives)).await;
            let killed = Instant::now();
            world.restart().await;
            assert!(killed.elapsed() < BACK_WITHIN, "back only after {:?}", killed.elapsed());
        }
        stop.send_replace(true);
    };
    let (_, one, two, three) = tokio::join!(
        kills,
        Sender::new(&mut vera, "vera", BOTH, conversation).until(stopped.clone()),
        Sender::new(&mut tab, "vera's tab", [Over::Poll, Over::Socket], conversation).until(stopped.clone()),
        Sender::new(&mut ann, "ann", [Over::Socket; 2], conversation).until(stopped.clone()),
    );
    let report = judge_two(&world, conversation, &[one, two, three].concat(), (&mut vera, &mut ann)).await;
    report.assert_clean();
    assert!(report.acknowledged > KILLS, "only {} sends", report.acknowledged);
    assert_eq!(report.unknown, 0, "every send was settled by its retry");
}

#[tokio::test]
async fn f01_a_crash_around_the_commit_or_before_the_ack_leaves_all_or_nothing() {
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut sent = Vec::new();
    for point in ["before-commit", "after-commit", "before-ack"] {
        for times in [12, 19] {
            world.kill9();
            world.serve_with("FRONTDESK_CRASH_AT", &format!("{point}:{times}")).await;
            let (stop, stopped) = watch::channel(false);
            let crash = async {
                eventually("the server crashes where it was told to", || async { world.has_ended().then_some(()) })
                    .await;
                world.serve().await;
                stop.send_replace(true);
            };
            let (_, one, two) = tokio::join!(
                crash,
                Sender::new(&mut vera, &format!("vera {point} {times}"), BOTH, conversation).until(stopped.clone()),
                Sender::new(&mut ann, &format!("ann {point} {times}"), [Over::Socket; 2], conversation)
                    .until(stopped.clone()),
            );
            assert!(interrupted(&one) || interrupted(&two), "nobody noticed a crash {point}");
            sent.extend([one, two].concat());
        }
    }
    judge_two(&world, conversation, &sent, (&mut vera, &mut ann)).await.assert_clean();
}

fn interrupted(sent: &[Sent]) -> bool {
    sent.iter().any(|sent| sent.answers.contains(&Answer::Info))
}

/// Sockets of the stop test.
const SOCKETS: usize = 2_000;
/// Visitors they belong to.
const VISITORS: usize = 20;
/// One of so many is a held poll instead.
const POLLS: usize = 20;
/// Longest from SIGTERM to the end of the process (C12).
const ENDS_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test]
async fn f05_sigterm_with_two_thousand_sockets_and_sends_in_flight() {
    raise_file_limit();
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut idle = crowd(&world).await;
    let (stop, stopped) = watch::channel(false);
    let stopping = async {
        eventually("some messages are stored", || async {
            (crate::checker::stored(&world, conversation).await.len() > 20).then_some(())
        })
        .await;
        let asked = Instant::now();
        world.sigterm();
        let status = world.ended().await;
        assert!(status.success(), "{status}");
        assert!(asked.elapsed() < ENDS_WITHIN, "it took {:?}", asked.elapsed());
        world.serve().await;
        stop.send_replace(true);
    };
    let (_, one, two) = tokio::join!(
        stopping,
        Sender::new(&mut vera, "vera", BOTH, conversation).until(stopped.clone()),
        Sender::new(&mut ann, "ann", [Over::Socket; 2], conversation).until(stopped.clone()),
    );
    let told = |client: &Client| client.look(|view| (view.closed, view.reconnect_ms));
    for (client, over) in idle.iter().zip(overs()) {
        let (closed, reconnect_ms) = told(client);
        assert!(over == Over::Poll || closed == Some(1012), "{closed:?}");
        assert!(reconnect_ms.is_some_and(|ms| ms <= 10_000), "{reconnect_ms:?}");
    }
    // They come back all at once, which is worse than what they were asked to do.
    join_all(idle.iter_mut().zip(overs()).map(|(client, over)| client.connect(over))).await;
    judge_two(&world, conversation, &[one, two].concat(), (&mut vera, &mut ann)).await.assert_clean();
}

/// What the tabs of the crowd connect over.
fn overs() -> impl Iterator<Item = Over> {
    (0..).map(|number| if number % POLLS == 0 { Over::Poll } else { Over::Socket })
}

/// Many tabs of some visitors, all connected.
async fn crowd(world: &World) -> Vec<Visitor> {
    let visitors = join_all((0..VISITORS).map(|_| world.visitor())).await;
    let mut tabs: Vec<Visitor> =
        visitors.iter().flat_map(|visitor| (0..SOCKETS / VISITORS).map(|_| visitor.another_tab())).collect();
    for some in tabs.chunks_mut(10 * POLLS) {
        join_all(some.iter_mut().zip(overs()).map(|(tab, over)| tab.connect(over))).await;
    }
    tabs
}

/// Lets this process open as many files as it may; the default of many systems is 1,024.
pub(crate) fn raise_file_limit() {
    let own = std::process::id().to_string();
    let raised = std::process::Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status();
    assert!(raised.is_ok_and(|status| status.success()), "the limit of open files cannot be raised to 8,192");
}
