//! What can happen to a conversation, and the entry each change writes.

use protocol::entry::{
    Assigned, Called, Closed, ClosedBy, EntryBody, File, LeftOffline, PlaceKept, Queued, QueuedReason, Rated, Reopened,
    Text, Transferred,
};
use protocol::ids::{AgentId, DepartmentId};

use super::{Actor, Receiver};

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

/// The names that an entry shows as they are at this time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Of [`Change::new_holder`].
    pub agent: Option<String>,
    /// Of [`Change::new_department`].
    pub department: Option<String>,
}

/// Something that happened. Apply it with [`super::Conversation::apply`]; store [`Change::entry`].
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
        /// To whom, each once.
        to: Vec<AgentId>,
        /// Until when, Unix milliseconds.
        deadline_at: i64,
    },
    /// The offer to one agent ended; it waits on when that was the last. Writes no entry.
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
        /// Where to.
        to: Receiver,
        /// As in [`Change::Assigned`].
        reply_deadline_at: Option<i64>,
    },
    /// The visitor keeps the place and may leave.
    PlaceKept {
        /// Address to write to.
        email: String,
    },
    /// The visitor who keeps the place was called.
    Called {
        /// Until when the place is held, Unix milliseconds.
        deadline_at: i64,
    },
    /// The visitor who kept the place is there again, in the same place. Writes no entry.
    CameBack {
        /// Since when it counts as waiting now, Unix milliseconds.
        waiting_since: i64,
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
    /// The log entry this change writes; `None` for offers, reply timers and visitors who came back.
    pub fn entry(&self, names: &Names) -> Option<EntryBody> {
        let agent = || names.agent.clone().unwrap_or_default();
        Some(match self {
            Self::Wrote(written) => written.clone().into(),
            Self::Queued { reason } => EntryBody::Queued(Queued { reason: *reason }),
            Self::Assigned { agent: to, .. } | Self::AnsweredOffline { agent: to } => {
                EntryBody::Assigned(Assigned { agent: *to, name: agent() })
            }
            Self::Transferred { from, .. } => EntryBody::Transferred(Transferred {
                from: *from,
                to: self.new_holder(),
                name: self.new_holder().map(|_| agent()),
                department: self.new_department(),
                department_name: self.new_department().map(|_| names.department.clone().unwrap_or_default()),
            }),
            Self::PlaceKept { email } => EntryBody::PlaceKept(PlaceKept { email: email.clone() }),
            Self::Called { deadline_at } => EntryBody::Called(Called { until: *deadline_at }),
            Self::LeftOffline { name, email } => {
                EntryBody::LeftOffline(LeftOffline { name: name.clone(), email: email.clone() })
            }
            Self::Closed { by } => EntryBody::Closed(Closed { by: *by }),
            Self::Reopened => EntryBody::Reopened(Reopened { continues: None }),
            Self::Rated { score, comment } => EntryBody::Rated(Rated { score: *score, comment: comment.clone() }),
            Self::ReplyStarted { .. } | Self::Offered { .. } | Self::OfferEnded { .. } | Self::CameBack { .. } => {
                return None;
            }
        })
    }

    /// The agent who holds or answers the conversation from this change on, whose name its entry carries.
    pub const fn new_holder(&self) -> Option<AgentId> {
        match self {
            Self::Assigned { agent, .. }
            | Self::AnsweredOffline { agent }
            | Self::Transferred { to: Receiver::Agent(agent), .. } => Some(*agent),
            _ => None,
        }
    }

    /// The department whose queue it is given to by this change, whose name its entry carries.
    pub const fn new_department(&self) -> Option<DepartmentId> {
        match self {
            Self::Transferred { to: Receiver::Department(department), .. } => Some(*department),
            _ => None,
        }
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
