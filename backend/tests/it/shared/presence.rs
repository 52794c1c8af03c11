//! The contract of presence, for both implementations, and what only several nodes have.

use std::time::Instant;

use frontdesk::bus::Bus;
use frontdesk::presence::local::LocalPresence;
use frontdesk::presence::{Presence, Who};
use futures_util::FutureExt;
use protocol::ids::{AgentId, TenantId, VisitorId};
use uuid::Uuid;

use super::{Node, installation, until};
use crate::basics::DEADLINE;
use crate::redis_server::RedisServer;

const NOW: i64 = 1_000_000;

fn agent() -> Who {
    Who::Agent(TenantId(Uuid::new_v4()), AgentId(Uuid::new_v4()))
}

/// What everybody may rely on who counts at `here` and asks at `there`.
async fn contract(here: &dyn Presence, there: &dyn Presence) {
    let (ann, vera) = (agent(), Who::Visitor(TenantId(Uuid::new_v4()), VisitorId(Uuid::new_v4())));
    until("it is certain who is here", || here.is_sure() && there.is_sure()).await;
    assert_eq!(there.gone_since(ann), Some(NOW), "never seen: gone since the beginning");
    assert!(there.is_here(ann, NOW + 5, 10) && !there.is_here(ann, NOW + 10, 10));
    assert_eq!(there.active_at(ann), NOW);
    assert!(here.joined(ann, NOW + 100), "the first");
    assert!(!here.joined(ann, NOW + 110), "the second");
    assert!(here.joined(vera, NOW + 120));
    until("they are here", || there.gone_since(ann).is_none() && there.gone_since(vera).is_none()).await;
    assert_eq!(there.count(), (1, 1));
    assert!(there.is_here(ann, NOW + 100_000, 10));
    assert_eq!(there.active_at(ann), NOW + 100, "coming is a sign of life");
    assert!(!here.left(ann, NOW + 200), "one is open still");
    assert!(here.left(ann, NOW + 300), "the last");
    until("she is gone", || there.gone_since(ann) == Some(NOW + 300)).await;
    assert!(there.is_here(ann, NOW + 309, 10) && !there.is_here(ann, NOW + 310, 10));
    assert_eq!(there.count(), (0, 1));
    assert!(here.joined(ann, NOW + 400), "back");
    assert!(!here.active(ann, NOW + 500), "nobody thought her idle");
    until("the sign arrives", || there.active_at(ann) == NOW + 500).await;
    there.mark_idle(ann);
    // The mark must have arrived before the sign that takes it away.
    let begun = Instant::now();
    let mut now = NOW + 600;
    while !here.active(ann, now) {
        assert!(begun.elapsed() < DEADLINE, "the mark arrives");
        now += 1;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(!here.active(ann, now + 1), "told once");
    // Who asks without a connection, as between two polls, does something and is not there.
    let zoe = agent();
    here.active(zoe, NOW + 700);
    until("the sign arrives", || there.active_at(zoe) == NOW + 700).await;
    assert_eq!((here.gone_since(zoe), there.gone_since(zoe)), (Some(NOW), Some(NOW)));
}

#[tokio::test]
async fn inside_one_process() {
    let presence = LocalPresence::new(NOW);
    contract(&presence, &presence).await;
}

#[tokio::test]
async fn over_redis_on_the_same_node() {
    let server = RedisServer::start();
    let node = Node::start(&server, &installation(), NOW).await;
    contract(&*node.presence, &*node.presence).await;
}

#[tokio::test]
async fn over_redis_from_node_to_node() {
    let (server, name) = (RedisServer::start(), installation());
    let (one, two) = (Node::start(&server, &name, NOW).await, Node::start(&server, &name, NOW).await);
    contract(&*one.presence, &*two.presence).await;
    // Who is connected to two nodes is here until both connections are gone.
    let ann = agent();
    one.presence.joined(ann, NOW + 1);
    two.presence.joined(ann, NOW + 2);
    one.presence.left(ann, NOW + 3);
    until("the other has her", || one.presence.gone_since(ann).is_none()).await;
    two.presence.left(ann, NOW + 4);
    until("she is gone", || one.presence.gone_since(ann) == Some(NOW + 4)).await;
    assert_eq!(two.presence.gone_since(ann), Some(NOW + 4));
}

#[tokio::test]
async fn a_node_that_comes_later_learns_who_is_here() {
    let (server, name) = (RedisServer::start(), installation());
    let one = Node::start(&server, &name, NOW).await;
    // More than go into one record.
    let people: Vec<Who> = (0..2_500).map(|_| agent()).collect();
    people.iter().for_each(|who| _ = one.presence.joined(*who, NOW + 1));
    let two = Node::start(&server, &name, NOW + 50).await;
    until("all are known", || two.presence.count() == (2_500, 0)).await;
    // One who leaves while nobody hears is gone when they hear again.
    server.freeze();
    until("it is noticed", || !one.bus.works() && !two.bus.works()).await;
    one.presence.left(people[0], NOW + 60);
    assert_eq!(two.presence.gone_since(people[0]), None, "the last that is known stands");
    server.thaw();
    until("it is learnt", || two.presence.gone_since(people[0]) == Some(NOW + 60)).await;
    assert_eq!(two.presence.count(), (2_499, 0));
    server.cli(&["FLUSHALL"]);
    server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    one.presence.left(people[1], NOW + 70);
    until("it is learnt", || two.presence.gone_since(people[1]) == Some(NOW + 70)).await;
    assert_eq!(two.presence.count(), (2_498, 0));
}

#[tokio::test]
async fn people_of_a_node_that_stops_or_dies_are_gone() {
    let (server, name) = (RedisServer::start(), installation());
    let (stops, dies) = (Node::start(&server, &name, NOW).await, Node::start(&server, &name, NOW).await);
    let begun = Instant::now();
    let stays = Node::start(&server, &name, NOW).await;
    let (ann, ben) = (agent(), agent());
    stops.presence.joined(ann, NOW + 1);
    dies.presence.joined(ben, NOW + 1);
    until("both are here", || stays.presence.count() == (2, 0) && stays.presence.is_sure()).await;
    stops.presence.leave(NOW + 5);
    until("who stops says so", || stays.presence.gone_since(ann) == Some(NOW + 5)).await;
    drop(stops);
    drop(dies);
    let died = Instant::now();
    let died_at = NOW + i64::try_from(begun.elapsed().as_millis()).expect("short");
    until("the dead is noticed", || stays.presence.gone_since(ben).is_some()).await;
    assert!(died.elapsed().as_secs() <= 15, "{:?}", died.elapsed());
    let since = stays.presence.gone_since(ben).expect("gone");
    assert!(since < died_at + 4_000, "gone since it was last heard: {}", since - died_at);
    let moved = tokio::time::timeout(DEADLINE, stays.presence.moved()).await.expect("it is told");
    assert!(moved.contains(&ben), "{moved:?}");
}

#[tokio::test]
async fn a_visitor_of_a_dead_node_who_comes_to_another_is_told_of_where_the_death_was_noted() {
    let (server, name) = (RedisServer::start(), installation());
    let dies = Node::start(&server, &name, NOW).await;
    let (notes, other) = (Node::start(&server, &name, NOW).await, Node::start(&server, &name, NOW).await);
    let vera = Who::Visitor(TenantId(Uuid::new_v4()), VisitorId(Uuid::new_v4()));
    dies.presence.joined(vera, NOW + 1);
    until("she is here", || notes.presence.gone_since(vera).is_none()).await;
    drop(dies);
    until("the dead is noticed", || notes.presence.gone_since(vera).is_some()).await;
    // One of the two is told, and stores that she is gone: perhaps when she is back already.
    let _ = notes.presence.moved().now_or_never();
    other.presence.joined(vera, NOW + 20);
    let moved = tokio::time::timeout(DEADLINE, notes.presence.moved()).await.expect("it is told");
    assert!(moved.contains(&vera) && notes.presence.gone_since(vera).is_none(), "{moved:?}");
}
