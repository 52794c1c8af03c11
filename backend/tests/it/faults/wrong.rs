//! F11: a bus that loses, repeats, delays and reorders. F29: a clock that jumps.

use std::time::Duration;

use protocol::ids::ConversationId;

use super::clock::Clock;
use super::kills::judge_two;
use crate::basics::eventually;
use crate::checker::{Reading, judge};
use crate::people::{Agent, Visitor, in_conversation};
use crate::senders::Sender;
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

/// Longest delay of an entry whose note was lost (C7), with the delay of the bus.
const REPAIRED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn f11_a_bus_that_loses_repeats_delays_and_reorders_loses_nothing_for_anybody() {
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    world.kill9();
    world.serve_with("FRONTDESK_PLANTED_BUG", "unreliable-bus").await;
    let mut polling = vera.another_tab();
    polling.connect(Over::Poll).await;
    vera.connect(Over::Socket).await;
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    let (one, two) = tokio::join!(
        Sender::new(&mut vera, "vera", [Over::Socket; 2], conversation).times(60),
        Sender::new(&mut ann, "ann", [Over::Socket; 2], conversation).times(60),
    );
    // Nobody connects again: what was lost on the bus has to be noticed by the connections themselves.
    let reading = |name, client| Reading { name, client, complete: vec![conversation], may_see: vec![] };
    let readings = [reading("vera", &*vera), reading("vera's polling tab", &*polling), reading("ann", &*ann)];
    judge(&world, &[one, two].concat(), &readings, REPAIRED_WITHIN).await.assert_clean();
}

#[tokio::test]
async fn f29_a_clock_that_jumps_changes_no_order_and_loses_nobody() {
    let Some(clock) = Clock::new() else { return };
    let world = World::with(clock.rules(Plan::default().unlimited())).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut sent = Vec::new();
    let jumps = ["+1d", "-1h", "+3d", "-2d", "+0"];
    for jump in jumps {
        clock.jumps(jump);
        let before = connected(&vera, &ann);
        let (one, two) = tokio::join!(
            Sender::new(&mut vera, &format!("vera at {jump}"), BOTH, conversation).times(8),
            Sender::new(&mut ann, &format!("ann at {jump}"), [Over::Socket; 2], conversation).times(8),
        );
        sent.extend([one, two].concat());
        assert_eq!(connected(&vera, &ann), before, "at {jump} somebody was disconnected");
        sees_the_other(&vera, &ann, conversation).await;
    }
    // The lie reached the server: some entries are stored a day and more ahead.
    let late = world.count("select max(at) from entry").await - world.count("select min(at) from entry").await;
    assert!(late > 24 * 60 * 60 * 1_000, "the clock did not jump: {late} ms");
    // Both come back with what they had: nobody was signed out.
    judge_two(&world, conversation, &sent, (&mut vera, &mut ann)).await.assert_clean();
}

fn connected(vera: &Visitor, ann: &Agent) -> (usize, usize, Option<u16>, Option<u16>) {
    let of = |client: &crate::wire::Client| client.look(|view| (view.welcomes, view.closed));
    let ((vera, vera_closed), (ann, ann_closed)) = (of(vera), of(ann));
    (vera, ann, vera_closed, ann_closed)
}

/// Live delivery goes on: both hold the same.
async fn sees_the_other(vera: &Visitor, ann: &Agent, conversation: ConversationId) {
    eventually("both see everything", || async {
        let held = |client: &crate::wire::Client| client.look(|view| view.items(conversation).len());
        (held(vera) == held(ann)).then_some(())
    })
    .await;
}
