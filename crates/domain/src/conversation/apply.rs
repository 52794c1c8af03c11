//! The effect of each change on the projection.

use protocol::entry::QueuedReason;
use protocol::ids::AgentId;
use protocol::state::ConversationState;

use super::{Change, Conversation, Receiver};

impl Conversation {
    /// Folds a change into the projection. Total: it follows the log and refuses nothing.
    pub fn apply(&mut self, change: &Change, now: i64) {
        match change {
            Change::Wrote(_) => {}
            Change::ReplyStarted { sent } => self.stop_reply_clock(*sent, now),
            Change::Queued { reason } => self.queue(*reason, now),
            Change::Offered { to, deadline_at } => self.offer(to, *deadline_at),
            Change::OfferEnded { agent, .. } => self.end_offer_of(*agent),
            Change::Assigned { agent, reply_deadline_at } => self.hold(*agent, *reply_deadline_at),
            Change::AnsweredOffline { agent } => self.answer_offline(*agent, now),
            Change::Transferred { to, reply_deadline_at, .. } => self.give_to(*to, *reply_deadline_at, now),
            Change::PlaceKept { .. } => {
                self.kept_at = Some(now);
                self.call_deadline_at = None;
            }
            Change::Called { deadline_at } => self.call_deadline_at = Some(*deadline_at),
            Change::CameBack { waiting_since } => {
                self.end_kept();
                self.waiting_since = self.waiting_since.map(|_| *waiting_since);
            }
            Change::LeftOffline { .. } => {
                self.leave_queue(ConversationState::Offline);
                self.agent = None;
                self.closed_at = None;
            }
            Change::Closed { .. } => {
                self.leave_queue(ConversationState::Closed);
                self.closed_at = Some(now);
            }
            Change::Reopened => {
                self.closed_at = None;
                self.wait(now);
            }
            Change::Rated { score, .. } => self.rating = Some(*score),
        }
    }

    fn stop_reply_clock(&mut self, sent: bool, now: i64) {
        self.reply_deadline_at = None;
        if sent {
            self.first_reply_at = self.first_reply_at.or(Some(now));
        }
    }

    fn answer_offline(&mut self, agent: AgentId, now: i64) {
        self.agent = Some(agent);
        self.last_agent = Some(agent);
        self.first_reply_at = self.first_reply_at.or(Some(now));
    }

    fn queue(&mut self, reason: Option<QueuedReason>, now: i64) {
        if reason.is_some() {
            self.at_head = true;
            // Who lost the connection is the one to go on when back; others gave it up or are no longer there.
            if reason != Some(QueuedReason::AgentGone) {
                self.last_agent = None;
            }
        }
        self.wait(now);
    }

    fn give_to(&mut self, to: Receiver, reply_deadline_at: Option<i64>, now: i64) {
        match to {
            Receiver::Agent(agent) => return self.hold(agent, reply_deadline_at),
            Receiver::Department(department) => self.department = department,
            Receiver::Queue => {}
        }
        self.last_agent = None;
        self.at_head = true;
        self.wait(now);
    }

    fn wait(&mut self, now: i64) {
        self.state = ConversationState::Waiting;
        self.agent = None;
        self.reply_deadline_at = None;
        self.end_offer();
        self.waiting_since = Some(now);
        self.queued_at = self.queued_at.or(Some(now));
    }

    fn hold(&mut self, agent: AgentId, reply_deadline_at: Option<i64>) {
        self.state = ConversationState::Active;
        self.agent = Some(agent);
        self.last_agent = Some(agent);
        self.reply_deadline_at = reply_deadline_at;
        self.waiting_since = None;
        self.closed_at = None;
        self.at_head = false;
        self.end_offer();
        self.end_kept();
    }

    fn leave_queue(&mut self, state: ConversationState) {
        self.state = state;
        self.waiting_since = None;
        self.queued_at = None;
        self.reply_deadline_at = None;
        self.at_head = false;
        self.end_offer();
        self.end_kept();
    }

    fn offer(&mut self, to: &[AgentId], deadline_at: i64) {
        if to.is_empty() {
            return;
        }
        self.state = ConversationState::Offered;
        self.offer_deadline_at = Some(deadline_at);
        self.offered_to.clear();
        for agent in to {
            if !self.offered_to.contains(agent) {
                self.offered_to.push(*agent);
            }
        }
    }

    fn end_offer_of(&mut self, agent: AgentId) {
        self.offered_to.retain(|other| *other != agent);
        if self.offered_to.is_empty() && self.state == ConversationState::Offered {
            self.state = ConversationState::Waiting;
            self.offer_deadline_at = None;
        }
    }

    fn end_offer(&mut self) {
        self.offered_to.clear();
        self.offer_deadline_at = None;
    }

    const fn end_kept(&mut self) {
        self.kept_at = None;
        self.call_deadline_at = None;
    }
}
