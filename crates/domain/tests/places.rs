//! Offers to several agents, transfers between departments, and places that visitors keep.

use domain::conversation::{Actor, Change, Command, Conversation, Names, OfferEnd, Receiver, Refusal, Written};
use domain::policy::Policy;
use protocol::entry::{EntryBody, QueuedReason, Text, Transferred};
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, DepartmentId, VisitorId};
use protocol::state::{Availability, ConversationState as State, Role};
use uuid::Uuid;

const VISITOR_ID: VisitorId = VisitorId(Uuid::from_u128(1));
const LI_ID: AgentId = AgentId(Uuid::from_u128(2));
const MAX_ID: AgentId = AgentId(Uuid::from_u128(3));
const EVA_ID: AgentId = AgentId(Uuid::from_u128(4));
const SALES: DepartmentId = DepartmentId(Uuid::from_u128(5));
const RETURNS: DepartmentId = DepartmentId(Uuid::from_u128(6));
const VISITOR: Actor = Actor::Visitor(VISITOR_ID);
const LI: Actor = Actor::Agent { id: LI_ID, role: Role::Agent };
const MAX: Actor = Actor::Agent { id: MAX_ID, role: Role::Agent };
/// A supervisor.
const EVA: Actor = Actor::Agent { id: EVA_ID, role: Role::Supervisor };
const SYSTEM: Actor = Actor::System;
const NOW: i64 = 1_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const ADDRESS: &str = "ann@example.com";

/// A conversation with its clock.
struct World {
    conversation: Conversation,
    policy: Policy,
    now: i64,
}

impl World {
    fn waiting() -> Self {
        let (conversation, changes) = Conversation::start(VISITOR_ID, SALES, None);
        let mut world = Self { conversation, policy: Policy::default(), now: NOW };
        world.apply(&changes);
        world
    }

    fn offered(to: &[AgentId]) -> Self {
        let mut world = Self::waiting();
        world.ok(&SYSTEM, &Command::Offer { to: to.to_vec(), deadline_at: NOW + 30_000 });
        world
    }

    fn active() -> Self {
        let mut world = Self::waiting();
        world.ok(&LI, &Command::Pick);
        world
    }

    fn kept() -> Self {
        let mut world = Self::waiting();
        world.ok(&VISITOR, &keep());
        world
    }

    /// Called after an hour; the place is held for ten minutes.
    fn called() -> Self {
        let mut world = Self::kept();
        world.now += HOUR;
        let deadline_at = world.now + 10 * MINUTE;
        world.ok(&SYSTEM, &Command::Call { deadline_at });
        world
    }

    fn apply(&mut self, changes: &[Change]) {
        changes.iter().for_each(|change| self.conversation.apply(change, self.now));
    }

    fn decide(&self, actor: &Actor, command: &Command) -> Result<Vec<Change>, Refusal> {
        self.conversation.decide(actor, command, &self.policy, self.now)
    }

    #[track_caller]
    fn ok(&mut self, actor: &Actor, command: &Command) -> Vec<Change> {
        let changes = self.decide(actor, command).expect("allowed");
        self.apply(&changes);
        changes
    }

    #[track_caller]
    fn refused(&self, actor: &Actor, command: &Command) -> Refusal {
        self.decide(actor, command).expect_err("refused")
    }
}

fn keep() -> Command {
    Command::KeepPlace { email: ADDRESS.into() }
}

fn ended(agent: AgentId, end: OfferEnd) -> Change {
    Change::OfferEnded { agent, end }
}

fn to_department(department: DepartmentId) -> Command {
    Command::Transfer { to: Receiver::Department(department) }
}

fn transferred(change: &Change, names: &Names) -> Transferred {
    match change.entry(names) {
        Some(EntryBody::Transferred(entry)) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_to_accept_an_offer_to_several_wins() {
    let mut world = World::offered(&[LI_ID, MAX_ID, EVA_ID, LI_ID]);
    assert_eq!(world.conversation.offered_to, [LI_ID, MAX_ID, EVA_ID]);
    let reply_deadline_at = Some(NOW + world.policy.first_reply_ms);
    let expected = [
        ended(LI_ID, OfferEnd::Withdrawn),
        ended(EVA_ID, OfferEnd::Withdrawn),
        Change::Assigned { agent: MAX_ID, reply_deadline_at },
    ];
    assert_eq!(world.ok(&MAX, &Command::Accept), expected);
    assert!(world.conversation.is_held_by(MAX_ID));
    assert_eq!(world.conversation.offered_to, []);
    for late in [&LI, &EVA] {
        assert_eq!(world.refused(late, &Command::Accept), Refusal::TakenBy(MAX_ID));
    }
}

#[test]
fn an_offer_to_several_stands_until_the_last_is_gone() {
    let mut world = World::offered(&[LI_ID, MAX_ID, EVA_ID]);
    assert_eq!(world.ok(&LI, &Command::Decline), [ended(LI_ID, OfferEnd::Declined)]);
    assert_eq!(world.refused(&LI, &Command::Decline), Refusal::OfferGone);
    assert_eq!(world.refused(&LI, &Command::Accept), Refusal::TakenBy(MAX_ID));
    let withdraw = |from| Command::WithdrawOffer { from };
    assert_eq!(world.ok(&SYSTEM, &withdraw(MAX_ID)), [ended(MAX_ID, OfferEnd::Withdrawn)]);
    assert_eq!(world.refused(&SYSTEM, &withdraw(MAX_ID)).code(), ErrorCode::WrongState);
    assert_eq!(world.conversation.state, State::Offered);
    world.now += 30_000;
    assert_eq!(world.ok(&SYSTEM, &Command::OfferLapsed), [ended(EVA_ID, OfferEnd::Missed)]);
    assert_eq!((world.conversation.state, world.conversation.offer_deadline_at), (State::Waiting, None));
    assert_eq!(world.conversation.waiting_since, Some(NOW));
}

#[test]
fn an_offer_that_lapses_was_missed_by_everybody_it_was_made_to() {
    let mut world = World::offered(&[LI_ID, MAX_ID]);
    world.now += 30_000;
    assert_eq!(world.refused(&LI, &Command::Accept), Refusal::OfferGone);
    let missed = [ended(LI_ID, OfferEnd::Missed), ended(MAX_ID, OfferEnd::Missed)];
    assert_eq!(world.ok(&SYSTEM, &Command::OfferLapsed), missed);
    assert_eq!(world.conversation.state, State::Waiting);
}

#[test]
fn an_offer_to_nobody_is_none() {
    let mut world = World::waiting();
    assert_eq!(world.ok(&SYSTEM, &Command::Offer { to: vec![], deadline_at: NOW + 1 }), []);
    assert_eq!(world.conversation.state, State::Waiting);
    world.apply(&[Change::Offered { to: vec![], deadline_at: NOW + 1 }]);
    assert_eq!(world.conversation.state, State::Waiting);
}

#[test]
fn a_department_gets_a_transfer_at_the_head_of_its_queue() {
    let mut world = World::active();
    world.now += HOUR;
    let changes = world.ok(&LI, &to_department(RETURNS));
    let names = Names { agent: None, department: Some("Returns".into()) };
    let entry = transferred(&changes[0], &names);
    assert_eq!((entry.from, entry.to, entry.name), (Some(LI_ID), None, None));
    assert_eq!((entry.department, entry.department_name.as_deref()), (Some(RETURNS), Some("Returns")));
    let conversation = &world.conversation;
    assert_eq!((conversation.state, conversation.department), (State::Waiting, RETURNS));
    assert!(conversation.at_head);
    assert_eq!((conversation.waiting_since, conversation.last_agent), (Some(NOW + HOUR), None));
    world.ok(&MAX, &Command::Pick);
    assert!(!world.conversation.at_head);
    assert_eq!(world.conversation.department, RETURNS);
}

#[test]
fn what_waits_is_moved_by_those_who_may_take_over() {
    let mut world = World::offered(&[LI_ID, MAX_ID]);
    assert_eq!(world.refused(&LI, &to_department(RETURNS)), Refusal::NotHolder);
    assert_eq!(world.ok(&EVA, &to_department(SALES)), []);
    let changes = world.ok(&EVA, &to_department(RETURNS));
    assert_eq!(changes.len(), 3);
    assert_eq!((world.conversation.state, world.conversation.department), (State::Waiting, RETURNS));
    let entry = transferred(&changes[2], &Names::default());
    assert_eq!((entry.from, entry.department_name.as_deref()), (None, Some("")));
}

#[test]
fn the_system_moves_on_what_a_removed_department_leaves_but_gives_nothing_to_agents() {
    for mut world in [World::waiting(), World::offered(&[LI_ID]), World::active()] {
        world.ok(&SYSTEM, &to_department(RETURNS));
        assert_eq!((world.conversation.state, world.conversation.department), (State::Waiting, RETURNS));
        let to_agent = Command::Transfer { to: Receiver::Agent(LI_ID) };
        assert_eq!(world.refused(&SYSTEM, &to_agent), Refusal::Forbidden);
    }
    let mut world = World::active();
    world.ok(&LI, &Command::Close);
    assert_eq!(world.refused(&SYSTEM, &to_department(RETURNS)).code(), ErrorCode::WrongState);
    assert_eq!(world.refused(&VISITOR, &to_department(RETURNS)), Refusal::Forbidden);
}

#[test]
fn whatever_an_agent_had_and_lost_goes_to_the_head() {
    for reason in QueuedReason::ALL {
        let mut world = World::active();
        world.now += HOUR;
        world.ok(&SYSTEM, &Command::Requeue { reason: *reason });
        assert!(world.conversation.at_head, "{reason}");
        assert_eq!(world.conversation.last_agent.is_some(), *reason == QueuedReason::AgentGone, "{reason}");
    }
    let mut world = World::waiting();
    assert!(!world.conversation.at_head);
    world.ok(&LI, &Command::Pick);
    world.ok(&LI, &Command::Transfer { to: Receiver::Queue });
    assert!(world.conversation.at_head);
    world.ok(&VISITOR, &Command::Close);
    assert!(!world.conversation.at_head);
    world.ok(&VISITOR, &Command::Reopen);
    assert!(!world.conversation.at_head);
}

#[test]
fn a_supervisor_releases_what_an_absent_agent_holds() {
    let mut world = World::active();
    for agent in [&LI, &MAX] {
        assert_eq!(world.refused(agent, &Command::Release), Refusal::Forbidden);
    }
    assert_eq!(world.refused(&VISITOR, &Command::Release), Refusal::Forbidden);
    world.ok(&EVA, &Command::Release);
    assert_eq!((world.conversation.state, world.conversation.at_head), (State::Waiting, true));
    assert_eq!(world.refused(&EVA, &Command::Release).code(), ErrorCode::WrongState);
}

#[test]
fn a_kept_place_has_no_longest_wait_and_outlives_the_connection() {
    let mut world = World::waiting();
    assert_eq!(world.refused(&LI, &keep()), Refusal::Forbidden);
    let changes = world.ok(&VISITOR, &keep());
    let Some(EntryBody::PlaceKept(entry)) = changes[0].entry(&Names::default()) else { panic!("{changes:?}") };
    assert_eq!(entry.email, ADDRESS);
    assert_eq!(world.conversation.kept_at, Some(NOW));
    assert_eq!(world.conversation.wake_at(&world.policy), None);
    world.now += 24 * HOUR;
    assert!(world.decide(&SYSTEM, &Command::WaitedTooLong).is_err());
    assert!(world.decide(&SYSTEM, &Command::Close).is_err());
    assert_eq!(world.conversation.queued_at, Some(NOW));
    // The visitor may still end it, or leave a message.
    assert!(world.decide(&VISITOR, &Command::Close).is_ok());
}

#[test]
fn a_place_is_kept_only_in_a_queue_that_allows_it() {
    let mut world = World::waiting();
    world.policy.keep_place = false;
    let refusal = world.refused(&VISITOR, &keep());
    assert_eq!((refusal, refusal.code()), (Refusal::PlaceNotKept, ErrorCode::Forbidden));
    let mut world = World::active();
    assert_eq!(world.refused(&VISITOR, &keep()).code(), ErrorCode::WrongState);
    world.ok(&VISITOR, &Command::Close);
    assert_eq!(world.refused(&VISITOR, &keep()).code(), ErrorCode::WrongState);
    assert!(World::offered(&[LI_ID]).decide(&VISITOR, &keep()).is_ok());
}

#[test]
fn who_is_called_and_comes_back_has_time_for_an_answer() {
    let mut world = World::called();
    let deadline_at = NOW + HOUR + 10 * MINUTE;
    assert_eq!(world.conversation.wake_at(&world.policy), Some(deadline_at));
    assert!(world.decide(&SYSTEM, &Command::Call { deadline_at }).is_err());
    assert!(world.decide(&SYSTEM, &Command::Offer { to: vec![LI_ID], deadline_at }).is_err());
    assert!(world.decide(&SYSTEM, &Command::WaitedTooLong).is_err());
    world.now += 9 * MINUTE;
    world.ok(&SYSTEM, &Command::CameBack);
    assert_eq!((world.conversation.kept_at, world.conversation.call_deadline_at), (None, None));
    let since = world.now - world.policy.max_wait_ms / 2;
    assert_eq!((world.conversation.waiting_since, world.conversation.queued_at), (Some(since), Some(NOW)));
    assert_eq!(world.ok(&SYSTEM, &Command::CameBack), []);
    assert!(world.decide(&SYSTEM, &Command::Offer { to: vec![LI_ID], deadline_at }).is_ok());

    let mut world = World::kept();
    world.now += MINUTE;
    world.ok(&SYSTEM, &Command::CameBack);
    assert_eq!(world.conversation.waiting_since, Some(NOW));
}

#[test]
fn who_is_called_and_stays_away_has_left_a_message_with_an_address() {
    let mut world = World::called();
    let lapsed = Command::CallLapsed { email: Some(ADDRESS.into()) };
    world.now += 10 * MINUTE - 1;
    assert!(world.decide(&SYSTEM, &lapsed).is_err());
    world.now += 1;
    let left = Change::LeftOffline { name: None, email: Some(ADDRESS.into()) };
    assert_eq!(world.ok(&SYSTEM, &lapsed), [left]);
    let conversation = &world.conversation;
    assert_eq!((conversation.state, conversation.kept_at), (State::Offline, None));
    assert_eq!(conversation.call_deadline_at, None);
    assert_eq!(conversation.wake_at(&world.policy), None);
    assert!(World::kept().decide(&SYSTEM, &lapsed).is_err());
}

#[test]
fn only_who_keeps_a_place_is_called() {
    let call = Command::Call { deadline_at: NOW + MINUTE };
    assert!(World::waiting().decide(&SYSTEM, &call).is_err());
    assert!(World::active().decide(&SYSTEM, &call).is_err());
    assert_eq!(World::kept().refused(&EVA, &call), Refusal::Forbidden);
    let changes = World::kept().ok(&SYSTEM, &call);
    let Some(EntryBody::Called(entry)) = changes[0].entry(&Names::default()) else { panic!("{changes:?}") };
    assert_eq!(entry.until, NOW + MINUTE);
}

#[test]
fn an_agent_who_takes_it_ends_the_waiting_whoever_is_away() {
    for mut world in [World::kept(), World::called()] {
        world.ok(&MAX, &Command::Pick);
        assert_eq!((world.conversation.kept_at, world.conversation.call_deadline_at), (None, None));
    }
    // Moved on to another department, the place is still kept.
    let mut world = World::kept();
    world.ok(&EVA, &to_department(RETURNS));
    assert_eq!(world.conversation.kept_at, Some(NOW));
    // Keeping it again puts off a call.
    let mut world = World::called();
    world.ok(&VISITOR, &keep());
    assert_eq!((world.conversation.kept_at, world.conversation.call_deadline_at), (Some(world.now), None));
}

#[test]
fn writing_does_not_give_up_a_kept_place() {
    let mut world = World::kept();
    let written = Written::Message(Text { text: "still interested".into() });
    world.ok(&VISITOR, &Command::Post { written, availability: Availability::Offline });
    assert_eq!((world.conversation.state, world.conversation.kept_at), (State::Waiting, Some(NOW)));
}
