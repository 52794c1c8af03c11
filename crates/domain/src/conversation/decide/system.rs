//! What the dispatcher and timers may do when.

use protocol::entry::QueuedReason;
use protocol::ids::AgentId;
use protocol::state::ConversationState;

use super::super::{Actor, Change, Command, Conversation, OfferEnd, Receiver, Refusal};
use super::{Decision, left_offline};
use crate::policy::Policy;

impl Conversation {
    pub(super) fn decide_system(&self, command: &Command, policy: &Policy, now: i64) -> Decision {
        let waits = self.state == ConversationState::Waiting;
        let kept = self.kept_at.is_some();
        match command {
            // Who was called and has not come back is not to be talked to yet.
            Command::Offer { to, deadline_at } if waits && self.call_deadline_at.is_none() => {
                Ok(offer(to, *deadline_at))
            }
            Command::OfferLapsed if self.offer_deadline_at.is_some_and(|deadline| deadline <= now) => {
                Ok(self.end_offer_as(OfferEnd::Missed))
            }
            Command::WithdrawOffer { from } if self.is_offered_to(*from) => {
                Ok(vec![Change::OfferEnded { agent: *from, end: OfferEnd::Withdrawn }])
            }
            Command::WaitedTooLong if waits && !kept => Ok(vec![left_offline()]),
            Command::Call { deadline_at } if waits && kept && self.call_deadline_at.is_none() => {
                Ok(vec![Change::Called { deadline_at: *deadline_at }])
            }
            Command::CallLapsed { email } if self.call_deadline_at.is_some_and(|deadline| deadline <= now) => {
                Ok(vec![Change::LeftOffline { name: None, email: email.clone() }])
            }
            Command::CameBack => Ok(self.come_back(policy, now)),
            Command::Requeue { reason } => self.requeue(*reason, now),
            Command::Transfer { to } => self.move_on(*to),
            Command::Close if !kept => Ok(self.close(&Actor::System)),
            Command::Offer { .. }
            | Command::OfferLapsed
            | Command::WithdrawOffer { .. }
            | Command::WaitedTooLong
            | Command::Call { .. }
            | Command::CallLapsed { .. }
            | Command::Close => Err(self.wrong_state()),
            _ => Err(Refusal::Forbidden),
        }
    }

    /// Being away was agreed, so the visitor has at least half of the longest wait left. The rest of the wait goes on
    /// counting, for departments that help after a while.
    fn come_back(&self, policy: &Policy, now: i64) -> Vec<Change> {
        if self.kept_at.is_none() {
            return vec![];
        }
        let earliest = now.saturating_sub(policy.max_wait_ms / 2);
        vec![Change::CameBack { waiting_since: self.waiting_since.map_or(now, |since| since.max(earliest)) }]
    }

    fn requeue(&self, reason: QueuedReason, now: i64) -> Decision {
        let overdue = self.reply_deadline_at.is_some_and(|deadline| deadline <= now);
        if self.state != ConversationState::Active || (reason == QueuedReason::NoReply && !overdue) {
            return Err(self.wrong_state());
        }
        Ok(vec![Change::Queued { reason: Some(reason) }])
    }

    /// To another queue, because a department is removed. The system gives nothing to an agent but by an offer.
    fn move_on(&self, to: Receiver) -> Decision {
        match self.state {
            _ if matches!(to, Receiver::Agent(_)) => Err(Refusal::Forbidden),
            ConversationState::Waiting | ConversationState::Offered | ConversationState::Active => self.give(to, None),
            ConversationState::Closed | ConversationState::Offline => Err(self.wrong_state()),
        }
    }
}

fn offer(to: &[AgentId], deadline_at: i64) -> Vec<Change> {
    let mut each = Vec::with_capacity(to.len());
    for agent in to {
        if !each.contains(agent) {
            each.push(*agent);
        }
    }
    if each.is_empty() { vec![] } else { vec![Change::Offered { to: each, deadline_at }] }
}
