//! The bus tells sessions that something happened. It is a hint: losing a note delays, never loses (C7),
//! because every reader knows its position and the log is in the database.
//!
//! What is not here: who listens (`realtime/hub.rs` implements [`Deliver`]), and any promise of delivery.

/// The bus inside one process.
pub mod local;
/// The bus of many nodes.
pub mod redis;
/// A bus that loses and delays.
#[cfg(feature = "planted-bugs")]
pub mod faulty;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::error::CloseCode;
use protocol::ids::{AgentId, ConversationId, TenantId, VisitorId};
use tokio::time::timeout;

use crate::shared::ears::Ear;

/// How long a session waits until it hears other nodes: later it learns of what it missed as of any loss.
const READY_WITHIN: Duration = Duration::from_secs(1);

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

impl Topic {
    /// Whose it is.
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Agents(tenant)
            | Self::Visitors(tenant)
            | Self::Agent(tenant, _)
            | Self::Visitor(tenant, _)
            | Self::Conversation(tenant, _) => *tenant,
        }
    }
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
    /// An event to pass on as it is: typing, read marks.
    Frame(Arc<str>),
    /// The line of a conversation in the agents' lists, as it is now: whoever has not sent an older one yet need not.
    /// Nodes tell of what they read, so that an older line may come behind a newer one.
    Line {
        /// Which conversation.
        conversation: ConversationId,
        /// Of two lines the one with more is newer; see `Conversation::touch`.
        updated_at: i64,
        /// The encoded `conversation` event.
        frame: Arc<str>,
    },
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

/// What one node's jobs tell the others'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A node has dispatched for a tenant.
    Round {
        /// For whom.
        tenant: TenantId,
        /// When to look again even if nothing happens, Unix milliseconds.
        wake_at: Option<i64>,
    },
}

/// Notes that may not have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Of these tenants.
    Of(HashSet<TenantId>),
    /// Of any tenant.
    Anything,
}

/// Hears other nodes' notes of a tenant for as long as it lives.
#[derive(Default)]
pub struct Listening(Option<Arc<Ear>>);

impl Listening {
    /// Waits until they are heard, at most a second: whoever reads after that misses nothing (C6).
    pub async fn ready(&self) {
        if let Some(ear) = &self.0 {
            let _ = timeout(READY_WITHIN, ear.ready()).await;
        }
    }
}

/// The receiving end of the bus on a node.
pub trait Deliver: Send + Sync {
    /// Hands a note to every session that listens to the topic. Never waits for a socket.
    fn deliver(&self, topic: Topic, note: &Note);
    /// Tells every session, or every session of these tenants, that notes may have been lost.
    fn lost(&self, lost: &Lost);
}

/// Publishing. Enqueues and returns; at most once, in order per publisher. A bus inside one process loses nothing
/// and has nobody else to talk to.
pub trait Bus: Send + Sync {
    /// Tells every node that something happened.
    fn publish(&self, topic: Topic, note: Note);
    /// Begins to hear what other nodes publish of a tenant.
    fn listen(&self, _tenant: TenantId) -> Listening {
        Listening::default()
    }
    /// Waits until notes may have been lost on the way here.
    fn lost(&self) -> BoxFuture<'_, Lost> {
        std::future::pending().boxed()
    }
    /// Tells the jobs of the other nodes something.
    fn tell_nodes(&self, _news: News) {}
    /// Whether other nodes are heard.
    fn works(&self) -> bool {
        true
    }
    /// The next that another node's jobs tell. For one job.
    fn news(&self) -> BoxFuture<'_, News> {
        std::future::pending().boxed()
    }
}
