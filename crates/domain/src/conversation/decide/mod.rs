//! Which command is allowed when. Everything that can be refused is refused here, before anything is written.

/// What agents may do when.
mod agent;
/// What the dispatcher and timers may do when.
mod system;
/// What visitors may do when.
mod visitor;

use protocol::state::ConversationState;

use super::{Actor, Change, Command, Conversation, OfferEnd, Refusal};
use crate::policy::Policy;

type Decision = Result<Vec<Change>, Refusal>;

impl Conversation {
    /// Decides about a command. `now` is Unix milliseconds. An empty list means that what is asked is already so.
    ///
    /// # Errors
    /// The first rule that forbids it; nothing has changed then.
    pub fn decide(&self, actor: &Actor, command: &Command, policy: &Policy, now: i64) -> Decision {
        match actor {
            Actor::Visitor(id) => self.decide_visitor(*id, command, policy, now),
            Actor::Agent { id, role } => {
                let who = agent::By { id: *id, role: *role };
                self.decide_agent(who, command, policy, now)
            }
            Actor::System => self.decide_system(command, now),
        }
    }

    fn close(&self, actor: &Actor) -> Vec<Change> {
        if self.state == ConversationState::Closed {
            return vec![];
        }
        let mut changes = self.withdraw_offer();
        changes.push(Change::Closed { by: actor.closes_as() });
        changes
    }

    fn withdraw_offer(&self) -> Vec<Change> {
        self.end_offer_as(OfferEnd::Withdrawn)
    }

    fn end_offer_as(&self, end: OfferEnd) -> Vec<Change> {
        let ended = |agent| Change::OfferEnded { agent, end };
        self.offered_to.map(ended).into_iter().collect()
    }

    const fn wrong_state(&self) -> Refusal {
        Refusal::WrongState(self.state)
    }
}

const fn left_offline() -> Change {
    Change::LeftOffline { name: None, email: None }
}
