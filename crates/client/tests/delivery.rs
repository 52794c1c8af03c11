//! Whatever the network does: every post is stored once, in the order posted, and seen once.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod sim;

use client::{Input, Status};
use proptest::prelude::*;
use sim::{Weather, World};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Post,
    PostToKnown,
    AgentWrites,
    Run(u64),
    Weather(Weather),
    Reload,
    Wake,
    Online,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Post),
        3 => Just(Step::PostToKnown),
        2 => Just(Step::AgentWrites),
        6 => (0u64..3_000).prop_map(Step::Run),
        2 => (3_000u64..90_000).prop_map(Step::Run),
        3 => prop_oneof![
            Just(Weather::Good),
            Just(Weather::Rough),
            Just(Weather::SocketsRefused),
            Just(Weather::SocketsHang),
            Just(Weather::Down),
        ]
        .prop_map(Step::Weather),
        1 => Just(Step::Reload),
        1 => Just(Step::Wake),
        1 => Just(Step::Online),
    ]
}

fn play(world: &mut World, step: &Step) {
    match step {
        Step::Post => world.post(None),
        Step::PostToKnown => {
            let known = world.app.timelines.keys().next().copied();
            world.post(known);
        }
        Step::AgentWrites => world.server.agent_writes("from the agent"),
        Step::Run(ms) => world.run(*ms),
        Step::Weather(weather) => world.weather = *weather,
        Step::Reload => world.reload(),
        Step::Wake => world.input(Input::Visible),
        Step::Online => world.input(Input::Online),
    }
}

/// The weather clears up and everything settles.
fn settle(world: &mut World) {
    world.weather = Weather::Good;
    // Longer than the longest wait for another try of a socket.
    world.run(15 * 60 * 1000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_post_arrives_once_and_in_order(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(seed);
        world.input(Input::Start);
        for step in &steps {
            play(&mut world, step);
        }
        settle(&mut world);
        prop_assert_eq!(world.server.stored(), world.posted.clone());
        prop_assert_eq!(world.seen(), world.posted.clone());
        prop_assert_eq!(world.client.outbox().len(), 0);
        prop_assert!(world.storage.is_empty());
        let live = matches!(world.app.status, Some(Status::Live(client::Transport::Socket)));
        prop_assert!(live, "{:?}", world.app.status);
        for timeline in world.app.timelines.values() {
            prop_assert_eq!(timeline.items(), &world.server.items[..]);
        }
    }

    #[test]
    fn a_restored_backup_leaves_no_hole(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..20), keep in 0usize..5) {
        let mut world = World::new(seed);
        world.input(Input::Start);
        for step in &steps {
            play(&mut world, step);
        }
        settle(&mut world);
        world.server.restore_backup(keep);
        world.weather = Weather::Down;
        world.run(40_000);
        world.server.agent_writes("after the backup");
        settle(&mut world);
        for timeline in world.app.timelines.values() {
            prop_assert_eq!(timeline.items(), &world.server.items[..]);
        }
    }
}
