use protocol::entry::EntryBody;
use protocol::state::{ConversationState, Presence};

use super::world::{HOUR, MINUTE, SECOND, World, policy};

#[actix_web::test]
async fn an_offer_lapses_at_its_deadline_though_the_process_is_another() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.asking().await;
    let deadline = world.row(conversation).await.offer_deadline_at.unwrap();
    world.pass(10 * SECOND).await;
    world.restart(SECOND).await;
    for somebody in [&ann, &vera] {
        world.comes(somebody).await;
    }
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    assert_eq!(world.row(conversation).await.offer_deadline_at, Some(deadline));
    world.pass(deadline - world.now() + SECOND).await;
    assert_eq!(world.outcomes(conversation).await, [Some("missed".to_owned())]);
}

#[actix_web::test]
async fn a_reply_is_due_when_it_was() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.talking(&ann).await;
    world.pass(100 * SECOND).await;
    world.restart(5 * SECOND).await;
    for somebody in [&ann, &vera] {
        world.comes(somebody).await;
    }
    world.pass(70 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Active);
    world.pass(10 * SECOND).await;
    assert!(world.row(conversation).await.at_head, "three minutes are over");
}

#[actix_web::test]
async fn what_ran_out_while_nobody_served_is_done_at_once() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, waiting) = world.asking().await;
    world.goes(&ann, Presence::Away).await;
    world.restart(HOUR).await;
    assert_eq!(world.state(waiting).await, ConversationState::Offline);
    let log = world.log(waiting).await;
    assert!(matches!(log.last(), Some(EntryBody::LeftOffline(_))), "{log:?}");
}

#[actix_web::test]
async fn who_is_not_back_after_the_restart_counts_as_gone_from_then() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.talking(&ann).await;
    world.says(&ann, conversation, "hello").await;
    world.restart(10 * MINUTE).await;
    world.comes(&vera).await;
    assert_eq!(world.state(conversation).await, ConversationState::Active, "the line has just broken");
    world.pass(44 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Active);
    world.pass(2 * SECOND).await;
    assert!(world.row(conversation).await.at_head);
}

#[actix_web::test]
async fn who_missed_offers_is_away_after_the_restart_and_agents_come_back_as_they_were() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, conversation) = world.asking().await;
    world.pass(2 * MINUTE).await;
    assert_eq!(world.agent_row(&ann).await.chosen_presence, Presence::Away);
    let ben = world.agent("Ben").await;
    world.restart(SECOND).await;
    for somebody in [&ann, &ben, &vera] {
        world.comes(somebody).await;
    }
    let floor = world.floor().await;
    let presence = |id| floor.agent(id).unwrap().presence;
    assert_eq!([presence(ann.agent()), presence(ben.agent())], [Presence::Away, Presence::Online]);
    assert_eq!(world.offered(conversation).await, [ben.agent()]);
}
