//! Visitors who are gone: what is closed, what is not, and places that are kept meanwhile.

use domain::policy::{Policy, Strategy};
use protocol::command::{Pick, Transfer};
use protocol::entry::EntryBody;
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Presence};

use super::world::{HOUR, MINUTE, SECOND, Somebody, World, policy};
use crate::actions::Done;
use crate::actions::pick::pick_conversation;
use crate::actions::transfer::transfer_conversation;
use crate::error::{AppError, AppResult};
use crate::store::conversation;

async fn picks(world: &mut World, agent: &Somebody, conversation: ConversationId) -> AppResult<Done> {
    let done = pick_conversation(&world.app, &agent.who, Pick { conversation }).await;
    world.settle().await;
    done
}

fn is_wrong_state(result: &AppResult<Done>) -> bool {
    matches!(result, Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::WrongState)
}

/// A conversation that was closed because its visitor left.
async fn left_behind(world: &mut World, ann: &Somebody) -> (Somebody, ConversationId) {
    let (vera, conversation) = world.talking(ann).await;
    world.says(ann, conversation, "hello").await;
    world.leaves(&vera).await;
    world.pass(31 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Closed);
    (vera, conversation)
}

#[actix_web::test]
async fn who_is_back_and_writes_into_what_was_closed_is_not_put_out_again() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = left_behind(&mut world, &ann).await;
    world.comes(&vera).await;
    world.says(&vera, conversation, "still there?").await;
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    world.accepts(&ann, conversation).await;
    world.says(&ann, conversation, "yes").await;
    world.pass(2 * HOUR).await;
    assert_eq!(world.state(conversation).await, ConversationState::Active);
}

#[actix_web::test]
async fn a_message_without_a_connection_begins_anew_too() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = left_behind(&mut world, &ann).await;
    // By a form, as from the page without a script.
    world.says(&vera, conversation, "still there?").await;
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    world.accepts(&ann, conversation).await;
    world.says(&ann, conversation, "yes").await;
    world.pass(29 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Active);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Closed);
}

#[actix_web::test]
async fn what_an_agent_takes_up_again_stays_open_for_a_while_whoever_is_there() {
    let mut world = World::with(Policy { capacity: 3, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let (_, closed) = left_behind(&mut world, &ann).await;
    let (walt, offline) = world.asking().await;
    world.goes(&ann, Presence::Away).await;
    world.pass(21 * MINUTE).await;
    assert_eq!(world.state(offline).await, ConversationState::Offline);
    world.leaves(&walt).await;
    world.pass(12 * HOUR).await;
    world.goes(&ann, Presence::Online).await;
    for conversation in [closed, offline] {
        picks(&mut world, &ann, conversation).await.unwrap();
        assert_eq!(world.state(conversation).await, ConversationState::Active);
    }
    world.pass(29 * MINUTE).await;
    for conversation in [closed, offline] {
        assert_eq!(world.state(conversation).await, ConversationState::Active);
    }
    world.pass(2 * MINUTE).await;
    for conversation in [closed, offline] {
        assert_eq!(world.state(conversation).await, ConversationState::Closed);
    }
}

#[actix_web::test]
async fn who_is_here_is_not_put_out_by_what_is_stored() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.talking(&ann).await;
    world.says(&ann, conversation, "hello").await;
    // As when the write that says "back" failed.
    let (tenant, mut row) = (world.tenant, world.row(conversation).await);
    (row.visitor_left_at, row.assigned_at) = (Some(world.now() - HOUR), Some(world.now() - HOUR));
    let damage = world
        .app
        .store
        .write((tenant, conversation), move |tx| Box::pin(async move { conversation::save(tx, tenant, &row).await }));
    damage.await.unwrap();
    world.app.dispatcher.call(tenant);
    world.settle().await;
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.visitor_left_at), (ConversationState::Active, None));
}

#[actix_web::test]
async fn nobody_takes_a_kept_place_whose_visitor_is_away() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, held) = world.talking(&ann).await;
    world.says(&ann, held, "hello").await;
    let ben = world.agent("Ben").await;
    world.goes(&ben, Presence::Away).await;
    let (vera, conversation) = world.asking().await;
    world.keeps(&vera, conversation).await.unwrap();
    world.leaves(&vera).await;
    assert!(is_wrong_state(&picks(&mut world, &ben, conversation).await));
    let to_ben = Transfer { conversation, to: Some(ben.agent()), department: None, note: None };
    let supervisor = world.supervising(&ann);
    assert!(is_wrong_state(&transfer_conversation(&world.app, &supervisor.who, to_ben).await));
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.kept_at.is_some()), (ConversationState::Waiting, true));
    // While the visitor is there anybody may.
    world.comes(&vera).await;
    picks(&mut world, &ben, conversation).await.unwrap();
    assert_eq!(world.state(conversation).await, ConversationState::Active);
}

#[actix_web::test]
async fn an_offer_is_taken_back_when_the_visitor_keeps_the_place_and_goes() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.asking().await;
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    world.keeps(&vera, conversation).await.unwrap();
    world.leaves(&vera).await;
    world.pass(5 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Offered, "another page may be loading");
    world.pass(6 * SECOND).await;
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.kept_at.is_some()), (ConversationState::Waiting, true));
    assert!(row.call_deadline_at.is_some(), "Ann is free: it is the visitor's turn");
}

#[actix_web::test]
async fn where_agents_choose_no_place_is_kept_and_one_that_was_is_called() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, kept) = world.asking().await;
    let (walt, conversation) = world.asking().await;
    world.goes(&ann, Presence::Away).await;
    world.keeps(&vera, kept).await.unwrap();
    world.leaves(&vera).await;
    world.change(|plan| plan.overrides.strategy = Some(Strategy::Manual)).await;
    let called = |log: Vec<EntryBody>| log.iter().any(|entry| matches!(entry, EntryBody::Called(_)));
    assert!(!called(world.log(kept).await), "nobody is there");
    world.goes(&ann, Presence::Online).await;
    assert!(called(world.log(kept).await));
    assert!(is_wrong_state(&world.keeps(&walt, conversation).await));
    world.pass(SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
}

#[actix_web::test]
async fn only_the_time_with_the_last_agent_counts_for_the_estimate() {
    let mut world = World::with(Policy { agent_grace_ms: 45 * SECOND, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.talking(&ann).await;
    world.says(&ann, conversation, "hello").await;
    world.leaves(&ann).await;
    world.pass(MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    assert_eq!(world.row(conversation).await.assigned_at, None);
    world.pass(20 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Offline);
    world.comes(&ann).await;
    picks(&mut world, &ann, conversation).await.unwrap();
    world.says(&ann, conversation, "sorry").await;
    world.pass(3 * MINUTE).await;
    world.ends(&vera).await;
    let since = world.now() - HOUR;
    let mut conn = world.app.store.read(world.tenant).await.unwrap();
    let services = conversation::recent_services(&mut conn, world.tenant, world.department, since).await.unwrap();
    let [service] = services[..] else { panic!("{services:?}") };
    // The clock of the machine runs on as well.
    let about = |took: i64, expected: i64| (expected..expected + 30 * SECOND).contains(&took);
    assert!(about(service.took_ms(10 * MINUTE), 3 * MINUTE), "{service:?}");
    assert!(about(service.took_ms(MINUTE), MINUTE), "what is silent keeps no place: {service:?}");
}
