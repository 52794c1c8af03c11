use domain::department::Overflow;
use domain::hours::{Block, Day, Hours};
use domain::policy::Policy;
use protocol::entry::EntryBody;
use protocol::ids::ConversationId;
use protocol::state::{Availability, ConversationState, Presence};

use super::world::{HOUR, MINUTE, SECOND, Somebody, World, policy};
use crate::actions::departments::Plan;

fn called(log: &[EntryBody]) -> usize {
    log.iter().filter(|entry| matches!(entry, EntryBody::Called(_))).count()
}

/// Somebody who waits because the only agent went for lunch.
async fn unserved(world: &mut World) -> (Somebody, Somebody, ConversationId) {
    let ann = world.agent("Ann").await;
    let (visitor, conversation) = world.asking().await;
    world.goes(&ann, Presence::Away).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    (ann, visitor, conversation)
}

#[actix_web::test]
async fn the_longest_wait_ends_with_the_offline_form_and_the_thread_is_kept() {
    let mut world = World::with(policy()).await;
    let (_, vera, conversation) = unserved(&mut world).await;
    let before = world.log(conversation).await;
    world.pass(20 * MINUTE - 10 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(20 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Offline);
    let log = world.log(conversation).await;
    assert_eq!(log[..before.len()], before);
    assert!(matches!(log[before.len()..], [EntryBody::LeftOffline(_)]), "{log:?}");
    world.says(&vera, conversation, "then by mail, please").await;
    assert_eq!(world.log(conversation).await.len(), before.len() + 2, "it goes on in the same thread");
}

#[actix_web::test]
async fn a_department_has_its_own_longest_wait() {
    let mut world = World::with(policy()).await;
    world.change(|plan| plan.overrides.max_wait_ms = Some(2 * MINUTE)).await;
    let (_, _, conversation) = unserved(&mut world).await;
    world.pass(MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(MINUTE + SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Offline);
}

#[actix_web::test]
async fn what_a_visitor_left_behind_is_closed_unless_the_visitor_is_back() {
    let mut world = World::with(Policy { capacity: 2, ..policy() }).await;
    let ann = world.agent("Ann").await;
    let (vera, left) = world.talking(&ann).await;
    world.says(&ann, left, "hello").await;
    let (walt, resumed) = world.talking(&ann).await;
    world.says(&ann, resumed, "hello").await;
    world.leaves(&vera).await;
    world.leaves(&walt).await;
    world.pass(29 * MINUTE).await;
    assert_eq!(world.state(left).await, ConversationState::Active);
    world.comes(&walt).await;
    world.pass(2 * MINUTE).await;
    let row = world.row(left).await;
    assert_eq!((row.state, row.closed_by.as_deref()), (ConversationState::Closed, Some("visitor_gone")));
    assert_eq!(world.state(resumed).await, ConversationState::Active);
    world.pass(HOUR).await;
    assert_eq!(world.state(resumed).await, ConversationState::Active);
}

#[actix_web::test]
async fn another_department_helps_after_the_wait_and_not_before() {
    let mut world = World::with(policy()).await;
    let ann = world.agent("Ann").await;
    let ben = world.agent("Ben").await;
    let to = world.department(Plan { members: vec![(ben.agent(), 0)], ..Plan::new("Sales") }).await;
    world
        .change(|plan| {
            plan.members.retain(|(agent, _)| *agent != ben.agent());
            plan.overflow = Some(Overflow { to, after_ms: MINUTE });
        })
        .await;
    let (_, held) = world.talking(&ann).await;
    world.says(&ann, held, "hello").await;
    let (_, conversation) = world.asking().await;
    world.pass(59 * SECOND).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(2 * SECOND).await;
    assert_eq!(world.offered(conversation).await, [ben.agent()]);
    assert_eq!(world.row(conversation).await.department_id, world.department, "helping is not moving");
}

#[actix_web::test]
async fn doors_open_and_close_on_the_minute() {
    let mut world = World::with(policy()).await;
    world.agent("Ann").await;
    let hours = Hours {
        time_zone: "UTC".to_owned(),
        week: vec![Block { day: Day::Mon, from: 9 * 60, to: 17 * 60 }],
        holidays: vec![],
    };
    world.change(|plan| plan.hours = Some(hours)).await;
    let opens_at = |floor: &crate::actions::floor::Floor, id| floor.department(id).unwrap().opens_at(floor.at);
    let first = world.department;
    assert_eq!(world.availability(first).await, Availability::Offline);
    let at = opens_at(&world.floor().await, first).expect("a time");
    assert!((at - world.now() - HOUR).abs() < MINUTE, "nine o'clock");
    assert_eq!(world.wake_at, Some(at), "everybody is told then");
    world.pass(HOUR).await;
    assert_eq!(world.availability(first).await, Availability::Online);
    assert_eq!(opens_at(&world.floor().await, first), None);
    world.pass(8 * HOUR - MINUTE).await;
    assert_eq!(world.availability(first).await, Availability::Online);
    let closes = world.wake_at.expect("a time");
    assert!(closes - world.now() <= MINUTE);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.availability(first).await, Availability::Offline);
    let at = opens_at(&world.floor().await, first).expect("a time");
    assert!(at - world.now() > 6 * 24 * HOUR, "next Monday");
}

#[actix_web::test]
async fn a_kept_place_is_neither_waited_out_nor_closed() {
    let mut world = World::with(policy()).await;
    let (ann, vera, conversation) = unserved(&mut world).await;
    world.keeps(&vera, conversation).await.unwrap();
    world.leaves(&vera).await;
    world.pass(20 * HOUR).await;
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.kept_at.is_some()), (ConversationState::Waiting, true));
    assert_eq!(world.floor().await.position(conversation), Some(1));
    assert_eq!(called(&world.log(conversation).await), 0);
    world.goes(&ann, Presence::Online).await;
    assert_eq!(called(&world.log(conversation).await), 1);
    assert_eq!(world.offered(conversation).await, [], "nobody is asked while nobody is there");
}

#[actix_web::test]
async fn who_is_called_and_does_not_come_has_left_a_message() {
    let mut world = World::with(policy()).await;
    let (ann, vera, conversation) = unserved(&mut world).await;
    world.keeps(&vera, conversation).await.unwrap();
    world.leaves(&vera).await;
    world.goes(&ann, Presence::Online).await;
    let until = world.row(conversation).await.call_deadline_at.expect("a call");
    assert!((until - world.now() - 10 * MINUTE).abs() < SECOND);
    world.pass(9 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting);
    world.pass(MINUTE + SECOND).await;
    let row = world.row(conversation).await;
    assert_eq!((row.state, row.offline_email.as_deref()), (ConversationState::Offline, Some("vera@home.example")));
    assert_eq!(called(&world.log(conversation).await), 1);
}

#[actix_web::test]
async fn who_comes_when_called_is_served_and_one_who_is_not_waits_again() {
    let mut world = World::with(policy()).await;
    let (ann, vera, conversation) = unserved(&mut world).await;
    world.keeps(&vera, conversation).await.unwrap();
    world.leaves(&vera).await;
    world.pass(2 * HOUR).await;
    world.goes(&ann, Presence::Online).await;
    world.pass(9 * MINUTE).await;
    world.comes(&vera).await;
    let row = world.row(conversation).await;
    assert_eq!((row.offered(), row.kept_at, row.call_deadline_at), (vec![ann.agent()], None, None));
    world.goes(&ann, Presence::Away).await;
    world.pass(9 * MINUTE).await;
    assert_eq!(world.state(conversation).await, ConversationState::Waiting, "half of the longest wait is left");
}

#[actix_web::test]
async fn a_called_visitor_holds_nobody_up_and_no_more_are_called_than_can_be_served() {
    let mut world = World::with(policy()).await;
    let (ann, vera, first) = unserved(&mut world).await;
    let walt = world.quiet_visitor().await;
    world.goes(&ann, Presence::Online).await;
    let second = world.asks_quietly(&walt).await;
    world.settle().await;
    world.goes(&ann, Presence::Away).await;
    world.keeps(&vera, first).await.unwrap();
    world.leaves(&vera).await;
    world.keeps(&walt, second).await.unwrap();
    world.leaves(&walt).await;
    world.goes(&ann, Presence::Online).await;
    assert_eq!((called(&world.log(first).await), called(&world.log(second).await)), (1, 0));
    let (_, third) = world.asking().await;
    assert_eq!(world.offered(third).await, [ann.agent()], "who is there is served meanwhile");
    world.accepts(&ann, third).await;
    world.says(&ann, third, "hello").await;
    world.pass(9 * MINUTE).await;
    assert_eq!(called(&world.log(second).await), 0);
    world.comes(&vera).await;
    let row = world.row(first).await;
    assert_eq!((row.state, row.kept_at), (ConversationState::Waiting, None), "back, and next");
    assert_eq!(world.floor().await.position(first), Some(1));
}
