//! What can happen to a conversation, the entry each change writes, and its effect on the projection.

use protocol::entry::{
    Assigned, Closed, ClosedBy, EntryBody, File, LeftOffline, Queued, QueuedReason, Rated, Reopened, Text, Transferred,
};
use protocol::ids::AgentId;
use protocol::state::ConversationState;

use super::{Actor, Conversation};

/// What a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A message.
    Message(Text),
    /// A note for agents only.
    Note(Text),
    /// A file.
    File(File),
}

impl From<Written> for EntryBody {
    fn from(written: Written) -> Self {
        match written {
            Written::Message(text) => Self::Message(text),
            Written::Note(text) => Self::Note(text),
            Written::File(file) => Self::File(file),
        }
    }
}

/// Why an offer ended without being accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferEnd {
    /// The agent passed it on.
    Declined,
    /// The deadline passed.
    Missed,
    /// The agent went away, or somebody else took the conversation.
    Withdrawn,
}

/// Something that happened. Apply it with [`Conversation::apply`]; store [`Change::entry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A person wrote something.
    Wrote(Written),
    /// The agent who holds it replied, or began to: the clock for the first reply stops. Writes no entry.
    ReplyStarted {
        /// Whether a reply was sent, not only begun.
        sent: bool,
    },
    /// It entered the queue, or went back to it.
    Queued {
        /// Why, when it went back.
        reason: Option<QueuedReason>,
    },
    /// It was offered. Writes no entry.
    Offered {
        /// To whom.
        to: AgentId,
        /// Until when, Unix milliseconds.
        deadline_at: i64,
    },
    /// The offer ended and it waits on. Writes no entry.
    OfferEnded {
        /// To whom it was offered.
        agent: AgentId,
        /// Why it ended.
        end: OfferEnd,
    },
    /// An agent took it.
    Assigned {
        /// Who.
        agent: AgentId,
        /// When it goes back to the queue without a reply, Unix milliseconds.
        reply_deadline_at: Option<i64>,
    },
    /// An agent answers it while it stays offline.
    AnsweredOffline {
        /// Who.
        agent: AgentId,
    },
    /// It was given away.
    Transferred {
        /// By whom it was held.
        from: Option<AgentId>,
        /// To whom; `None` means back to the queue.
        to: Option<AgentId>,
        /// As in [`Change::Assigned`].
        reply_deadline_at: Option<i64>,
    },
    /// It became a message left for later.
    LeftOffline {
        /// Name the visitor gave.
        name: Option<String>,
        /// Address the visitor gave.
        email: Option<String>,
    },
    /// It ended.
    Closed {
        /// By whom.
        by: ClosedBy,
    },
    /// It goes on after it had ended, and waits.
    Reopened,
    /// The visitor rated it.
    Rated {
        /// 1 (bad) to 5 (good).
        score: u8,
        /// What the visitor added.
        comment: Option<String>,
    },
}

impl Change {
    /// The log entry this change writes; `None` for offers and reply timers. `name_of` gives the name of an
    /// agent at this time; it is asked for [`Change::new_holder`] only.
    pub fn entry(&self, name_of: impl Fn(AgentId) -> String) -> Option<EntryBody> {
        Some(match self {
            Self::Wrote(written) => written.clone().into(),
            Self::Queued { reason } => EntryBody::Queued(Queued { reason: *reason }),
            Self::Assigned { agent, .. } | Self::AnsweredOffline { agent } => {
                EntryBody::Assigned(Assigned { agent: *agent, name: name_of(*agent) })
            }
            Self::Transferred { from, to, .. } => EntryBody::Transferred(Transferred {
                from: *from,
                to: *to,
                name: to.map(name_of),
                department: None,
                department_name: None,
            }),
            Self::LeftOffline { name, email } => {
                EntryBody::LeftOffline(LeftOffline { name: name.clone(), email: email.clone() })
            }
            Self::Closed { by } => EntryBody::Closed(Closed { by: *by }),
            Self::Reopened => EntryBody::Reopened(Reopened { continues: None }),
            Self::Rated { score, comment } => EntryBody::Rated(Rated { score: *score, comment: comment.clone() }),
            Self::ReplyStarted { .. } | Self::Offered { .. } | Self::OfferEnded { .. } => {
                return None;
            }
        })
    }

    /// The agent who holds or answers the conversation from this change on, whose name its entry carries.
    pub const fn new_holder(&self) -> Option<AgentId> {
        match self {
            Self::Assigned { agent, .. } | Self::AnsweredOffline { agent } => Some(*agent),
            Self::Transferred { to, .. } => *to,
            _ => None,
        }
    }
}

impl Conversation {
    /// Folds a change into the projection. Total: it follows the log and refuses nothing.
    pub fn apply(&mut self, change: &Change, now: i64) {
        match change {
            Change::Wrote(_) => {}
            Change::ReplyStarted { sent } => self.stop_reply_clock(*sent, now),
            Change::Queued { reason } => {
                if *reason != Some(QueuedReason::AgentGone) && reason.is_some() {
                    self.last_agent = None;
                }
                self.wait(now);
            }
            Change::Offered { to, deadline_at } => {
                self.state = ConversationState::Offered;
                self.offered_to = Some(*to);
                self.offer_deadline_at = Some(*deadline_at);
            }
            Change::OfferEnded { .. } => {
                self.state = ConversationState::Waiting;
                self.end_offer();
            }
            Change::Assigned { agent, reply_deadline_at } => self.hold(*agent, *reply_deadline_at),
            Change::AnsweredOffline { agent } => self.answer_offline(*agent, now),
            Change::Transferred { to: Some(agent), reply_deadline_at, .. } => self.hold(*agent, *reply_deadline_at),
            Change::Transferred { to: None, .. } => {
                self.last_agent = None;
                self.wait(now);
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
        self.end_offer();
    }

    fn leave_queue(&mut self, state: ConversationState) {
        self.state = state;
        self.waiting_since = None;
        self.queued_at = None;
        self.reply_deadline_at = None;
        self.end_offer();
    }

    fn end_offer(&mut self) {
        self.offered_to = None;
        self.offer_deadline_at = None;
    }
}

impl Actor {
    /// What a close by this actor is recorded as.
    pub(super) const fn closes_as(&self) -> ClosedBy {
        match self {
            Self::Visitor(_) => ClosedBy::Visitor,
            Self::Agent { .. } => ClosedBy::Agent,
            Self::System => ClosedBy::VisitorGone,
        }
    }
}
