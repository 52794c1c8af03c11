//! The rules of a conversation, one by one. Its invariants over any history are in `history.rs`.

use domain::conversation::{Actor, Change, Command, Conversation, Names, OfferEnd, Receiver, Refusal, Written};
use domain::policy::Policy;
use protocol::entry::{ClosedBy, EntryBody, QueuedReason, Text};
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, DepartmentId, VisitorId};
use protocol::state::{Availability, ConversationState as State, Role};
use uuid::Uuid;

const VISITOR_ID: VisitorId = VisitorId(Uuid::from_u128(1));
const LI_ID: AgentId = AgentId(Uuid::from_u128(2));
const MAX_ID: AgentId = AgentId(Uuid::from_u128(3));
const EVA_ID: AgentId = AgentId(Uuid::from_u128(4));
const SALES: DepartmentId = DepartmentId(Uuid::from_u128(5));
const VISITOR: Actor = Actor::Visitor(VISITOR_ID);
const STRANGER: Actor = Actor::Visitor(VisitorId(Uuid::from_u128(9)));
const LI: Actor = by(LI_ID, Role::Agent);
const MAX: Actor = by(MAX_ID, Role::Agent);
/// A supervisor.
const EVA: Actor = by(EVA_ID, Role::Supervisor);
const SYSTEM: Actor = Actor::System;
const NOW: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

const fn by(id: AgentId, role: Role) -> Actor {
    Actor::Agent { id, role }
}

fn text(text: &str) -> Written {
    Written::Message(Text { text: text.into() })
}

fn note() -> Written {
    Written::Note(Text { text: "careful".into() })
}

fn post(written: Written) -> Command {
    Command::Post { written, availability: Availability::Online }
}

fn says(words: &str) -> Command {
    post(text(words))
}

fn says_to_nobody(words: &str) -> Command {
    Command::Post { written: text(words), availability: Availability::Offline }
}

/// A conversation with its log and clock.
struct World {
    conversation: Conversation,
    kinds: Vec<&'static str>,
    now: i64,
}

impl World {
    fn waiting() -> Self {
        let (conversation, changes) = Conversation::start(VISITOR_ID, SALES, Some(text("hello")));
        Self::with(conversation, &changes)
    }

    fn offline() -> Self {
        let name = Some("Ann".to_owned());
        let (conversation, changes) = Conversation::leave_message(VISITOR_ID, SALES, name, None, text("call me"));
        Self::with(conversation, &changes)
    }

    fn active() -> Self {
        let mut world = Self::waiting();
        world.ok(&LI, &Command::Pick);
        world
    }

    fn closed() -> Self {
        let mut world = Self::active();
        world.ok(&LI, &Command::Close);
        world
    }

    fn offered() -> Self {
        let mut world = Self::waiting();
        let deadline_at = NOW + 30_000;
        world.ok(&SYSTEM, &Command::Offer { to: vec![LI_ID], deadline_at });
        world
    }

    fn with(conversation: Conversation, changes: &[Change]) -> Self {
        let mut world = Self { conversation, kinds: vec![], now: NOW };
        world.apply(changes);
        world
    }

    fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.conversation.apply(change, self.now);
            let entry = change.entry(&Names::default());
            self.kinds.extend(entry.as_ref().map(domain::entry::kind_of));
        }
    }

    fn decide(&self, actor: &Actor, command: &Command) -> Result<Vec<Change>, Refusal> {
        self.conversation.decide(actor, command, &Policy::default(), self.now)
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

#[test]
fn a_conversation_from_start_to_rating() {
    let mut world = World::offered();
    world.ok(&VISITOR, &says("still there"));
    world.ok(&LI, &Command::Accept);
    assert_eq!(world.conversation.state, State::Active);
    assert_eq!(world.conversation.reply_deadline_at, Some(NOW + 180_000));
    world.now += 5_000;
    world.ok(&LI, &says("hello, how can I help?"));
    assert_eq!(world.conversation.first_reply_at, Some(NOW + 5_000));
    assert_eq!(world.conversation.reply_deadline_at, None);
    world.ok(&LI, &says("?"));
    world.ok(&VISITOR, &Command::Close);
    world.ok(&VISITOR, &Command::Rate { score: 5, comment: None });
    assert_eq!(world.conversation.rating, Some(5));
    let expected = ["queued", "message", "message", "assigned", "message", "message", "closed", "rated"];
    assert_eq!(world.kinds, expected);
}

#[test]
fn an_offer_is_accepted_by_its_agent_before_the_deadline_only() {
    let mut world = World::offered();
    assert_eq!(world.refused(&MAX, &Command::Accept), Refusal::TakenBy(LI_ID));
    assert_eq!(world.refused(&MAX, &Command::Decline), Refusal::OfferGone);
    world.now = NOW + 29_999;
    assert!(world.decide(&LI, &Command::Accept).is_ok());
    world.now = NOW + 30_000;
    let refusal = world.refused(&LI, &Command::Accept);
    assert_eq!((refusal, refusal.code()), (Refusal::OfferGone, ErrorCode::Conflict));
    let missed = Change::OfferEnded { agent: LI_ID, end: OfferEnd::Missed };
    assert_eq!(world.ok(&SYSTEM, &Command::OfferLapsed), [missed]);
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.refused(&LI, &Command::Accept), Refusal::OfferGone);
}

#[test]
fn an_offer_does_not_lapse_early_and_keeps_the_place_in_the_queue() {
    let mut world = World::offered();
    world.now += 29_999;
    assert_eq!(world.refused(&SYSTEM, &Command::OfferLapsed), Refusal::WrongState(State::Offered));
    let declined = Change::OfferEnded { agent: LI_ID, end: OfferEnd::Declined };
    assert_eq!(world.ok(&LI, &Command::Decline), [declined]);
    assert_eq!(world.conversation.queued_at, Some(NOW));
    assert_eq!(world.conversation.waiting_since, Some(NOW));
    assert_eq!(world.kinds, ["queued", "message"]);
}

#[test]
fn accepting_twice_is_harmless_and_a_late_accept_names_the_winner() {
    let mut world = World::offered();
    world.ok(&LI, &Command::Accept);
    assert_eq!(world.ok(&LI, &Command::Accept), []);
    assert_eq!(world.refused(&MAX, &Command::Accept), Refusal::TakenBy(LI_ID));
    assert_eq!(World::closed().refused(&LI, &Command::Accept), Refusal::Closed);
}

#[test]
fn picking() {
    let mut world = World::waiting();
    world.ok(&LI, &Command::Pick);
    assert!(world.conversation.is_held_by(LI_ID));
    assert_eq!(world.ok(&LI, &Command::Pick), []);
    let refusal = world.refused(&MAX, &Command::Pick);
    assert_eq!((refusal, refusal.code()), (Refusal::TakenBy(LI_ID), ErrorCode::Conflict));

    let world = World::offered();
    assert_eq!(world.refused(&MAX, &Command::Pick), Refusal::TakenBy(LI_ID));
    assert!(world.decide(&LI, &Command::Pick).is_ok());

    let mut world = World::offline();
    world.ok(&MAX, &Command::Pick);
    assert!(world.conversation.is_held_by(MAX_ID));
    assert_eq!(world.conversation.reply_deadline_at, None);

    let mut world = World::closed();
    world.ok(&MAX, &Command::Pick);
    assert!(world.conversation.is_held_by(MAX_ID));
    assert!(world.kinds.ends_with(&["closed", "reopened", "assigned"]));
}

#[test]
fn a_supervisor_takes_over() {
    let mut world = World::active();
    let changes = world.ok(&EVA, &Command::Pick);
    let entry = changes[0].entry(&Names { agent: Some("Eva".into()), department: None });
    let Some(EntryBody::Transferred(transferred)) = entry else {
        panic!("{entry:?}");
    };
    assert_eq!(transferred.from, Some(LI_ID));
    assert_eq!(transferred.to, Some(EVA_ID));
    assert_eq!(transferred.name.as_deref(), Some("Eva"));
    assert!(world.conversation.is_held_by(EVA_ID));

    let mut world = World::offered();
    world.ok(&EVA, &Command::Pick);
    assert!(world.conversation.is_held_by(EVA_ID));
    assert_eq!(world.conversation.offered_to, []);
}

#[test]
fn who_may_write() {
    let world = World::active();
    assert!(world.decide(&LI, &says("a")).is_ok());
    assert!(world.decide(&EVA, &says("a")).is_ok());
    assert_eq!(world.refused(&MAX, &says("a")).code(), ErrorCode::Forbidden);
    assert_eq!(world.refused(&STRANGER, &says("a")).code(), ErrorCode::NotFound);
    assert_eq!(world.refused(&VISITOR, &post(note())).code(), ErrorCode::Forbidden);
    assert_eq!(world.refused(&SYSTEM, &says("a")).code(), ErrorCode::Forbidden);
    for world in [World::waiting(), World::offered()] {
        assert_eq!(world.refused(&LI, &says("a")).code(), ErrorCode::WrongState);
        assert!(world.decide(&VISITOR, &says("a")).is_ok());
    }
    assert_eq!(World::closed().refused(&LI, &says("a")), Refusal::Closed);
}

#[test]
fn notes_are_for_every_agent_in_every_state_and_are_no_reply() {
    for mut world in [World::waiting(), World::offered(), World::active(), World::closed(), World::offline()] {
        let before = world.conversation.clone();
        world.ok(&MAX, &post(note()));
        assert_eq!(world.conversation, before);
    }
    let mut world = World::active();
    world.ok(&LI, &post(note()));
    assert_eq!(world.conversation.reply_deadline_at, Some(NOW + 180_000));
}

#[test]
fn a_supervisor_who_writes_into_a_colleagues_conversation_does_not_stop_the_clock() {
    let mut world = World::active();
    world.ok(&EVA, &says("one moment"));
    assert_eq!(world.conversation.first_reply_at, None);
    assert!(world.conversation.is_held_by(LI_ID));
    assert!(world.conversation.reply_deadline_at.is_some());
}

#[test]
fn no_first_reply_sends_it_back_to_the_queue() {
    let mut world = World::active();
    let no_reply = Command::Requeue { reason: QueuedReason::NoReply };
    world.now += 179_999;
    assert!(world.decide(&SYSTEM, &no_reply).is_err());
    world.now += 1;
    world.ok(&SYSTEM, &no_reply);
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.conversation.last_agent, None);

    let mut world = World::active();
    world.ok(&LI, &Command::StartReply);
    world.now += DAY;
    assert!(world.decide(&SYSTEM, &no_reply).is_err());
    assert_eq!(world.conversation.first_reply_at, None);
    world.ok(&LI, &says("sorry"));
    assert_eq!(world.conversation.first_reply_at, Some(NOW + DAY));
}

#[test]
fn an_agent_who_is_gone_loses_it_to_the_head_of_the_queue() {
    let mut world = World::active();
    world.now += 60_000;
    let gone = Command::Requeue { reason: QueuedReason::AgentGone };
    world.ok(&SYSTEM, &gone);
    assert_eq!(world.conversation.queued_at, Some(NOW));
    assert_eq!(world.conversation.waiting_since, Some(NOW + 60_000));
    assert_eq!(world.conversation.last_agent, Some(LI_ID));
    assert_eq!(world.conversation.agent, None);
    assert!(world.conversation.at_head);
    assert!(world.decide(&SYSTEM, &gone).is_err());
    assert_eq!(world.refused(&LI, &gone).code(), ErrorCode::Forbidden);
}

#[test]
fn transfers() {
    let to_max = Command::Transfer { to: Receiver::Agent(MAX_ID) };
    let to_queue = Command::Transfer { to: Receiver::Queue };
    let mut world = World::active();
    assert_eq!(world.refused(&MAX, &to_max), Refusal::NotHolder);
    assert_eq!(world.ok(&LI, &Command::Transfer { to: Receiver::Agent(LI_ID) }), []);
    world.ok(&LI, &to_max);
    assert!(world.conversation.is_held_by(MAX_ID));
    assert_eq!(world.refused(&LI, &says("a")).code(), ErrorCode::Forbidden);
    world.ok(&EVA, &to_queue);
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.conversation.last_agent, None);
    assert_eq!(world.refused(&LI, &to_max), Refusal::NotHolder);
    world.ok(&EVA, &to_max);
    assert!(world.conversation.is_held_by(MAX_ID));
    assert_eq!(World::closed().refused(&LI, &to_max), Refusal::Closed);
    assert_eq!(World::offline().refused(&EVA, &to_max).code(), ErrorCode::WrongState);
    assert_eq!(World::waiting().refused(&EVA, &to_queue).code(), ErrorCode::WrongState);
}

#[test]
fn giving_it_back_is_for_the_holder() {
    let mut world = World::active();
    let back = Command::Requeue { reason: QueuedReason::Returned };
    assert_eq!(world.refused(&MAX, &back), Refusal::NotHolder);
    world.ok(&LI, &back);
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.conversation.last_agent, None);
    assert_eq!(world.refused(&LI, &back).code(), ErrorCode::WrongState);
}

#[test]
fn closing() {
    for (actor, closed_by) in [(VISITOR, ClosedBy::Visitor), (LI, ClosedBy::Agent), (SYSTEM, ClosedBy::VisitorGone)] {
        let mut world = World::active();
        assert_eq!(world.ok(&actor, &Command::Close), [Change::Closed { by: closed_by }]);
        assert_eq!(world.conversation.closed_at, Some(NOW));
        assert_eq!(world.ok(&actor, &Command::Close), []);
    }
    assert_eq!(World::active().refused(&MAX, &Command::Close), Refusal::NotHolder);
    assert_eq!(World::waiting().refused(&MAX, &Command::Close), Refusal::NotHolder);
    assert!(World::waiting().decide(&EVA, &Command::Close).is_ok());
    assert!(World::offline().decide(&MAX, &Command::Close).is_ok());
    let mut world = World::offered();
    world.ok(&VISITOR, &Command::Close);
    assert_eq!(world.conversation.offered_to, []);
    assert_eq!(world.refused(&LI, &Command::Accept), Refusal::Closed);
}

#[test]
fn a_closed_conversation_reopens_within_the_window_with_the_same_agent_in_mind() {
    let mut world = World::closed();
    world.now += DAY - 1;
    world.ok(&VISITOR, &says("one more thing"));
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.conversation.last_agent, Some(LI_ID));
    assert_eq!(world.conversation.queued_at, Some(NOW + DAY - 1));
    assert!(world.kinds.ends_with(&["closed", "reopened", "message"]));

    let mut world = World::closed();
    world.now += DAY;
    let refusal = world.refused(&VISITOR, &says("hello again"));
    assert_eq!((refusal, refusal.code()), (Refusal::StartNew, ErrorCode::ConversationClosed));
    assert_eq!(world.refused(&VISITOR, &Command::Reopen), Refusal::StartNew);
    world.ok(&LI, &Command::Reopen);
    assert!(world.conversation.is_held_by(LI_ID));
}

#[test]
fn a_closed_conversation_reopens_as_offline_when_nobody_is_there() {
    let mut world = World::closed();
    world.ok(&VISITOR, &says_to_nobody("hello?"));
    assert_eq!(world.conversation.state, State::Offline);
    assert_eq!(world.conversation.last_agent, Some(LI_ID));
    assert_eq!(world.conversation.closed_at, None);
}

#[test]
fn an_offline_message_is_answered_without_a_queue_until_the_visitor_returns() {
    let mut world = World::offline();
    world.ok(&VISITOR, &says_to_nobody("and another thing"));
    assert_eq!(world.conversation.state, State::Offline);
    world.ok(&LI, &says("we are back tomorrow"));
    world.ok(&LI, &says("at nine"));
    assert_eq!(world.conversation.state, State::Offline);
    assert_eq!(world.conversation.agent, Some(LI_ID));
    assert_eq!(world.conversation.first_reply_at, Some(NOW));
    world.ok(&VISITOR, &says("good"));
    assert_eq!(world.conversation.state, State::Waiting);
    assert_eq!(world.conversation.last_agent, Some(LI_ID));
    let expected = ["left_offline", "message", "message", "assigned", "message", "message", "queued", "message"];
    assert_eq!(world.kinds, expected);
}

#[test]
fn leaving_a_message_instead_of_waiting() {
    let leave = Command::LeaveMessage {
        name: Some("Ann".into()),
        email: Some("ann@example.com".into()),
        message: text("call me"),
    };
    for mut world in [World::waiting(), World::offered()] {
        world.ok(&VISITOR, &leave);
        assert_eq!(world.conversation.state, State::Offline);
        assert_eq!(world.conversation.waiting_since, None);
        assert!(world.kinds.ends_with(&["left_offline", "message"]));
        assert!(world.decide(&VISITOR, &leave).is_ok());
    }
    assert_eq!(World::active().refused(&VISITOR, &leave).code(), ErrorCode::WrongState);
    assert_eq!(World::closed().refused(&VISITOR, &leave), Refusal::StartNew);
    assert_eq!(World::waiting().refused(&LI, &leave).code(), ErrorCode::Forbidden);
}

#[test]
fn waiting_too_long_keeps_the_thread_as_offline() {
    let mut world = World::waiting();
    let policy = Policy::default();
    assert_eq!(world.conversation.wake_at(&policy), Some(NOW + policy.max_wait_ms));
    world.now += policy.max_wait_ms;
    world.ok(&SYSTEM, &Command::WaitedTooLong);
    assert_eq!(world.conversation.state, State::Offline);
    assert_eq!(world.conversation.wake_at(&policy), None);
    assert!(World::offered().decide(&SYSTEM, &Command::WaitedTooLong).is_err());
}

#[test]
fn ratings() {
    let rate = |score| Command::Rate { score, comment: Some("good".into()) };
    for score in [0, 6, 255] {
        let refusal = World::closed().refused(&VISITOR, &rate(score));
        assert_eq!((refusal.code(), refusal.field()), (ErrorCode::Invalid, Some("score")));
    }
    assert_eq!(World::waiting().refused(&VISITOR, &rate(3)).code(), ErrorCode::WrongState);
    assert_eq!(World::closed().refused(&LI, &rate(3)).code(), ErrorCode::Forbidden);
    let mut world = World::closed();
    world.ok(&VISITOR, &rate(3));
    world.ok(&VISITOR, &rate(4));
    assert_eq!(world.conversation.rating, Some(4));
}
