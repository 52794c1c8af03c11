//! Invariants of a conversation over any history of commands, allowed or not.

use domain::conversation::{Actor, Change, Command, Conversation, Written};
use domain::policy::Policy;
use proptest::prelude::*;
use protocol::entry::{QueuedReason, Text};
use protocol::ids::{AgentId, VisitorId};
use protocol::state::{Availability, ConversationState as State, Role};
use uuid::Uuid;

const VISITOR: VisitorId = VisitorId(Uuid::from_u128(1));

fn agent() -> impl Strategy<Value = AgentId> {
    (10u128..13).prop_map(|id| AgentId(Uuid::from_u128(id)))
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        Just(Actor::Visitor(VISITOR)),
        Just(Actor::System),
        (agent(), proptest::sample::select(Role::ALL)).prop_map(|(id, role)| Actor::Agent { id, role }),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    let text = || Text { text: "x".into() };
    prop_oneof![3 => Just(Written::Message(text())), 1 => Just(Written::Note(text()))]
}

fn command() -> impl Strategy<Value = Command> {
    let availability = proptest::sample::select(Availability::ALL);
    prop_oneof![
        4 => (written(), availability)
            .prop_map(|(written, availability)| Command::Post { written, availability }),
        1 => written().prop_map(|message| Command::LeaveMessage { name: None, email: None, message }),
        3 => (agent(), 0i64..200_000).prop_map(|(to, deadline_at)| Command::Offer { to, deadline_at }),
        1 => Just(Command::OfferLapsed),
        1 => Just(Command::WithdrawOffer),
        1 => Just(Command::WaitedTooLong),
        2 => Just(Command::Accept),
        1 => Just(Command::Decline),
        2 => Just(Command::Pick),
        1 => proptest::option::of(agent()).prop_map(|to| Command::Transfer { to }),
        1 => Just(Command::StartReply),
        1 => proptest::sample::select(QueuedReason::ALL).prop_map(|reason| Command::Requeue { reason }),
        1 => Just(Command::Close),
        1 => (0u8..7).prop_map(|score| Command::Rate { score, comment: None }),
        1 => Just(Command::Reopen),
    ]
}

/// What must hold in every state.
fn check(conversation: &Conversation) -> Result<(), TestCaseError> {
    let c = conversation;
    let queued = matches!(c.state, State::Waiting | State::Offered);
    prop_assert_eq!(c.offered_to.is_some(), c.state == State::Offered);
    prop_assert_eq!(c.offer_deadline_at.is_some(), c.state == State::Offered);
    prop_assert_eq!(c.waiting_since.is_some(), queued);
    prop_assert_eq!(c.closed_at.is_some(), c.state == State::Closed);
    prop_assert!(c.state != State::Active || c.agent.is_some());
    prop_assert!(!queued || (c.agent.is_none() && c.queued_at.is_some()));
    prop_assert!(c.reply_deadline_at.is_none() || c.state == State::Active);
    prop_assert!(c.rating.is_none_or(|score| (1..=5).contains(&score)));
    Ok(())
}

fn allowed_for_visitor(change: &Change) -> bool {
    !matches!(
        change,
        Change::Assigned { .. } | Change::Transferred { .. } | Change::Offered { .. } | Change::AnsweredOffline { .. }
    )
}

proptest! {
    #[test]
    fn every_history_keeps_the_invariants(
        steps in prop::collection::vec((actor(), command(), 0i64..40_000), 1..80),
    ) {
        let policy = Policy { reopen_window_ms: 100_000, first_reply_ms: 50_000, ..Policy::default() };
        let (mut conversation, changes) = Conversation::start(VISITOR, None);
        for change in &changes {
            conversation.apply(change, 0);
        }
        let mut now = 0;
        for (actor, command, passed) in steps {
            now += passed;
            let before = conversation.clone();
            let Ok(changes) = conversation.decide(&actor, &command, &policy, now) else {
                continue;
            };
            for change in &changes {
                if matches!(actor, Actor::Visitor(_)) {
                    prop_assert!(allowed_for_visitor(change), "{:?}", change);
                }
                conversation.apply(change, now);
            }
            check(&conversation)?;
            // Only its holder, a supervisor or the system takes an active conversation away from an agent.
            if before.state == State::Active && conversation.agent != before.agent {
                let may = match actor {
                    Actor::Agent { id, role } => before.agent == Some(id) || role <= Role::Supervisor,
                    Actor::System => true,
                    Actor::Visitor(_) => conversation.state == State::Closed,
                };
                prop_assert!(may, "{:?} {:?}", actor, command);
            }
        }
    }

    /// Every state has a way on: whatever happened, the visitor can be heard and an agent can answer.
    #[test]
    fn no_history_is_a_dead_end(steps in prop::collection::vec((actor(), command()), 1..40)) {
        let policy = Policy::default();
        let (mut conversation, changes) = Conversation::start(VISITOR, None);
        changes.iter().for_each(|change| conversation.apply(change, 0));
        for (actor, command) in steps {
            for change in conversation.decide(&actor, &command, &policy, 0).unwrap_or_default() {
                conversation.apply(&change, 0);
            }
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
            let changes = conversation.decide(&actor, command, &policy, 0);
            prop_assert!(changes.is_ok(), "{:?} {:?} {:?}", conversation, command, changes);
            for change in changes.unwrap_or_default() {
                conversation.apply(&change, 0);
            }
        }
    }
}
