//! Who is connected. Being connected is a fact of sockets and polls, and not stored; what an agent *chose*
//! (online, away) is a column of `agent`. A long-poll counts as connected between two polls.

/// Presence inside one process.
pub mod local;
/// Presence of many nodes.
pub mod redis;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::ids::{AgentId, TenantId, VisitorId};

use crate::shared::message::NodeId;

/// Somebody who can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// An agent.
    Agent(TenantId, AgentId),
    /// A visitor.
    Visitor(TenantId, VisitorId),
}

/// A node of which nothing is heard any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silent {
    /// Which.
    pub node: NodeId,
    /// When it may have been heard last, Unix milliseconds.
    pub since: i64,
}

/// Knows who is connected. Counts connections: several tabs are one presence.
pub trait Presence: Send + Sync {
    /// One more connection, at `now` (Unix milliseconds). True when it is the first.
    fn joined(&self, who: Who, now: i64) -> bool;
    /// One connection less, at `now` (Unix milliseconds). True when it was the last.
    fn left(&self, who: Who, now: i64) -> bool;
    /// Whether a connection is open, or was within `grace_ms` before `now`.
    fn is_here(&self, who: Who, now: i64, grace_ms: i64) -> bool;
    /// Since when no connection is open; `None` while one is. A person never seen since the process began
    /// counts as gone since then.
    fn gone_since(&self, who: Who) -> Option<i64>;
    /// The person does something: not the connection, which lives by itself. True when the person was marked as
    /// idle; the mark goes.
    fn active(&self, who: Who, now: i64) -> bool;
    /// When that was last, or when the person came; the beginning of the process when that is not known.
    fn active_at(&self, who: Who) -> i64;
    /// Marks somebody as idle: the next sign of the person is told.
    fn mark_idle(&self, who: Who);
    /// Whether it is certain who is connected elsewhere. While it is not, who left counts as here: the person may have
    /// come to another node.
    fn is_sure(&self) -> bool {
        true
    }
    /// How many agents and how many visitors have a connection open.
    fn count(&self) -> (usize, usize);
    /// Waits until people came or went of whom nobody on this node was told by [`Presence::joined`] or
    /// [`Presence::left`], or of whom it became certain, and says who.
    fn moved(&self) -> BoxFuture<'_, Vec<Who>> {
        std::future::pending().boxed()
    }
    /// Looks after other nodes; to be called every second or so, at `now` (Unix milliseconds). Gives those of which
    /// nothing is heard any more; what is dead of them is to be buried.
    fn look_round(&self, _now: i64) -> Vec<Silent> {
        Vec::new()
    }
    /// A node is dead: its people are gone.
    fn bury(&self, _dead: Silent) {}
    /// This node stops, at `now` (Unix milliseconds): who is still counted here is gone.
    fn leave(&self, _now: i64) {}
}
