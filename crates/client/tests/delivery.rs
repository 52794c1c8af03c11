//! Whatever the network and the tabs do: every post is stored once, in the order posted, and seen once.
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

/// Something happens in a tab.
fn play(world: &mut World, tab: usize, step: &Step) {
    match step {
        Step::Post => world.post(tab, None),
        Step::PostToKnown => {
            let known = world.tabs[tab].app.timelines.keys().next().copied();
            world.post(tab, known);
        }
        Step::AgentWrites => world.server.agent_writes("from the agent"),
        Step::Run(ms) => world.run(*ms),
        Step::Weather(weather) => world.weather = *weather,
        Step::Reload => {
            world.run(100);
            world.close(tab);
            world.reopen(tab);
        }
        Step::Wake => world.input(tab, Input::Visible),
        Step::Online => world.input(tab, Input::Online),
    }
}

/// The weather clears up and everything settles.
fn settle(world: &mut World) {
    world.weather = Weather::Good;
    // Longer than the longest wait for another try of a socket.
    world.run(15 * 60 * 1000);
}

/// Nothing waits any more, and every tab shows what the server has.
fn check_settled(world: &World) -> Result<(), TestCaseError> {
    prop_assert!(world.browser.kept.is_empty());
    for tab in &world.tabs {
        prop_assert_eq!(tab.client.outbox().len(), 0, "tab {}", tab.number);
        prop_assert_eq!(tab.seen(), world.server.stored());
        let live = matches!(tab.app.status, Some(Status::Live(client::Transport::Socket)));
        prop_assert!(live, "{:?}", tab.app.status);
        for timeline in tab.app.timelines.values() {
            prop_assert_eq!(timeline.items(), &world.server.items[..]);
        }
    }
    Ok(())
}

/// The texts of one tab stand in the order they were posted.
fn check_order(world: &World, tab: usize) -> Result<(), TestCaseError> {
    let posted = world.posted_in(Some(tab));
    let stored: Vec<String> = world.server.stored().into_iter().filter(|text| posted.contains(text)).collect();
    let order: Vec<_> = stored.iter().map(|text| posted.iter().position(|it| it == text)).collect();
    prop_assert!(order.is_sorted(), "{order:?}");
    Ok(())
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_post_arrives_once_and_in_order(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(seed, 1);
        for step in &steps {
            play(&mut world, 0, step);
        }
        settle(&mut world);
        prop_assert_eq!(world.server.stored(), world.posted_in(None));
        check_settled(&world)?;
    }

    #[test]
    fn a_restored_backup_leaves_no_hole(seed in any::<u64>(), steps in prop::collection::vec(step(), 1..20), keep in 0usize..5) {
        let mut world = World::new(seed, 1);
        for step in &steps {
            play(&mut world, 0, step);
        }
        settle(&mut world);
        world.server.restore_backup(keep);
        world.weather = Weather::Down;
        world.run(40_000);
        // What was not acknowledged when the history was rewound goes into the new one, once (F37).
        let kept = world.server.stored();
        world.post(0, None);
        let late = world.posted_in(None).pop();
        world.server.agent_writes("after the backup");
        settle(&mut world);
        prop_assert_eq!(world.server.stored(), kept.into_iter().chain(late).collect::<Vec<_>>());
        check_settled(&world)?;
    }

    #[test]
    fn three_tabs_send_everything_once(
        seed in any::<u64>(),
        lockless in any::<bool>(),
        steps in prop::collection::vec((0usize..3, step()), 1..60),
    ) {
        let mut world = World::new(seed, 3);
        world.browser.lockless = lockless;
        for (tab, step) in &steps {
            play(&mut world, *tab, step);
        }
        settle(&mut world);
        prop_assert_eq!(sorted(world.server.stored()), sorted(world.posted_in(None)));
        for tab in 0..3 {
            check_order(&world, tab)?;
        }
        check_settled(&world)?;
    }

    /// Tabs die at any moment and stay away. What they wrote a moment before may be gone; nothing is doubled,
    /// and one tab that is left sends the rest.
    #[test]
    fn the_tab_that_is_left_sends_for_all(
        seed in any::<u64>(),
        steps in prop::collection::vec((0usize..3, prop_oneof![8 => step().prop_map(Some), 1 => Just(None)]), 1..40),
    ) {
        let mut world = World::new(seed, 3);
        let mut certain = Vec::new();
        for (tab, step) in &steps {
            match step {
                Some(step) if world.tabs[*tab].open => play(&mut world, *tab, step),
                None if *tab != 0 && world.tabs[*tab].open => {
                    certain.extend(world.browser.kept.values().filter_map(|text| text_in(text)));
                    world.close(*tab);
                }
                _ => {}
            }
        }
        settle(&mut world);
        let stored = sorted(world.server.stored());
        let mut once = stored.clone();
        once.dedup();
        prop_assert_eq!(&stored, &once);
        certain.extend((0..3).filter(|tab| world.tabs[*tab].open).flat_map(|tab| {
            let reloads = steps.iter().any(|(it, step)| *it == tab && matches!(step, Some(Step::Reload)));
            if reloads { Vec::new() } else { world.posted_in(Some(tab)) }
        }));
        for text in certain {
            prop_assert!(stored.contains(&text), "{text} is lost");
        }
        prop_assert!(world.browser.kept.is_empty());
        for tab in 0..3 {
            check_order(&world, tab)?;
        }
    }

    /// Storage is blocked: nothing survives a reload, and the person is told, but tabs that stay send all (F20).
    #[test]
    fn without_storage_every_tab_sends_its_own(
        seed in any::<u64>(),
        steps in prop::collection::vec((0usize..2, step()), 1..40),
    ) {
        let mut world = World::new(seed, 0);
        world.browser.blocked = true;
        (0..2).for_each(|_| world.add_tab());
        for (tab, step) in steps.iter().filter(|(_, step)| !matches!(step, Step::Reload)) {
            play(&mut world, *tab, step);
        }
        settle(&mut world);
        prop_assert_eq!(sorted(world.server.stored()), sorted(world.posted_in(None)));
        for tab in 0..2 {
            check_order(&world, tab)?;
            prop_assert_eq!(world.tabs[tab].app.not_kept, !world.posted_in(Some(tab)).is_empty());
        }
        check_settled(&world)?;
    }
}

/// The text of a stored item.
fn text_in(item: &str) -> Option<String> {
    let value = protocol::codec::parse(item)?;
    Some(value.get("command")?.get("body")?.get("text")?.text()?.to_owned())
}

#[test]
fn one_tab_owns_the_outbox_and_another_takes_over() {
    let mut world = World::new(7, 2);
    world.run(5_000);
    assert!(world.browser.owns(0) && !world.browser.owns(1));
    world.post(1, None);
    world.run(2_000);
    assert_eq!(world.server.stored(), ["0"], "the owner sends for the other, without its patience running out");
    assert_eq!(world.server.posts_seen, 1);
    world.close(0);
    world.run(100);
    assert!(world.browser.owns(1));
    world.post(1, None);
    world.run(2_000);
    assert_eq!(world.server.stored(), ["0", "1"]);
}

#[test]
fn an_owner_without_a_connection_does_not_hold_the_others_up() {
    let mut world = World::new(7, 2);
    world.run(5_000);
    world.input(0, Input::Stop);
    world.post(1, None);
    world.run(9_000);
    assert!(world.server.stored().is_empty());
    world.run(3_000);
    assert_eq!(world.server.stored(), ["0"]);
}
