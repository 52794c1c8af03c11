//! What visitors may do when.

use protocol::ids::VisitorId;
use protocol::state::{Availability, ConversationState};

use super::super::{Actor, Change, Command, Conversation, Refusal, Written};
use super::{Decision, left_offline};
use crate::policy::Policy;

impl Conversation {
    pub(super) fn decide_visitor(&self, visitor: VisitorId, command: &Command, policy: &Policy, now: i64) -> Decision {
        if visitor != self.visitor {
            return Err(Refusal::NotFound);
        }
        match command {
            Command::Post { written, availability } => self.visitor_posts(written, *availability, policy, now),
            Command::LeaveMessage { name, email, message } => {
                self.visitor_leaves(name.as_deref(), email.as_deref(), message)
            }
            Command::KeepPlace { email } => self.keep_place(email, policy),
            Command::Close => Ok(self.close(&Actor::Visitor(visitor))),
            Command::Rate { score, comment } => self.rate(*score, comment.as_deref()),
            Command::Reopen if self.state != ConversationState::Closed => Ok(vec![]),
            Command::Reopen if self.continues(policy, now) => Ok(vec![Change::Reopened]),
            Command::Reopen => Err(Refusal::StartNew),
            _ => Err(Refusal::Forbidden),
        }
    }

    fn visitor_posts(&self, written: &Written, availability: Availability, policy: &Policy, now: i64) -> Decision {
        if matches!(written, Written::Note(_)) {
            return Err(Refusal::Forbidden);
        }
        if !self.continues(policy, now) {
            return Err(Refusal::StartNew);
        }
        let somebody = matches!(availability, Availability::Online | Availability::OnlineForQueue);
        let mut changes = match self.state {
            ConversationState::Closed if somebody => vec![Change::Reopened],
            ConversationState::Closed => vec![Change::Reopened, left_offline()],
            ConversationState::Offline if somebody => vec![Change::Queued { reason: None }],
            _ => vec![],
        };
        changes.push(Change::Wrote(written.clone()));
        Ok(changes)
    }

    fn visitor_leaves(&self, name: Option<&str>, email: Option<&str>, message: &Written) -> Decision {
        if matches!(message, Written::Note(_)) {
            return Err(Refusal::Forbidden);
        }
        match self.state {
            ConversationState::Waiting | ConversationState::Offered | ConversationState::Offline => {}
            ConversationState::Closed => return Err(Refusal::StartNew),
            ConversationState::Active => return Err(self.wrong_state()),
        }
        let mut changes = self.withdraw_offer();
        changes.push(Change::LeftOffline { name: name.map(ToOwned::to_owned), email: email.map(ToOwned::to_owned) });
        changes.push(Change::Wrote(message.clone()));
        Ok(changes)
    }

    fn keep_place(&self, email: &str, policy: &Policy) -> Decision {
        if !policy.keep_place {
            return Err(Refusal::PlaceNotKept);
        }
        if !self.is_queued() {
            return Err(self.wrong_state());
        }
        Ok(vec![Change::PlaceKept { email: email.to_owned() }])
    }

    fn rate(&self, score: u8, comment: Option<&str>) -> Decision {
        if !(1..=5).contains(&score) {
            return Err(Refusal::Score);
        }
        match self.state {
            ConversationState::Active | ConversationState::Closed => {
                Ok(vec![Change::Rated { score, comment: comment.map(ToOwned::to_owned) }])
            }
            _ => Err(self.wrong_state()),
        }
    }
}
