//! People on three servers: nothing lost, nothing doubled, one order (C1-C13), whichever server serves them. The
//! same send at once on all of them (F17).

use std::collections::BTreeSet;

use crate::basics::eventually;
use crate::checker::check;
use crate::faults::twice::at_once;
use crate::people::in_conversation;
use crate::wire::{BOTH, Over};
use crate::world::World;

use super::talks::{NODES, Talk, at, plan, progress, verdict, while_all_talk};

/// Servers that answered requests of a path.
fn served(world: &World, path: &str) -> BTreeSet<String> {
    let passed = world.front().haproxy.passed();
    passed.into_iter().filter(|it| it.path == path && it.status < 300).map(|it| it.server).collect()
}

#[tokio::test]
async fn c01_c13_people_spread_over_three_servers_lose_nothing_double_nothing_and_agree() {
    let world = World::with(plan()).await;
    let mut talks = Talk::many(&world, 8).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| progress(acked, 600).await).await;
    let report = super::talks::still(&world, &talks, &sent).await;
    report.assert_clean();
    assert_eq!(report.unknown, 0);
    for talk in &mut talks {
        talk.vera.vanish();
        talk.ann.vanish();
    }
    for path in ["/v1/ws", "/v1/poll", "/v1/commands"] {
        eventually(&format!("every server served {path}"), || async {
            (served(&world, path).len() == NODES).then_some(())
        })
        .await;
    }
    // And they come back somewhere else.
    verdict(&world, &mut talks, &sent).await.assert_clean();
}

#[tokio::test]
async fn f17_one_send_at_once_on_three_servers_over_both_transports_is_stored_once_and_answered_alike() {
    let world = World::with(plan()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut tabs = Vec::new();
    for number in 0..20 {
        let mut tab = at(&world, number % NODES, vera.another_tab());
        tab.connect(BOTH[number % 2]).await;
        tabs.push(tab);
    }
    let sent = at_once(&world, conversation, &tabs).await;
    check(&world, conversation, &sent, &[&vera, &ann, &tabs[0], &tabs[1], &tabs[2]]).await;
}
