//! Which command is allowed when. Everything that can be refused is refused here, before anything is written.

/// What agents may do when.
mod agent;
/// What the dispatcher and timers may do when.
mod system;
/// What visitors may do when.
mod visitor;

use protocol::ids::AgentId;
use protocol::state::ConversationState;

use super::{Actor, Change, Command, Conversation, OfferEnd, Receiver, Refusal};
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
            Actor::System => self.decide_system(command, policy, now),
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
        self.offered_to.iter().map(|agent| Change::OfferEnded { agent: *agent, end }).collect()
    }

    /// `winner` has it now: everybody else it was offered to is told no.
    fn withdraw_from_others(&self, winner: AgentId) -> Vec<Change> {
        let others = self.offered_to.iter().filter(|agent| **agent != winner);
        others.map(|agent| Change::OfferEnded { agent: *agent, end: OfferEnd::Withdrawn }).collect()
    }

    /// Gives it away while it waits or is held.
    fn give(&self, to: Receiver, reply_deadline_at: Option<i64>) -> Decision {
        let reply_deadline_at = match to {
            Receiver::Agent(agent) if self.is_held_by(agent) => return Ok(vec![]),
            Receiver::Agent(_) => reply_deadline_at,
            Receiver::Department(department) if self.is_queued() && department == self.department => {
                return Ok(vec![]);
            }
            Receiver::Queue if self.is_queued() => return Err(self.wrong_state()),
            Receiver::Department(_) | Receiver::Queue => None,
        };
        let mut changes = self.withdraw_offer();
        changes.push(Change::Transferred { from: self.agent, to, reply_deadline_at });
        Ok(changes)
    }

    const fn wrong_state(&self) -> Refusal {
        Refusal::WrongState(self.state)
    }
}

const fn left_offline() -> Change {
    Change::LeftOffline { name: None, email: None }
}
