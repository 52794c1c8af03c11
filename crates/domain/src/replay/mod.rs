//! What would have happened: arrivals of a day, played again with other people, shifts or settings. Event by event,
//! on the real [`crate::routing::route`], so that it answers for the routing that is in use.
//!
//! What it leaves out: agents accept every offer at once, reply in time, are never away within a shift, and finish
//! what they hold after it; visitors are connected until they are served or give up; silence does not free a place;
//! nobody is transferred. Real waits are therefore longer. How long a conversation takes does not depend on who has it
//! or how many others that agent has.

/// Event by event.
mod engine;
/// Figures about many waits.
mod summary;
#[cfg(test)]
mod tests;

pub use summary::{Figures, Summary, Waits};

use std::collections::HashMap;

use protocol::ids::{AgentId, ConversationId, DepartmentId};
use serde::{Deserialize, Serialize};

use crate::hours::Hours;
use crate::routing::{Desk, Membership};

/// A visitor who wants to talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Which conversation; one listed twice counts once.
    pub conversation: ConversationId,
    /// When, Unix milliseconds.
    pub at: i64,
    /// To whose members.
    pub department: DepartmentId,
    /// Higher goes first ([`crate::queue::PRIORITIES`]).
    #[serde(default)]
    pub priority: u8,
    /// The visitor's language (BCP 47), if known.
    #[serde(default)]
    pub language: Option<String>,
    /// Skills wanted.
    #[serde(default)]
    pub skills: Vec<String>,
    /// How long the conversation occupies an agent, milliseconds.
    pub service_ms: i64,
    /// How long the visitor waits before giving up, milliseconds; `None`: as long as the settings allow.
    #[serde(default)]
    pub patience_ms: Option<i64>,
    /// Whom the visitor talked to before.
    #[serde(default)]
    pub previous_agent: Option<AgentId>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Who; an agent listed twice counts once.
    pub agent: AgentId,
    /// Conversations at once.
    pub capacity: u32,
    /// Departments the agent belongs to.
    pub departments: Vec<Membership>,
    /// Languages the agent writes (BCP 47).
    #[serde(default)]
    pub languages: Vec<String>,
    /// What the agent knows.
    #[serde(default)]
    pub skills: Vec<String>,
    /// When the agent takes conversations: from, inclusive, and until, exclusive, Unix milliseconds.
    pub shifts: Vec<(i64, i64)>,
}

/// The departments.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// With their settings. Visitors of others leave a message.
    pub desks: Vec<Desk>,
    /// When they are open; one that is not here is as its desk says.
    pub hours: HashMap<DepartmentId, Hours>,
}

/// What became of a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fate {
    /// An agent took the conversation.
    Served {
        /// Who.
        agent: AgentId,
        /// As a member of which department.
        department: DepartmentId,
        /// After how long, milliseconds.
        waited_ms: i64,
    },
    /// The visitor's patience was over.
    GaveUp {
        /// After how long, milliseconds.
        waited_ms: i64,
    },
    /// Nobody was there, the queue was full, or the wait was over: the visitor left a message.
    LeftOffline {
        /// After how long, milliseconds; 0: at once.
        waited_ms: i64,
    },
}

/// A visitor and what became of the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Visit {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whose members.
    pub department: DepartmentId,
    /// When, Unix milliseconds.
    pub at: i64,
    /// What became of it.
    pub fate: Fate,
}

/// What became of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// In the order of arrival.
    pub visits: Vec<Visit>,
}

/// Plays the arrivals with these people and rules. The same input gives the same outcome; its order does not matter.
pub fn replay(arrivals: &[Arrival], staff: &[Staff], rules: &Rules) -> Outcome {
    engine::Engine::new(arrivals, staff, rules).run()
}
