use protocol::command::SetPresence;
use protocol::entry::{EntryBody, QueuedReason};
use protocol::state::{AwayReason, ConversationState, Pause, Presence};

use super::world::{HOUR, MINUTE, SECOND, World, policy};
use crate::actions::presence::{note_activity, set_presence};
use domain::policy::Policy;

/// The outcome of an offer that has one.
fn was(outcome: &str) -> Option<String> {
    Some(outcome.to_owned())
}

/// Why a conversation went back to the queue, each time.
fn returns(log: &[EntryBody]) -> Vec<QueuedReason> {
    let reason = |entry: &EntryBody| match entry {
        EntryBody::Queued(queued) => queued.reason,
        _ => None,
    };
    log.iter().filter_map(reason).collect()
}

#[actix_web::test]
async fn an_offer_stands_until_its_deadline_and_goes_to_the_next_agent() {
    let mut world = World::with(policy()).await;
    let (ann, ben) = (world.agent("Ann").await, world.agent("Ben").await);
    let (_, conversation) = world.asking().await;
    let first = world.offered(conversation).await;
    assert_eq!(first.len(), 1);
    world.pass(29 * SECOND).await;
    assert_eq!(world.offered(conversation).await, first);
    world.pass(2 * SECOND).await;
    let second = world.offered(conversation).await;
    assert_eq!(second.len(), 1);
    assert!(second != first && [ann.agent(), ben.agent()].contains(&second[0]));
    assert_eq!(world.outcomes(conversation).await, [was("missed"), None]);
    assert_eq!(world.offers(conversation).await[0].agent_id, first[0]);
}

#[actix_web::test]
async fn who_misses_offers_is_away_for_that_reason_until_online_again() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.asking().await;
    world.pass(31 * SECOND).await;
    let row = world.agent_row(&ann).await;
    assert_eq!((row.chosen_presence, row.missed_offers), (Presence::Online, 1));
    assert_eq!(world.state(conversation).await, ConversationState::Waiting, "not the same agent at once");
    world.pass(20 * SECOND).await;
    assert_eq!(world.offered(conversation).await, [ann.agent()], "forgotten, and there is nobody else");
    world.pass(31 * SECOND).await;
    let row = world.agent_row(&ann).await;
    assert_eq!((row.chosen_presence, row.away_reason), (Presence::Away, Some(AwayReason::MissedOffers)));
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(10 * MINUTE).await;
    assert_eq!(world.outcomes(conversation).await, [was("missed"), was("missed")], "nobody is asked");
    world.goes(&ann, Presence::Online).await;
    assert_eq!(world.agent_row(&ann).await.away_reason, None);
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
}

#[actix_web::test]
async fn an_offer_taken_in_between_makes_misses_count_anew() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.asking().await;
    world.pass(51 * SECOND).await;
    world.accepts(&ann, conversation).await;
    assert_eq!(world.agent_row(&ann).await.missed_offers, 0);
}

#[actix_web::test]
async fn no_reply_in_time_sends_it_back_to_the_head() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, first) = world.talking(&ann).await;
    world.goes(&ann, Presence::Away).await;
    world.agent("Ben").await;
    let (_, second) = world.asking().await;
    let (_, third) = world.asking().await;
    assert_eq!(world.state(second).await, ConversationState::Offered);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.state(first).await, ConversationState::Active);
    world.pass(MINUTE + SECOND).await;
    let row = world.row(first).await;
    assert!(row.at_head && row.agent_id.is_none(), "{row:?}");
    let floor = world.floor().await;
    assert_eq!([first, second, third].map(|id| floor.position(id)), [Some(1), Some(2), Some(3)]);
    assert_eq!(returns(&world.log(first).await), [QueuedReason::NoReply]);
    assert_eq!(world.offers(first).await[1].outcome, was("returned"), "it is not offered to the same agent next");
}

#[actix_web::test]
async fn typing_or_a_message_stops_the_clock_for_the_first_reply() {
    let mut world = World::with(policy()).await;
    let (ann, ben) = (world.agent("Ann").await, world.agent("Ben").await);
    let mut held = Vec::new();
    for _ in 0..2 {
        let (_, conversation) = world.asking().await;
        let to = world.offered(conversation).await;
        let agent = if to == [ann.agent()] { &ann } else { &ben };
        world.accepts(agent, conversation).await;
        held.push((agent.clone(), conversation));
    }
    world.pass(170 * SECOND).await;
    world.types(&held[0].0, held[0].1).await;
    world.says(&held[1].0, held[1].1, "good morning").await;
    world.pass(HOUR).await;
    for (agent, conversation) in held {
        let row = world.row(conversation).await;
        assert_eq!((row.state, row.agent_id), (ConversationState::Active, Some(agent.agent())));
    }
}

#[actix_web::test]
async fn a_silent_conversation_frees_its_place_and_takes_it_back_when_it_wakes() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (vera, first) = world.talking(&ann).await;
    world.says(&ann, first, "one moment").await;
    let (_, second) = world.asking().await;
    world.pass(9 * MINUTE).await;
    assert_eq!(world.state(second).await, ConversationState::Waiting);
    world.pass(MINUTE + 5 * SECOND).await;
    assert_eq!(world.offered(second).await, [ann.agent()]);
    world.accepts(&ann, second).await;
    world.says(&vera, first, "are you still there?").await;
    let (_, third) = world.asking().await;
    let floor = world.floor().await;
    let now = floor.agent(ann.agent()).unwrap();
    assert_eq!((now.counted, now.capacity), (2, 1), "above the limit, not below the truth");
    assert_eq!(world.state(third).await, ConversationState::Waiting);
    assert_eq!(world.row(first).await.agent_id, Some(ann.agent()), "nothing is taken away");
}

#[actix_web::test]
async fn an_agent_of_whom_nothing_is_heard_is_away_and_the_offer_is_taken_back() {
    let mut world = World::with(Policy { agent_idle_ms: 20 * SECOND, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.asking().await;
    world.pass(19 * SECOND).await;
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    world.pass(2 * SECOND).await;
    let row = world.agent_row(&ann).await;
    assert_eq!((row.chosen_presence, row.away_reason), (Presence::Away, Some(AwayReason::Idle)));
    assert_eq!(world.outcomes(conversation).await, [was("withdrawn")]);
    note_activity(&world.app, &ann.who).await.unwrap();
    world.settle().await;
    assert_eq!(world.agent_row(&ann).await.chosen_presence, Presence::Online);
    assert_eq!(world.offered(conversation).await, [ann.agent()], "an offer that was taken back is no refusal");
}

#[actix_web::test]
async fn a_pause_is_no_silence() {
    let mut world = World::with(Policy { agent_idle_ms: 20 * SECOND, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let lunch = SetPresence { presence: Presence::Away, pause: Some(Pause::Lunch) };
    set_presence(&world.app, &ann.who, lunch).await.unwrap();
    world.settle().await;
    world.pass(HOUR).await;
    note_activity(&world.app, &ann.who).await.unwrap();
    world.settle().await;
    let row = world.agent_row(&ann).await;
    assert_eq!((row.chosen_presence, row.away_reason, row.pause), (Presence::Away, None, Some(Pause::Lunch)));
}

#[actix_web::test]
async fn what_an_absent_agent_held_goes_back_to_the_head_after_the_grace() {
    let mut world = World::with(Policy { capacity: 2, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let (_, first) = world.talking(&ann).await;
    world.says(&ann, first, "hello").await;
    let (_, offered) = world.asking().await;
    world.leaves(&ann).await;
    world.pass(29 * SECOND).await;
    assert_eq!(world.offered(offered).await, [ann.agent()], "a broken line may come back");
    world.pass(15 * SECOND).await;
    assert_eq!(world.state(first).await, ConversationState::Active);
    world.pass(2 * SECOND).await;
    let row = world.row(first).await;
    assert_eq!((row.state, row.at_head), (ConversationState::Waiting, true));
    assert_eq!(returns(&world.log(first).await), [QueuedReason::AgentGone]);
    let floor = world.floor().await;
    assert_eq!([first, offered].map(|id| floor.position(id)), [Some(1), Some(2)]);
    world.comes(&ann).await;
    assert_eq!(world.offered(first).await, [ann.agent()], "who lost it is the one to go on");
}

#[actix_web::test]
async fn a_line_that_is_back_within_the_grace_loses_nothing() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.talking(&ann).await;
    world.says(&ann, conversation, "hello").await;
    for _ in 0..3 {
        world.leaves(&ann).await;
        world.pass(40 * SECOND).await;
        world.comes(&ann).await;
        world.pass(MINUTE).await;
    }
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.agent_id), (ConversationState::Active, Some(ann.agent())));
    assert_eq!(returns(&world.log(conversation).await), []);
}

#[actix_web::test]
async fn a_rejection_is_forgotten_only_when_nobody_else_can_take_it() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let (_, conversation) = world.asking().await;
    world.declines(&ann, conversation).await;
    world.pass(19 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(2 * SECOND).await;
    assert_eq!(world.offered(conversation).await, [ann.agent()]);
    world.declines(&ann, conversation).await;
    let ben = world.agent("Ben").await;
    assert_eq!(world.offered(conversation).await, [ben.agent()], "who was not asked yet goes first");
    world.pass(25 * SECOND).await;
    world.declines(&ben, conversation).await;
    assert_eq!(world.offered(conversation).await, [ann.agent()], "all have been asked");
}

#[actix_web::test]
async fn who_waits_is_told_when_there_are_more_or_fewer_agents() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let ben = world.agent("Ben").await;
    for agent in [&ann, &ben] {
        let (_, held) = world.talking(agent).await;
        world.says(agent, held, "hello").await;
    }
    let (vera, conversation) = world.asking().await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.heard_of(&vera);
    world.goes(&ben, Presence::Away).await;
    assert_eq!(world.heard_of(&vera), 1, "with half the agents the wait is longer");
    world.goes(&ben, Presence::Online).await;
    assert_eq!(world.heard_of(&vera), 1);
    world.app.dispatcher.call(world.tenant);
    world.settle().await;
    assert_eq!(world.heard_of(&vera), 0, "nothing has changed");
}
