//! The bus tells sessions that something happened. It is a hint: losing a note delays, never loses (C7),
//! because every reader knows its position and the log is in the database.
//!
//! What is not here: who listens (`realtime/hub.rs` implements [`Deliver`]), and any promise of delivery.

/// The bus inside one process.
pub mod local;
/// A bus that loses and delays.
#[cfg(feature = "planted-bugs")]
pub mod faulty;

use std::sync::Arc;

use protocol::error::CloseCode;
use protocol::ids::{AgentId, ConversationId, TenantId, VisitorId};

/// What a session can listen to. Every topic belongs to one tenant (rule T4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Every agent of a tenant: list lines, colleagues.
    Agents(TenantId),
    /// Every visitor of a tenant: availability.
    Visitors(TenantId),
    /// One agent, on every tab and device.
    Agent(TenantId, AgentId),
    /// One visitor, on every tab: the entries, typing and state of that visitor's conversations.
    Visitor(TenantId, VisitorId),
    /// One conversation, for the agents who watch it.
    Conversation(TenantId, ConversationId),
}

/// What happened. Frames are encoded once, here, and shared by every receiver.
#[derive(Debug, Clone)]
pub enum Note {
    /// A conversation grew to `last_seq`.
    Entries {
        /// Which conversation.
        conversation: ConversationId,
        /// seq of the first entry in the frames; 0 when they hold none (see [`Note::position`]).
        from: u64,
        /// The newest entry.
        last_seq: u64,
        /// The `entries` event for readers of audience everyone.
        everyone: Arc<str>,
        /// The `entries` event for agents.
        agents: Arc<str>,
    },
    /// An event to pass on as it is: list lines, typing, read marks.
    Frame(Arc<str>),
    /// What a session's `visitor_state` or `agent_state` is made of has changed: read it again.
    StateChanged,
    /// Close the session: suspended, disabled, signed out (C20).
    Revoked(CloseCode),
}

impl Note {
    /// A conversation stands at `last_seq`. It carries no entries and continues nobody's position: whoever is
    /// behind reads the log.
    pub fn position(conversation: ConversationId, last_seq: u64) -> Self {
        Self::Entries { conversation, from: 0, last_seq, everyone: Arc::default(), agents: Arc::default() }
    }
}

/// The receiving end of the bus on a node.
pub trait Deliver: Send + Sync {
    /// Hands a note to every session that listens to the topic. Never waits for a socket.
    fn deliver(&self, topic: Topic, note: &Note);
}

/// Publishing. Enqueues and returns; at most once, in order per publisher.
pub trait Bus: Send + Sync {
    /// Tells every node that something happened.
    fn publish(&self, topic: Topic, note: Note);

    /// Whether notes reach the other nodes now, as far as this one knows.
    fn works(&self) -> bool {
        true
    }
}
