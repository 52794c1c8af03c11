//! What the dispatcher and timers may do when.

use protocol::entry::QueuedReason;
use protocol::state::ConversationState;

use super::super::{Actor, Change, Command, Conversation, OfferEnd, Refusal};
use super::{Decision, left_offline};

impl Conversation {
    pub(super) fn decide_system(&self, command: &Command, now: i64) -> Decision {
        match command {
            Command::Offer { to, deadline_at } if self.state == ConversationState::Waiting => {
                Ok(vec![Change::Offered { to: *to, deadline_at: *deadline_at }])
            }
            Command::OfferLapsed if self.offer_deadline_at.is_some_and(|deadline| deadline <= now) => {
                Ok(self.end_offer_as(OfferEnd::Missed))
            }
            Command::WithdrawOffer if self.state == ConversationState::Offered => Ok(self.withdraw_offer()),
            Command::WaitedTooLong if self.state == ConversationState::Waiting => Ok(vec![left_offline()]),
            Command::Requeue { reason: QueuedReason::NoReply }
                if self.reply_deadline_at.is_none_or(|deadline| deadline > now) =>
            {
                Err(self.wrong_state())
            }
            Command::Requeue { reason } if self.state == ConversationState::Active => {
                Ok(vec![Change::Queued { reason: Some(*reason) }])
            }
            Command::Close => Ok(self.close(&Actor::System)),
            Command::Offer { .. }
            | Command::OfferLapsed
            | Command::WithdrawOffer
            | Command::WaitedTooLong
            | Command::Requeue { .. } => Err(self.wrong_state()),
            _ => Err(Refusal::Forbidden),
        }
    }
}
