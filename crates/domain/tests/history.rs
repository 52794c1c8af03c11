//! Invariants of a conversation over any history of commands, allowed or not, and that its log tells where it stands.

use domain::conversation::{Actor, Change, Command, Conversation, Names, OfferEnd, Receiver, Written};
use domain::policy::Policy;
use proptest::prelude::*;
use protocol::entry::{ClosedBy, EntryBody, QueuedReason, Text};
use protocol::ids::{AgentId, DepartmentId, VisitorId};
use protocol::state::{Availability, ConversationState as State, Role};
use uuid::Uuid;

const VISITOR: VisitorId = VisitorId(Uuid::from_u128(1));
const FIRST: DepartmentId = DepartmentId(Uuid::from_u128(50));

fn agent() -> impl Strategy<Value = AgentId> {
    (10u128..14).prop_map(|id| AgentId(Uuid::from_u128(id)))
}

fn agents() -> impl Strategy<Value = Vec<AgentId>> {
    prop::collection::vec(agent(), 0..4)
}

fn department() -> impl Strategy<Value = DepartmentId> {
    (50u128..53).prop_map(|id| DepartmentId(Uuid::from_u128(id)))
}

fn receiver() -> impl Strategy<Value = Receiver> {
    prop_oneof![agent().prop_map(Receiver::Agent), department().prop_map(Receiver::Department), Just(Receiver::Queue),]
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        1 => Just(Actor::Visitor(VISITOR)),
        2 => Just(Actor::System),
        2 => (agent(), proptest::sample::select(Role::ALL)).prop_map(|(id, role)| Actor::Agent { id, role }),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    let text = || Text { text: "x".into() };
    prop_oneof![3 => Just(Written::Message(text())), 1 => Just(Written::Note(text()))]
}

fn email() -> Option<String> {
    Some("ann@example.com".to_owned())
}

fn command() -> impl Strategy<Value = Command> {
    let availability = proptest::sample::select(Availability::ALL);
    prop_oneof![
        4 => (written(), availability)
            .prop_map(|(written, availability)| Command::Post { written, availability }),
        1 => written().prop_map(|message| Command::LeaveMessage { name: None, email: None, message }),
        4 => (agents(), 0i64..2_000_000).prop_map(|(to, deadline_at)| Command::Offer { to, deadline_at }),
        1 => Just(Command::OfferLapsed),
        1 => agent().prop_map(|from| Command::WithdrawOffer { from }),
        1 => Just(Command::WaitedTooLong),
        2 => Just(Command::KeepPlace { email: "ann@example.com".into() }),
        2 => (0i64..2_000_000).prop_map(|deadline_at| Command::Call { deadline_at }),
        1 => Just(Command::CallLapsed { email: email() }),
        1 => Just(Command::CameBack),
        2 => Just(Command::Accept),
        1 => Just(Command::Decline),
        2 => Just(Command::Pick),
        2 => receiver().prop_map(|to| Command::Transfer { to }),
        1 => Just(Command::Release),
        1 => Just(Command::StartReply),
        2 => proptest::sample::select(QueuedReason::ALL).prop_map(|reason| Command::Requeue { reason }),
        1 => Just(Command::Close),
        1 => (0u8..7).prop_map(|score| Command::Rate { score, comment: None }),
        1 => Just(Command::Reopen),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let end = proptest::sample::select(vec![OfferEnd::Declined, OfferEnd::Missed, OfferEnd::Withdrawn]);
    let reason = proptest::option::of(proptest::sample::select(QueuedReason::ALL));
    let at = any::<i64>();
    prop_oneof![
        written().prop_map(Change::Wrote),
        any::<bool>().prop_map(|sent| Change::ReplyStarted { sent }),
        reason.prop_map(|reason| Change::Queued { reason }),
        (agents(), at).prop_map(|(to, deadline_at)| Change::Offered { to, deadline_at }),
        (agent(), end).prop_map(|(agent, end)| Change::OfferEnded { agent, end }),
        agent().prop_map(|agent| Change::Assigned { agent, reply_deadline_at: None }),
        agent().prop_map(|agent| Change::AnsweredOffline { agent }),
        receiver().prop_map(|to| Change::Transferred { from: None, to, reply_deadline_at: None }),
        Just(Change::PlaceKept { email: String::new() }),
        at.prop_map(|deadline_at| Change::Called { deadline_at }),
        at.prop_map(|waiting_since| Change::CameBack { waiting_since }),
        Just(Change::LeftOffline { name: None, email: None }),
        Just(Change::Closed { by: ClosedBy::Agent }),
        Just(Change::Reopened),
        any::<u8>().prop_map(|score| Change::Rated { score, comment: None }),
    ]
}

fn policy() -> Policy {
    Policy { reopen_window_ms: 100_000, first_reply_ms: 50_000, ..Policy::default() }
}

/// What must hold in every state.
fn check(conversation: &Conversation) -> Result<(), TestCaseError> {
    let c = conversation;
    let queued = matches!(c.state, State::Waiting | State::Offered);
    let mut offered = c.offered_to.clone();
    offered.sort();
    offered.dedup();
    prop_assert_eq!(offered.len(), c.offered_to.len(), "offered twice to somebody");
    prop_assert_eq!(!c.offered_to.is_empty(), c.state == State::Offered);
    prop_assert_eq!(c.offer_deadline_at.is_some(), c.state == State::Offered);
    prop_assert_eq!(c.waiting_since.is_some(), queued);
    prop_assert_eq!(c.closed_at.is_some(), c.state == State::Closed);
    prop_assert!(c.state != State::Active || c.agent.is_some());
    prop_assert!(!queued || (c.agent.is_none() && c.queued_at.is_some()));
    prop_assert!(queued || (!c.at_head && c.kept_at.is_none()));
    prop_assert!(c.call_deadline_at.is_none() || (c.state == State::Waiting && c.kept_at.is_some()));
    prop_assert!(c.reply_deadline_at.is_none() || c.state == State::Active);
    prop_assert!(c.rating.is_none_or(|score| (1..=5).contains(&score)));
    Ok(())
}

fn allowed_for_visitor(change: &Change) -> bool {
    matches!(
        change,
        Change::Wrote(_)
            | Change::Queued { reason: None }
            | Change::OfferEnded { end: OfferEnd::Withdrawn, .. }
            | Change::PlaceKept { .. }
            | Change::LeftOffline { .. }
            | Change::Closed { .. }
            | Change::Reopened
            | Change::Rated { .. }
    )
}

/// Where a conversation stands, as somebody sees it who has its log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    place: Place,
    department: DepartmentId,
    at_head: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Queue,
    With(AgentId),
    Offline,
    Closed,
}

impl Seen {
    fn of(conversation: &Conversation) -> Self {
        let place = match (conversation.state, conversation.agent) {
            (State::Waiting | State::Offered, _) => Place::Queue,
            (State::Active, Some(agent)) => Place::With(agent),
            (State::Active, None) => panic!("nobody holds it"),
            (State::Offline, _) => Place::Offline,
            (State::Closed, _) => Place::Closed,
        };
        Self { place, department: conversation.department, at_head: conversation.at_head }
    }

    /// Where it stands after an entry. `answered` tells an answer to an offline message from taking it, which the log
    /// writes down alike.
    fn read(&mut self, entry: &EntryBody, answered: bool) {
        match entry {
            EntryBody::Queued(queued) => self.queue(queued.reason.is_some()),
            EntryBody::Reopened(_) => self.queue(false),
            EntryBody::Assigned(_) if answered => {}
            EntryBody::Assigned(assigned) => self.leave_queue(Place::With(assigned.agent)),
            EntryBody::Transferred(given) => {
                self.department = given.department.unwrap_or(self.department);
                match given.to {
                    Some(agent) => self.leave_queue(Place::With(agent)),
                    None => self.queue(true),
                }
            }
            EntryBody::LeftOffline(_) => self.leave_queue(Place::Offline),
            EntryBody::Closed(_) => self.leave_queue(Place::Closed),
            _ => {}
        }
    }

    fn queue(&mut self, at_head: bool) {
        self.place = Place::Queue;
        self.at_head |= at_head;
    }

    fn leave_queue(&mut self, place: Place) {
        self.place = place;
        self.at_head = false;
    }
}

/// A conversation with everything that happened to it.
struct History {
    conversation: Conversation,
    changes: Vec<(Change, i64)>,
    seen: Seen,
}

impl History {
    fn start() -> Self {
        let (conversation, changes) = Conversation::start(VISITOR, FIRST, None);
        let seen = Seen::of(&conversation);
        let mut history = Self { conversation, changes: vec![], seen };
        history.record(changes, 0);
        history
    }

    fn record(&mut self, changes: Vec<Change>, now: i64) {
        for change in changes {
            self.conversation.apply(&change, now);
            if let Some(entry) = change.entry(&Names::default()) {
                self.seen.read(&entry, matches!(change, Change::AnsweredOffline { .. }));
            }
            self.changes.push((change, now));
        }
    }

    /// What somebody comes to who folds all changes from the beginning.
    fn folded(&self) -> Conversation {
        let (mut conversation, _) = Conversation::start(VISITOR, FIRST, None);
        self.changes.iter().for_each(|(change, at)| conversation.apply(change, *at));
        conversation
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_history_keeps_the_invariants(
        steps in prop::collection::vec((actor(), command(), 0i64..40_000), 1..100),
    ) {
        let policy = policy();
        let mut history = History::start();
        let mut now = 0;
        for (actor, command, passed) in steps {
            now += passed;
            let before = history.conversation.clone();
            let Ok(changes) = before.decide(&actor, &command, &policy, now) else {
                prop_assert_eq!(&before, &history.conversation);
                continue;
            };
            if matches!(actor, Actor::Visitor(_)) {
                prop_assert!(changes.iter().all(allowed_for_visitor), "{:?}", changes);
            }
            history.record(changes, now);
            let conversation = &history.conversation;
            check(conversation)?;
            prop_assert_eq!(history.seen, Seen::of(conversation), "{:?}", command);
            // Only its holder, a supervisor or the system takes an active conversation away from an agent.
            if before.state == State::Active && conversation.agent != before.agent {
                let may = match actor {
                    Actor::Agent { id, role } => before.agent == Some(id) || role <= Role::Supervisor,
                    Actor::System => true,
                    Actor::Visitor(_) => conversation.state == State::Closed,
                };
                prop_assert!(may, "{:?} {:?}", actor, command);
            }
            // Whoever keeps a place loses it only by taking part, to an agent, or by not coming when called.
            if before.kept_at.is_some() && conversation.kept_at.is_none() && actor == Actor::System {
                let lapsed = before.call_deadline_at.is_some_and(|at| at <= now);
                prop_assert!(lapsed || command == Command::CameBack, "{:?}", command);
            }
        }
        prop_assert_eq!(history.folded(), history.conversation);
    }

    /// Whatever two nodes decide at the same time about the same state, one agent gets it.
    #[test]
    fn of_several_who_accept_one_wins(to in prop::collection::vec(agent(), 1..5), order in prop::collection::vec(agent(), 1..8)) {
        let policy = Policy::default();
        let mut history = History::start();
        let offer = Command::Offer { to: to.clone(), deadline_at: 10 };
        history.record(history.conversation.decide(&Actor::System, &offer, &policy, 0).unwrap(), 0);
        let mut winner = None;
        for id in order {
            let accepted = history.conversation.decide(&Actor::Agent { id, role: Role::Agent }, &Command::Accept, &policy, 1);
            let may = winner.map_or(to.contains(&id), |winner| winner == id);
            prop_assert_eq!(accepted.is_ok(), may);
            if let Ok(changes) = accepted {
                winner = Some(id);
                history.record(changes, 1);
            }
        }
        // Everybody else to whom it was offered was told that it is gone, once.
        if let Some(winner) = winner {
            let withdrawn = |it: &&(Change, i64)| matches!(it.0, Change::OfferEnded { agent, .. } if agent != winner);
            let others = history.conversation.offered_to.len() + history.changes.iter().filter(withdrawn).count();
            let mut expected: Vec<_> = to.iter().filter(|agent| **agent != winner).collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(others, expected.len());
        }
    }

    /// Folding never fails, whatever stands in a log.
    #[test]
    fn any_changes_can_be_folded(changes in prop::collection::vec((change(), any::<i64>()), 0..60)) {
        let (mut conversation, _) = Conversation::start(VISITOR, FIRST, None);
        for (change, at) in changes {
            conversation.apply(&change, at);
            prop_assert_eq!(conversation.offered_to.is_empty(), conversation.state != State::Offered);
            let _ = conversation.wake_at(&policy());
            let _ = change.entry(&Names::default());
        }
    }

    /// Every state has a way on: whatever happened, the visitor can be heard and an agent can answer.
    #[test]
    fn no_history_is_a_dead_end(steps in prop::collection::vec((actor(), command()), 1..40)) {
        let policy = Policy::default();
        let mut history = History::start();
        for (actor, command) in steps {
            history.record(history.conversation.decide(&actor, &command, &policy, 0).unwrap_or_default(), 0);
        }
        let post = Command::Post {
            written: Written::Message(Text { text: "hello?".into() }),
            availability: Availability::Online,
        };
        let supervisor = Actor::Agent { id: AgentId(Uuid::from_u128(20)), role: Role::Supervisor };
        for (actor, command) in [
            (Actor::Visitor(VISITOR), &post),
            (supervisor, &Command::Pick),
            (supervisor, &post),
        ] {
            let changes = history.conversation.decide(&actor, command, &policy, 0);
            prop_assert!(changes.is_ok(), "{:?} {:?} {:?}", history.conversation, command, changes);
            history.record(changes.unwrap_or_default(), 0);
        }
    }
}
