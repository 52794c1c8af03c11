//! What decisions are explained with. Data, not sentences: the console puts it in the reader's language.

use protocol::ids::{AgentId, DepartmentId};
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
    /// This agent was not considered, or was considered and not chosen.
    Skipped {
        /// Who.
        agent: AgentId,
        /// Why.
        why: Skip,
    },
    /// It waited long enough for the members of this department, too.
    Overflowed {
        /// Which.
        department: DepartmentId,
    },
    /// It may go to the members of this department later.
    OverflowsAt {
        /// Which.
        department: DepartmentId,
        /// From when on, Unix milliseconds.
        at: i64,
    },
    /// Other agents of the tenant are members of none of the departments that may take it.
    NotMembers {
        /// How many.
        count: u32,
    },
    /// Nobody is a member of a department that may take it.
    NoMembers,
    /// The tenant has no agents to consider.
    NoAgents,
    /// Agents take conversations from the list.
    Manual,
    /// The visitor keeps the place and is away: to be called when it is the visitor's turn.
    Kept,
    /// The visitor was called and is not back yet.
    Called,
    /// Its department does not exist.
    UnknownDepartment {
        /// Which.
        department: DepartmentId,
    },
}

/// Why an agent was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Choice {
    /// The visitor talked to this agent before.
    PreviousAgent,
    /// Nobody else can take it.
    Only,
    /// All who can take it are asked at once.
    Broadcast,
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

/// Why an agent was not considered or not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Skip {
    /// As many conversations as allowed.
    AtCapacity {
        /// Conversations held and offered, and places meant for visitors who were called.
        load: u32,
        /// How many at once.
        capacity: u32,
    },
    /// As many offers stand as an agent may have at one time.
    OfferPending,
    /// Declined, missed or gave it back just now.
    DeclinedRecently {
        /// How long ago, milliseconds.
        ago_ms: i64,
    },
    /// Declined, missed or gave it back earlier, and somebody else can take it who did not, or not so recently.
    RejectedEarlier,
    /// Not taking conversations.
    Away,
    /// Does not write the visitor's language: not considered, or somebody is free who does.
    OtherLanguage,
    /// Does not have a skill that is wanted: not considered, or somebody is free who has all.
    MissingSkill {
        /// Which.
        skill: String,
    },
    /// Would help out, but a member of a department that goes first is free.
    OtherDepartment,
    /// Asked later than the one chosen: members of the department have an order.
    LaterPriority {
        /// The agent's place in that order; 0 is first.
        priority: u8,
    },
    /// Free, but the strategy or the visitor's previous agent decided for another.
    NotPreferred,
    /// Not a member of the conversation's department. Written by earlier versions only.
    WrongDepartment,
}
