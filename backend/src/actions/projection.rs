//! Between the stored row of a conversation and what the state machine knows of it.

use domain::conversation::{Change, Conversation as Projection, Receiver};
use protocol::state::ConversationState;

use crate::store::conversation::Conversation;

impl Conversation {
    /// What the state machine needs to know.
    pub(super) fn projection(&self) -> Projection {
        Projection {
            state: self.state,
            visitor: self.visitor_id,
            department: self.department_id,
            agent: self.agent_id,
            last_agent: self.last_agent,
            offered_to: self.offered(),
            offer_deadline_at: self.offer_deadline_at,
            at_head: self.at_head,
            kept_at: self.kept_at,
            call_deadline_at: self.call_deadline_at,
            waiting_since: self.waiting_since,
            queued_at: self.queued_at,
            closed_at: self.closed_at,
            first_reply_at: self.first_reply_at,
            reply_deadline_at: self.reply_deadline_at,
            rating: self.rating.and_then(|score| u8::try_from(score).ok()),
        }
    }

    /// Takes over what the state machine made of `change`, and what only the row keeps.
    pub(super) fn absorb(&mut self, projection: Projection, change: &Change, now: i64) {
        self.state = projection.state;
        self.department_id = projection.department;
        self.agent_id = projection.agent;
        self.last_agent = projection.last_agent;
        self.set_offered(&projection.offered_to);
        self.offer_deadline_at = projection.offer_deadline_at;
        self.at_head = projection.at_head;
        self.kept_at = projection.kept_at;
        self.call_deadline_at = projection.call_deadline_at;
        self.waiting_since = projection.waiting_since;
        self.queued_at = projection.queued_at;
        self.closed_at = projection.closed_at;
        self.first_reply_at = projection.first_reply_at;
        self.reply_deadline_at = projection.reply_deadline_at;
        self.rating = projection.rating.map(i64::from);
        match change {
            Change::Assigned { .. } | Change::Transferred { to: Receiver::Agent(_), .. } => {
                self.assigned_at = Some(now)
            }
            Change::PlaceKept { email } => self.kept_email = Some(email.clone()),
            Change::LeftOffline { name, email } => {
                // A wait that became a message keeps what an earlier form said.
                self.offline_name = name.clone().or(self.offline_name.take());
                self.offline_email = email.clone().or(self.offline_email.take());
            }
            Change::Closed { by } => self.closed_by = Some(by.as_str().to_owned()),
            Change::Reopened => self.closed_by = None,
            _ => {}
        }
        if self.kept_at.is_none() {
            self.kept_email = None;
        }
        // How long agents need is measured from when it was taken by the one who ends it.
        if !matches!(self.state, ConversationState::Active | ConversationState::Closed) {
            self.assigned_at = None;
        }
    }
}
