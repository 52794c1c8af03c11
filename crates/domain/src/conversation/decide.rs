//! Which command is allowed when. Everything that can be refused is refused here, before anything is written.

use protocol::entry::QueuedReason;
use protocol::ids::{AgentId, VisitorId};
use protocol::state::{Availability, ConversationState, Role};

use super::{Actor, Change, Command, Conversation, OfferEnd, Refusal, Written};
use crate::permission::{Permission, allows};
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
            Actor::Agent { id, role } => self.decide_agent(*id, *role, command, policy, now),
            Actor::System => self.decide_system(command, now),
        }
    }

    fn decide_visitor(
        &self,
        visitor: VisitorId,
        command: &Command,
        policy: &Policy,
        now: i64,
    ) -> Decision {
        if visitor != self.visitor {
            return Err(Refusal::NotFound);
        }
        match command {
            Command::Post {
                written,
                availability,
            } => self.visitor_posts(written, *availability, policy, now),
            Command::LeaveMessage {
                name,
                email,
                message,
            } => self.visitor_leaves(name.as_deref(), email.as_deref(), message),
            Command::Close => Ok(self.close(&Actor::Visitor(visitor))),
            Command::Rate { score, comment } => self.rate(*score, comment.as_deref()),
            Command::Reopen if self.state != ConversationState::Closed => Ok(vec![]),
            Command::Reopen if self.continues(policy, now) => Ok(vec![Change::Reopened]),
            Command::Reopen => Err(Refusal::StartNew),
            _ => Err(Refusal::Forbidden),
        }
    }

    fn visitor_posts(
        &self,
        written: &Written,
        availability: Availability,
        policy: &Policy,
        now: i64,
    ) -> Decision {
        if matches!(written, Written::Note(_)) {
            return Err(Refusal::Forbidden);
        }
        if !self.continues(policy, now) {
            return Err(Refusal::StartNew);
        }
        let somebody = matches!(
            availability,
            Availability::Online | Availability::OnlineForQueue
        );
        let mut changes = match self.state {
            ConversationState::Closed if somebody => vec![Change::Reopened],
            ConversationState::Closed => vec![Change::Reopened, left_offline()],
            ConversationState::Offline if somebody => vec![Change::Queued { reason: None }],
            _ => vec![],
        };
        changes.push(Change::Wrote(written.clone()));
        Ok(changes)
    }

    fn visitor_leaves(
        &self,
        name: Option<&str>,
        email: Option<&str>,
        message: &Written,
    ) -> Decision {
        if matches!(message, Written::Note(_)) {
            return Err(Refusal::Forbidden);
        }
        match self.state {
            ConversationState::Waiting
            | ConversationState::Offered
            | ConversationState::Offline => {}
            ConversationState::Closed => return Err(Refusal::StartNew),
            ConversationState::Active => return Err(self.wrong_state()),
        }
        let mut changes = self.withdraw_offer();
        changes.push(Change::LeftOffline {
            name: name.map(ToOwned::to_owned),
            email: email.map(ToOwned::to_owned),
        });
        changes.push(Change::Wrote(message.clone()));
        Ok(changes)
    }

    fn rate(&self, score: u8, comment: Option<&str>) -> Decision {
        if !(1..=5).contains(&score) {
            return Err(Refusal::Score);
        }
        match self.state {
            ConversationState::Active | ConversationState::Closed => Ok(vec![Change::Rated {
                score,
                comment: comment.map(ToOwned::to_owned),
            }]),
            _ => Err(self.wrong_state()),
        }
    }

    fn decide_agent(
        &self,
        agent: AgentId,
        role: Role,
        command: &Command,
        policy: &Policy,
        now: i64,
    ) -> Decision {
        if !allows(role, Permission::Answer) {
            return Err(Refusal::Forbidden);
        }
        let reply_deadline_at = Some(now.saturating_add(policy.first_reply_ms));
        match command {
            Command::Post { written, .. } => self.agent_posts(agent, role, written),
            Command::StartReply if self.is_held_by(agent) => Ok(self.reply(false)),
            Command::StartReply => Ok(vec![]),
            Command::Accept => self.accept(agent, reply_deadline_at, now),
            Command::Decline if self.offered_to == Some(agent) => Ok(vec![Change::OfferEnded {
                agent,
                end: OfferEnd::Declined,
            }]),
            Command::Decline => Err(Refusal::OfferGone),
            Command::Pick => self.pick(agent, role, reply_deadline_at),
            Command::Reopen if self.state == ConversationState::Closed => {
                self.pick(agent, role, None)
            }
            Command::Reopen => Err(self.wrong_state()),
            Command::Transfer { to } => self.transfer(agent, role, *to, reply_deadline_at),
            Command::Requeue {
                reason: reason @ QueuedReason::Returned,
            } => {
                self.check_holder(agent, role)?;
                Ok(vec![Change::Queued {
                    reason: Some(*reason),
                }])
            }
            Command::Close => self.agent_closes(agent, role),
            _ => Err(Refusal::Forbidden),
        }
    }

    fn agent_posts(&self, agent: AgentId, role: Role, written: &Written) -> Decision {
        let wrote = Change::Wrote(written.clone());
        if matches!(written, Written::Note(_)) {
            return Ok(vec![wrote]);
        }
        match self.state {
            ConversationState::Closed => Err(Refusal::Closed),
            ConversationState::Waiting | ConversationState::Offered => Err(self.wrong_state()),
            ConversationState::Offline if self.agent == Some(agent) => Ok(vec![wrote]),
            ConversationState::Offline => Ok(vec![Change::AnsweredOffline { agent }, wrote]),
            ConversationState::Active => {
                self.check_holder(agent, role)?;
                let mut changes = vec![wrote];
                if self.is_held_by(agent)
                    && (self.first_reply_at.is_none() || self.reply_deadline_at.is_some())
                {
                    changes.extend(self.reply(true));
                }
                Ok(changes)
            }
        }
    }

    /// Stops the clock for the first reply where it runs, or records that a reply was sent.
    fn reply(&self, sent: bool) -> Vec<Change> {
        if sent || self.reply_deadline_at.is_some() {
            vec![Change::ReplyStarted { sent }]
        } else {
            vec![]
        }
    }

    fn accept(&self, agent: AgentId, reply_deadline_at: Option<i64>, now: i64) -> Decision {
        match self.state {
            ConversationState::Active if self.agent == Some(agent) => Ok(vec![]),
            ConversationState::Active => Err(self.taken()),
            ConversationState::Closed => Err(Refusal::Closed),
            ConversationState::Offered if self.offered_to != Some(agent) => Err(self.taken()),
            ConversationState::Offered
                if self
                    .offer_deadline_at
                    .is_some_and(|deadline| now < deadline) =>
            {
                Ok(vec![Change::Assigned {
                    agent,
                    reply_deadline_at,
                }])
            }
            _ => Err(Refusal::OfferGone),
        }
    }

    fn pick(&self, agent: AgentId, role: Role, reply_deadline_at: Option<i64>) -> Decision {
        let may_take_over = allows(role, Permission::TakeOver);
        let assigned = |reply_deadline_at| Change::Assigned {
            agent,
            reply_deadline_at,
        };
        match self.state {
            ConversationState::Waiting => Ok(vec![assigned(reply_deadline_at)]),
            ConversationState::Offered if self.offered_to == Some(agent) => {
                Ok(vec![assigned(reply_deadline_at)])
            }
            ConversationState::Offered if may_take_over => {
                let mut changes = self.withdraw_offer();
                changes.push(assigned(reply_deadline_at));
                Ok(changes)
            }
            ConversationState::Active if self.agent == Some(agent) => Ok(vec![]),
            ConversationState::Active if may_take_over => Ok(vec![Change::Transferred {
                from: self.agent,
                to: Some(agent),
                reply_deadline_at: None,
            }]),
            ConversationState::Offered | ConversationState::Active => Err(self.taken()),
            // Whoever takes these does so by choice, and nobody waits for an answer.
            ConversationState::Offline => Ok(vec![assigned(None)]),
            ConversationState::Closed => Ok(vec![Change::Reopened, assigned(None)]),
        }
    }

    fn transfer(
        &self,
        agent: AgentId,
        role: Role,
        to: Option<AgentId>,
        reply_deadline_at: Option<i64>,
    ) -> Decision {
        match self.state {
            ConversationState::Active => self.check_holder(agent, role)?,
            ConversationState::Closed => return Err(Refusal::Closed),
            ConversationState::Offline => return Err(self.wrong_state()),
            ConversationState::Waiting | ConversationState::Offered if to.is_none() => {
                return Err(self.wrong_state());
            }
            ConversationState::Waiting | ConversationState::Offered
                if allows(role, Permission::TakeOver) => {}
            ConversationState::Waiting | ConversationState::Offered => {
                return Err(Refusal::NotHolder);
            }
        }
        if to.is_some() && to == self.agent {
            return Ok(vec![]);
        }
        let mut changes = self.withdraw_offer();
        changes.push(Change::Transferred {
            from: self.agent,
            to,
            reply_deadline_at: to.and(reply_deadline_at),
        });
        Ok(changes)
    }

    fn agent_closes(&self, agent: AgentId, role: Role) -> Decision {
        match self.state {
            ConversationState::Closed | ConversationState::Offline => {}
            ConversationState::Active => self.check_holder(agent, role)?,
            ConversationState::Waiting | ConversationState::Offered
                if allows(role, Permission::TakeOver) => {}
            ConversationState::Waiting | ConversationState::Offered => {
                return Err(Refusal::NotHolder);
            }
        }
        Ok(self.close(&Actor::Agent { id: agent, role }))
    }

    fn decide_system(&self, command: &Command, now: i64) -> Decision {
        match command {
            Command::Offer { to, deadline_at } if self.state == ConversationState::Waiting => {
                Ok(vec![Change::Offered {
                    to: *to,
                    deadline_at: *deadline_at,
                }])
            }
            Command::OfferLapsed
                if self
                    .offer_deadline_at
                    .is_some_and(|deadline| deadline <= now) =>
            {
                Ok(self.end_offer_as(OfferEnd::Missed))
            }
            Command::WithdrawOffer if self.state == ConversationState::Offered => {
                Ok(self.withdraw_offer())
            }
            Command::WaitedTooLong if self.state == ConversationState::Waiting => {
                Ok(vec![left_offline()])
            }
            Command::Requeue {
                reason: QueuedReason::NoReply,
            } if self.reply_deadline_at.is_none_or(|deadline| deadline > now) => {
                Err(self.wrong_state())
            }
            Command::Requeue { reason } if self.state == ConversationState::Active => {
                Ok(vec![Change::Queued {
                    reason: Some(*reason),
                }])
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

    fn close(&self, actor: &Actor) -> Vec<Change> {
        if self.state == ConversationState::Closed {
            return vec![];
        }
        let mut changes = self.withdraw_offer();
        changes.push(Change::Closed {
            by: actor.closes_as(),
        });
        changes
    }

    fn withdraw_offer(&self) -> Vec<Change> {
        self.end_offer_as(OfferEnd::Withdrawn)
    }

    fn end_offer_as(&self, end: OfferEnd) -> Vec<Change> {
        let ended = |agent| Change::OfferEnded { agent, end };
        self.offered_to.map(ended).into_iter().collect()
    }

    fn check_holder(&self, agent: AgentId, role: Role) -> Result<(), Refusal> {
        match self.state {
            ConversationState::Active
                if self.agent == Some(agent) || allows(role, Permission::TakeOver) =>
            {
                Ok(())
            }
            ConversationState::Active => Err(Refusal::NotHolder),
            _ => Err(self.wrong_state()),
        }
    }

    /// Somebody else has it.
    fn taken(&self) -> Refusal {
        self.offered_to
            .or(self.agent)
            .map_or(Refusal::OfferGone, Refusal::TakenBy)
    }

    const fn wrong_state(&self) -> Refusal {
        Refusal::WrongState(self.state)
    }
}

const fn left_offline() -> Change {
    Change::LeftOffline {
        name: None,
        email: None,
    }
}
