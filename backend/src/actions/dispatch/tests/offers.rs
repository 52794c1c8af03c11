use domain::policy::{Policy, Strategy};
use futures_util::future::join_all;
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::world::{World, policy};
use crate::actions::dispatch::decide::{Decided, decide};
use crate::actions::dispatch::{Told, read, round};
use crate::actions::floor::{AgentNow, Floor};
use crate::store::conversation;

/// Conversations that began to wait, and of which no dispatcher knows.
async fn waiting(world: &World, count: usize) -> Vec<ConversationId> {
    let mut asked = Vec::with_capacity(count);
    for _ in 0..count {
        let visitor = world.quiet_visitor().await;
        asked.push(world.asks_quietly(&visitor).await);
    }
    asked
}

/// Decides by a picture; what came of it, and the picture afterwards.
async fn decided(world: &World, mut floor: Floor) -> (Decided, Floor) {
    let rejections = floor.rejections(&mut world.app.store.read(world.tenant).await.unwrap()).await.unwrap();
    let decided = decide(&world.app, &mut floor, &rejections).await.unwrap();
    (decided, floor)
}

/// What was noted in a picture is what reading it again says.
async fn is_as_read(world: &World, noted: &Floor) {
    let read = world.floor().await;
    assert_eq!(noted.queue, read.queue);
    let load = |now: &AgentNow| (now.agent.id, now.counted, now.offers);
    assert_eq!(noted.agents.iter().map(load).collect::<Vec<_>>(), read.agents.iter().map(load).collect::<Vec<_>>());
}

async fn offers_made(world: &World, asked: &[ConversationId]) -> Vec<usize> {
    join_all(asked.iter().map(async |conversation| world.offers(*conversation).await.len())).await
}

#[actix_web::test]
async fn an_offer_that_came_too_late_is_left_out_and_the_others_are_made() {
    let mut world = World::with(Policy { capacity: 5, offers_at_once: 5, ..policy() }).await;
    world.agent("Ann").await;
    let mut asked = waiting(&world, 3).await;
    let vera = world.quiet_visitor().await;
    asked.insert(1, world.asks_quietly(&vera).await);
    let floor = world.floor().await;
    world.ends(&vera).await;
    let (decided, floor) = decided(&world, floor).await;
    assert!(!decided.moved && decided.unserved.is_empty());
    assert_eq!(offers_made(&world, &asked).await, [1, 0, 1, 1]);
    assert_eq!(world.state(asked[1]).await, ConversationState::Closed);
    // What was closed stands in the picture until the round that the closing called for.
    assert_eq!(floor.queue.len(), 4);
    assert_eq!(floor.agents[0].offers, 3);
    world.settle().await;
    is_as_read(&world, &world.floor().await).await;
}

#[actix_web::test]
async fn more_offers_than_one_write_makes_are_all_made_and_noted() {
    let mut world = World::with(Policy { capacity: 10, offers_at_once: 10, max_queue: 1_000, ..policy() }).await;
    for name in ["Ann", "Ben", "Cem", "Dea", "Eva", "Fay", "Gus"] {
        world.agent(name).await;
    }
    let asked = waiting(&world, 75).await;
    let (decided, floor) = decided(&world, world.floor().await).await;
    assert!(!decided.moved, "everything is noted");
    assert_eq!(offers_made(&world, &asked).await.iter().sum::<usize>(), 70);
    assert_eq!(decided.unserved.len(), 5);
    assert!(floor.agents.iter().all(|now| now.offers == 10 && now.counted == 10));
    is_as_read(&world, &floor).await;
}

#[actix_web::test]
async fn the_reasons_of_an_offer_to_all_stand_once() {
    let mut world = World::with(Policy { strategy: Strategy::Broadcast, ..policy() }).await;
    for name in ["Ann", "Ben", "Cem"] {
        world.agent(name).await;
    }
    let asked = waiting(&world, 1).await;
    let (_, floor) = decided(&world, world.floor().await).await;
    is_as_read(&world, &floor).await;
    let offers = world.offers(asked[0]).await;
    assert_eq!(offers.len(), 3);
    assert_eq!(offers.iter().filter(|offer| offer.reasons != "[]").count(), 1);
    assert_eq!(world.offered(asked[0]).await.len(), 3);
}

#[actix_web::test]
async fn a_round_does_not_call_for_another_because_of_its_own_offers() {
    let mut world = World::with(policy()).await;
    world.agent("Ann").await;
    let asked = waiting(&world, 2).await;
    world.app.dispatcher.wait().await;
    let wake_at = round(&world.app, world.tenant, &mut Told::default()).await.unwrap();
    assert_eq!(offers_made(&world, &asked).await, [1, 0]);
    assert_eq!(wake_at, world.row(asked[0]).await.offer_deadline_at);
    let again = tokio::time::timeout(std::time::Duration::ZERO, world.app.dispatcher.wait()).await;
    assert!(again.is_err(), "nothing else happened");
    let (floor, _) = read(&world.app, world.tenant).await.unwrap();
    is_as_read(&world, &floor).await;
}

/// Servers tell of what they read, in whichever order it arrives; agents keep what changed last.
#[actix_web::test]
async fn whatever_happens_to_a_conversation_makes_it_newer_whosever_clock_is_behind() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let vera = world.visitor().await;
    let asked = world.asks_quietly(&vera).await;
    // Written by a server whose clock is an hour ahead.
    let mut row = world.row(asked).await;
    row.updated_at += 3_600_000;
    let (tenant, ahead) = (world.tenant, row.updated_at);
    let save =
        world.app.store.write(tenant, move |tx| Box::pin(async move { conversation::save(tx, tenant, &row).await }));
    save.await.unwrap();
    let mut at = vec![ahead];
    world.settle().await;
    assert_eq!(world.offered(asked).await, [ann.agent()]);
    at.push(world.row(asked).await.updated_at);
    world.declines(&ann, asked).await;
    at.push(world.row(asked).await.updated_at);
    let ben = world.agent("Ben").await;
    assert_eq!(world.offered(asked).await, [ben.agent()]);
    at.push(world.row(asked).await.updated_at);
    world.accepts(&ben, asked).await;
    at.push(world.row(asked).await.updated_at);
    for (who, text) in [(&vera, "one"), (&ben, "two"), (&vera, "three")] {
        world.says(who, asked, text).await;
        at.push(world.row(asked).await.updated_at);
    }
    world.ends(&vera).await;
    at.push(world.row(asked).await.updated_at);
    assert!(world.now() < ahead, "its time has not come");
    assert!(at.windows(2).all(|pair| pair[0] < pair[1]), "{at:?}");
}
