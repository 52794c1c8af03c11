//! What decisions are explained with. Data, not sentences: the console puts it in the reader's language.

use protocol::ids::AgentId;
use serde::{Deserialize, Serialize};

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reason {
    /// This agent was chosen.
    Chosen {
        /// Who.
        agent: AgentId,
        /// Why.
        why: Choice,
    },
    /// This agent was not considered.
    Skipped {
        /// Who.
        agent: AgentId,
        /// Why.
        why: Skip,
    },
    /// The tenant has no agents to consider.
    NoAgents,
    /// Agents take conversations from the list.
    Manual,
}

/// Why an agent was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Choice {
    /// The visitor talked to this agent before.
    PreviousAgent,
    /// The smallest share of the capacity in use.
    LeastLoaded {
        /// Conversations held and offered, before this one.
        load: u32,
        /// How many at once.
        capacity: u32,
    },
    /// Without work the longest.
    LongestIdle {
        /// For how long, milliseconds.
        idle_ms: i64,
    },
    /// It was this agent's turn.
    RoundRobin,
    /// The agent rejected it earlier, but nobody else can take it.
    NobodyElse,
}

/// Why an agent was not considered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Skip {
    /// As many conversations as allowed.
    AtCapacity {
        /// Conversations held and offered.
        load: u32,
        /// How many at once.
        capacity: u32,
    },
    /// Declined, missed or gave it back just now.
    DeclinedRecently {
        /// How long ago, milliseconds.
        ago_ms: i64,
    },
    /// Declined, missed or gave it back earlier, and somebody else can take it.
    RejectedEarlier,
    /// Not taking conversations.
    Away,
    /// Not a member of the conversation's department.
    WrongDepartment,
}
