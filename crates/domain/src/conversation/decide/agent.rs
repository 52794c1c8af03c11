//! What agents may do when.

use protocol::entry::QueuedReason;
use protocol::ids::AgentId;
use protocol::state::{ConversationState, Role};

use super::super::{Actor, Change, Command, Conversation, OfferEnd, Receiver, Refusal, Written};
use super::Decision;
use crate::permission::{Permission, allows};
use crate::policy::Policy;

/// The agent who asks.
#[derive(Clone, Copy)]
pub(super) struct By {
    pub(super) id: AgentId,
    pub(super) role: Role,
}

impl By {
    fn may_take_over(self) -> bool {
        allows(self.role, Permission::TakeOver)
    }
}

impl Conversation {
    pub(super) fn decide_agent(&self, who: By, command: &Command, policy: &Policy, now: i64) -> Decision {
        if !allows(who.role, Permission::Answer) {
            return Err(Refusal::Forbidden);
        }
        let reply_deadline_at = Some(now.saturating_add(policy.first_reply_ms));
        match command {
            Command::Post { written, .. } => self.agent_posts(who, written),
            Command::StartReply if self.is_held_by(who.id) => Ok(self.reply(false)),
            Command::StartReply => Ok(vec![]),
            Command::Accept => self.accept(who.id, reply_deadline_at, now),
            Command::Decline if self.is_offered_to(who.id) => {
                Ok(vec![Change::OfferEnded { agent: who.id, end: OfferEnd::Declined }])
            }
            Command::Decline => Err(Refusal::OfferGone),
            Command::Pick => self.pick(who, reply_deadline_at),
            Command::Reopen if self.state == ConversationState::Closed => self.pick(who, None),
            Command::Reopen => Err(self.wrong_state()),
            Command::Transfer { to } => self.transfer(who, *to, reply_deadline_at),
            Command::Requeue { reason: reason @ QueuedReason::Returned } => {
                self.check_holder(who)?;
                Ok(vec![Change::Queued { reason: Some(*reason) }])
            }
            Command::Release => self.release(who),
            Command::Close => self.agent_closes(who),
            _ => Err(Refusal::Forbidden),
        }
    }

    fn agent_posts(&self, who: By, written: &Written) -> Decision {
        let wrote = Change::Wrote(written.clone());
        if matches!(written, Written::Note(_)) {
            return Ok(vec![wrote]);
        }
        match self.state {
            ConversationState::Closed => Err(Refusal::Closed),
            ConversationState::Waiting | ConversationState::Offered => Err(self.wrong_state()),
            ConversationState::Offline if self.agent == Some(who.id) => Ok(vec![wrote]),
            ConversationState::Offline => Ok(vec![Change::AnsweredOffline { agent: who.id }, wrote]),
            ConversationState::Active => {
                self.check_holder(who)?;
                let mut changes = vec![wrote];
                if self.is_held_by(who.id) && (self.first_reply_at.is_none() || self.reply_deadline_at.is_some()) {
                    changes.extend(self.reply(true));
                }
                Ok(changes)
            }
        }
    }

    /// Stops the clock for the first reply where it runs, or records that a reply was sent.
    fn reply(&self, sent: bool) -> Vec<Change> {
        if sent || self.reply_deadline_at.is_some() { vec![Change::ReplyStarted { sent }] } else { vec![] }
    }

    fn accept(&self, agent: AgentId, reply_deadline_at: Option<i64>, now: i64) -> Decision {
        match self.state {
            ConversationState::Active if self.agent == Some(agent) => Ok(vec![]),
            ConversationState::Active => Err(self.taken()),
            ConversationState::Closed => Err(Refusal::Closed),
            ConversationState::Offered if !self.is_offered_to(agent) => Err(self.taken()),
            ConversationState::Offered if self.offer_deadline_at.is_some_and(|deadline| now < deadline) => {
                Ok(self.assign_offered(agent, reply_deadline_at))
            }
            _ => Err(Refusal::OfferGone),
        }
    }

    fn assign_offered(&self, agent: AgentId, reply_deadline_at: Option<i64>) -> Vec<Change> {
        let mut changes = self.withdraw_from_others(agent);
        changes.push(Change::Assigned { agent, reply_deadline_at });
        changes
    }

    fn pick(&self, who: By, reply_deadline_at: Option<i64>) -> Decision {
        let may_take_over = who.may_take_over();
        let assigned = |reply_deadline_at| Change::Assigned { agent: who.id, reply_deadline_at };
        match self.state {
            ConversationState::Waiting => Ok(vec![assigned(reply_deadline_at)]),
            ConversationState::Offered if self.is_offered_to(who.id) || may_take_over => {
                Ok(self.assign_offered(who.id, reply_deadline_at))
            }
            ConversationState::Active if self.agent == Some(who.id) => Ok(vec![]),
            ConversationState::Active if may_take_over => {
                Ok(vec![Change::Transferred { from: self.agent, to: Receiver::Agent(who.id), reply_deadline_at: None }])
            }
            ConversationState::Offered | ConversationState::Active => Err(self.taken()),
            // Whoever takes these does so by choice, and nobody waits for an answer.
            ConversationState::Offline => Ok(vec![assigned(None)]),
            ConversationState::Closed => Ok(vec![Change::Reopened, assigned(None)]),
        }
    }

    fn transfer(&self, who: By, to: Receiver, reply_deadline_at: Option<i64>) -> Decision {
        match self.state {
            ConversationState::Active => self.check_holder(who)?,
            ConversationState::Closed => return Err(Refusal::Closed),
            ConversationState::Offline => return Err(self.wrong_state()),
            ConversationState::Waiting | ConversationState::Offered if who.may_take_over() => {}
            ConversationState::Waiting | ConversationState::Offered => {
                return Err(Refusal::NotHolder);
            }
        }
        self.give(to, reply_deadline_at)
    }

    fn release(&self, who: By) -> Decision {
        if !who.may_take_over() {
            return Err(Refusal::Forbidden);
        }
        self.check_holder(who)?;
        Ok(vec![Change::Queued { reason: Some(QueuedReason::Returned) }])
    }

    fn agent_closes(&self, who: By) -> Decision {
        match self.state {
            ConversationState::Closed | ConversationState::Offline => {}
            ConversationState::Active => self.check_holder(who)?,
            ConversationState::Waiting | ConversationState::Offered if who.may_take_over() => {}
            ConversationState::Waiting | ConversationState::Offered => {
                return Err(Refusal::NotHolder);
            }
        }
        Ok(self.close(&Actor::Agent { id: who.id, role: who.role }))
    }

    fn check_holder(&self, who: By) -> Result<(), Refusal> {
        match self.state {
            ConversationState::Active if self.agent == Some(who.id) || who.may_take_over() => Ok(()),
            ConversationState::Active => Err(Refusal::NotHolder),
            _ => Err(self.wrong_state()),
        }
    }

    /// Somebody else has it.
    fn taken(&self) -> Refusal {
        self.offered_to.first().copied().or(self.agent).map_or(Refusal::OfferGone, Refusal::TakenBy)
    }
}
