//! The state machine of a conversation: `waiting` -> `offered` -> `active` -> `closed`, and `offline`.
//!
//! While it waits its visitor may keep the place and leave: `kept_at` says so, and from the call to the visitor on
//! `call_deadline_at` until when the place is held.
//!
//! [`Conversation::decide`] answers a command with [`Change`]s or a [`Refusal`] and changes nothing;
//! [`Conversation::apply`] folds one change into the projection; [`Change::entry`] is the log entry it writes, if
//! any. The author of every entry is the actor of the command. Whoever stores a conversation loads the
//! projection, decides, applies every change in order, and appends the entries in one transaction.
//!
//! Not here: whether ids exist, belong to the tenant or are enabled, who is connected, and dedupe by `cmid`.

/// What can happen to a conversation.
mod change;
/// What can be asked of a conversation, by whom.
mod command;
/// What a change does to the projection.
mod apply;
/// Which command is allowed when.
mod decide;
/// Why a command was refused.
mod refusal;

pub use change::{Change, Names, OfferEnd, Written};
pub use command::{Actor, Command, Receiver};
pub use refusal::Refusal;

use protocol::ids::{AgentId, DepartmentId, VisitorId};
use protocol::state::ConversationState;

/// What decisions need to know of a conversation: a projection of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The state.
    pub state: ConversationState,
    /// Whose conversation it is.
    pub visitor: VisitorId,
    /// In whose queue it waits, waited last or would wait.
    pub department: DepartmentId,
    /// Who holds it while active; who answers it while offline; who held it last when closed.
    pub agent: Option<AgentId>,
    /// Who held it last and whom routing prefers; forgotten when that agent gave it back or did not reply.
    pub last_agent: Option<AgentId>,
    /// To whom it is offered, each once; empty unless offered.
    pub offered_to: Vec<AgentId>,
    /// Until when the offer stands, Unix milliseconds; only while offered.
    pub offer_deadline_at: Option<i64>,
    /// Whether it goes before everybody who is not: an agent had it and lost it or gave it away. Only while waiting or
    /// offered.
    pub at_head: bool,
    /// When the visitor left an address and kept the place, Unix milliseconds; only while waiting or offered.
    pub kept_at: Option<i64>,
    /// The visitor who kept the place was written to, and it is held until then, Unix milliseconds; only while waiting.
    pub call_deadline_at: Option<i64>,
    /// Since when it waits, Unix milliseconds; only while waiting or offered. For display and the longest wait.
    pub waiting_since: Option<i64>,
    /// When it first entered the queue since it was last closed or offline, Unix milliseconds: its place in the
    /// order. Kept while active, so that a conversation an agent lost goes back to the head.
    pub queued_at: Option<i64>,
    /// When it was closed, Unix milliseconds; only while closed.
    pub closed_at: Option<i64>,
    /// When an agent first replied, Unix milliseconds.
    pub first_reply_at: Option<i64>,
    /// When it goes back to the queue unless the agent replies, Unix milliseconds; only while active.
    pub reply_deadline_at: Option<i64>,
    /// The newest score, 1 to 5.
    pub rating: Option<u8>,
}

impl Conversation {
    /// A conversation whose visitor wants to talk now. Returns it before, and the changes of, its first
    /// transaction; `first` is the first message, if the form had one. The caller checks availability and
    /// queue length of the department ([`crate::queue::availability`]) before.
    pub fn start(visitor: VisitorId, department: DepartmentId, first: Option<Written>) -> (Self, Vec<Change>) {
        let mut changes = vec![Change::Queued { reason: None }];
        changes.extend(first.map(Change::Wrote));
        (Self::empty(visitor, department), changes)
    }

    /// A message left while nobody is there: as [`Self::start`], with the state `offline`.
    pub fn leave_message(
        visitor: VisitorId,
        department: DepartmentId,
        name: Option<String>,
        email: Option<String>,
        message: Written,
    ) -> (Self, Vec<Change>) {
        let changes = vec![Change::LeftOffline { name, email }, Change::Wrote(message)];
        (Self::empty(visitor, department), changes)
    }

    const fn empty(visitor: VisitorId, department: DepartmentId) -> Self {
        Self {
            state: ConversationState::Offline,
            visitor,
            department,
            agent: None,
            last_agent: None,
            offered_to: Vec::new(),
            offer_deadline_at: None,
            at_head: false,
            kept_at: None,
            call_deadline_at: None,
            waiting_since: None,
            queued_at: None,
            closed_at: None,
            first_reply_at: None,
            reply_deadline_at: None,
            rating: None,
        }
    }

    /// Whether `agent` holds it now.
    pub fn is_held_by(&self, agent: AgentId) -> bool {
        self.state == ConversationState::Active && self.agent == Some(agent)
    }

    /// Whether it is offered to `agent` now.
    pub fn is_offered_to(&self, agent: AgentId) -> bool {
        self.offered_to.contains(&agent)
    }

    /// Whether it is in a queue: waiting or offered.
    pub const fn is_queued(&self) -> bool {
        matches!(self.state, ConversationState::Waiting | ConversationState::Offered)
    }

    /// Whether the visitor's next message continues it instead of starting another one.
    pub fn continues(&self, policy: &crate::policy::Policy, now: i64) -> bool {
        match (self.state, self.closed_at) {
            (ConversationState::Closed, None) => false,
            (ConversationState::Closed, Some(at)) => now.saturating_sub(at) < policy.reopen_window_ms,
            _ => true,
        }
    }

    /// When something happens by itself, Unix milliseconds: an offer lapses, a reply is overdue, the longest wait is
    /// over (never of who keeps the place), or a visitor who was called has not come back. `None`: never.
    pub fn wake_at(&self, policy: &crate::policy::Policy) -> Option<i64> {
        match self.state {
            ConversationState::Waiting if self.kept_at.is_some() => self.call_deadline_at,
            ConversationState::Waiting => self.waiting_since.map(|at| at.saturating_add(policy.max_wait_ms)),
            ConversationState::Offered => self.offer_deadline_at,
            ConversationState::Active => self.reply_deadline_at,
            ConversationState::Closed | ConversationState::Offline => None,
        }
    }
}
