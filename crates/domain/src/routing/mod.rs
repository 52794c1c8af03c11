//! Who gets the next conversation. A pure function: the same queue, agents, policy and time give the same
//! decisions, with their reasons.
//!
//! Promises, each with a property test: first in, first out inside a priority (waiting raises it); never above
//! an agent's capacity; never one conversation to two agents; never to an agent who declined or missed it just
//! now; whenever a conversation and an agent who can take it exist, it is assigned.

/// What decisions are explained with.
mod reason;

pub use reason::{Choice, Reason, Skip};

use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::Presence;
use serde::{Deserialize, Serialize};

use crate::policy::{Policy, Strategy};

/// A conversation in the state `waiting`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub conversation: ConversationId,
    /// Whose agents may take it; `None`: every agent.
    pub department: Option<DepartmentId>,
    /// Higher goes first; 0 is normal.
    pub priority: u8,
    /// Its place in the order, Unix milliseconds ([`crate::conversation::Conversation::queued_at`]).
    pub queued_at: i64,
    /// Since when it waits this time, Unix milliseconds.
    pub waiting_since: i64,
    /// Whom the visitor talked to before ([`crate::conversation::Conversation::last_agent`]).
    pub previous_agent: Option<AgentId>,
    /// Who declined, missed or gave it back, and when.
    pub rejections: Vec<Rejection>,
}

/// An agent did not take a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Who.
    pub agent: AgentId,
    /// When, Unix milliseconds.
    pub at: i64,
}

/// An agent and how busy the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLoad {
    /// Who.
    pub agent: AgentId,
    /// Only [`Presence::Online`] is offered anything.
    pub presence: Presence,
    /// Conversations held that count against the capacity, and offers that stand.
    pub load: u32,
    /// How many at once.
    pub capacity: u32,
    /// Departments the agent belongs to.
    pub departments: Vec<DepartmentId>,
    /// Since when the agent has had no work or no new conversation, Unix milliseconds.
    pub idle_since: i64,
    /// When the agent was last assigned a conversation, Unix milliseconds; 0 for never.
    pub last_assigned_at: i64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Routing {
    /// Offers to make, in order.
    pub decisions: Vec<Assignment>,
    /// Conversations that wait on, in order.
    pub unserved: Vec<Skipped>,
    /// When to route again even if nothing happens, Unix milliseconds: an offer lapses, a rejection is forgotten,
    /// or a wait is over. Always later than now.
    pub wake_at: Option<i64>,
}

/// An offer to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whom.
    pub agent: AgentId,
    /// Until when the offer stands, Unix milliseconds.
    pub deadline_at: i64,
    /// Why this agent, and why not the others.
    pub reasons: Vec<Reason>,
}

/// A conversation nobody can take now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Why none of the agents.
    pub reasons: Vec<Reason>,
}

/// Decides who is offered what. `now` is Unix milliseconds.
pub fn route(waiting: &[Waiting], agents: &[AgentLoad], policy: &Policy, now: i64) -> Routing {
    let mut agents = agents.to_vec();
    let mut routing = Routing::default();
    for conversation in ordered(waiting, policy, now) {
        match choose(conversation, &agents, policy, now) {
            (Some(agent), reasons) => {
                let deadline_at = now.saturating_add(policy.offer_deadline_ms.max(1));
                for load in agents.iter_mut().filter(|load| load.agent == agent) {
                    load.load = load.load.saturating_add(1);
                    load.idle_since = now;
                    load.last_assigned_at = now;
                }
                routing.decisions.push(Assignment {
                    conversation: conversation.conversation,
                    agent,
                    deadline_at,
                    reasons,
                });
                wake(&mut routing.wake_at, deadline_at, now);
            }
            (None, reasons) => {
                for rejection in &conversation.rejections {
                    wake(&mut routing.wake_at, forgotten_at(rejection, policy), now);
                }
                let over = conversation.waiting_since.saturating_add(policy.max_wait_ms);
                wake(&mut routing.wake_at, over, now);
                routing.unserved.push(Skipped { conversation: conversation.conversation, reasons });
            }
        }
    }
    routing
}

/// The order of the queue: priority raised by waiting, then first in, first out. A conversation listed twice
/// counts once.
pub fn ordered<'a>(waiting: &'a [Waiting], policy: &Policy, now: i64) -> Vec<&'a Waiting> {
    let mut order: Vec<&Waiting> = waiting.iter().collect();
    order.sort_by_key(|waiting| {
        let waited = now.saturating_sub(waiting.queued_at).max(0);
        let priority = i64::from(waiting.priority).saturating_add(waited / policy.ageing_ms.max(1));
        (std::cmp::Reverse(priority), waiting.queued_at, waiting.conversation)
    });
    let mut seen = std::collections::HashSet::new();
    order.retain(|waiting| seen.insert(waiting.conversation));
    order
}

fn choose(waiting: &Waiting, agents: &[AgentLoad], policy: &Policy, now: i64) -> (Option<AgentId>, Vec<Reason>) {
    if policy.strategy == Strategy::Manual {
        return (None, vec![Reason::Manual]);
    }
    if agents.is_empty() {
        return (None, vec![Reason::NoAgents]);
    }
    let mut reasons = Vec::new();
    let mut free = Vec::new();
    for agent in agents {
        match skip(waiting, agent, policy, now) {
            Some(why) => reasons.push(Reason::Skipped { agent: agent.agent, why }),
            None => free.push(agent),
        }
    }
    let rejected = |agent: &&AgentLoad| waiting.rejections.iter().any(|rejection| rejection.agent == agent.agent);
    let (again, fresh): (Vec<&AgentLoad>, Vec<&AgentLoad>) = free.into_iter().partition(rejected);
    let only_again = fresh.is_empty();
    if !only_again {
        let earlier = |agent: &&AgentLoad| Reason::Skipped { agent: agent.agent, why: Skip::RejectedEarlier };
        reasons.extend(again.iter().map(earlier));
    }
    let candidates = if only_again { again } else { fresh };
    let Some((chosen, why)) = best(waiting, &candidates, policy, now) else {
        return (None, reasons);
    };
    let why = if only_again { Choice::NobodyElse } else { why };
    let chosen = chosen.agent;
    reasons.insert(0, Reason::Chosen { agent: chosen, why });
    (Some(chosen), reasons)
}

/// Why an agent cannot take a conversation at all now.
fn skip(waiting: &Waiting, agent: &AgentLoad, policy: &Policy, now: i64) -> Option<Skip> {
    if agent.presence != Presence::Online {
        return Some(Skip::Away);
    }
    if waiting.department.is_some_and(|department| !agent.departments.contains(&department)) {
        return Some(Skip::WrongDepartment);
    }
    if agent.load >= agent.capacity {
        return Some(Skip::AtCapacity { load: agent.load, capacity: agent.capacity });
    }
    let rejections = waiting.rejections.iter();
    let newest = rejections.filter(|rejection| rejection.agent == agent.agent).max_by_key(|rejection| rejection.at)?;
    (forgotten_at(newest, policy) > now)
        .then(|| Skip::DeclinedRecently { ago_ms: now.saturating_sub(newest.at).max(0) })
}

fn best<'a>(
    waiting: &Waiting,
    candidates: &[&'a AgentLoad],
    policy: &Policy,
    now: i64,
) -> Option<(&'a AgentLoad, Choice)> {
    let previous = candidates.iter().find(|agent| Some(agent.agent) == waiting.previous_agent);
    if let Some(agent) = previous.filter(|_| policy.sticky) {
        return Some((agent, Choice::PreviousAgent));
    }
    let agents = candidates.iter().copied();
    let agent = match policy.strategy {
        Strategy::Manual => None,
        Strategy::LeastLoaded | Strategy::Broadcast => agents.min_by(|a, b| {
            // a.load / a.capacity against b.load / b.capacity, without division.
            let share = |x: &AgentLoad, y: &AgentLoad| u64::from(x.load) * u64::from(y.capacity);
            let order = share(a, b).cmp(&share(b, a));
            order.then_with(|| (a.idle_since, a.agent).cmp(&(b.idle_since, b.agent)))
        }),
        Strategy::LongestIdle => agents.min_by_key(|agent| (agent.idle_since, agent.agent)),
        Strategy::RoundRobin => agents.min_by_key(|agent| (agent.last_assigned_at, agent.agent)),
    }?;
    let why = match policy.strategy {
        Strategy::LongestIdle => Choice::LongestIdle { idle_ms: now.saturating_sub(agent.idle_since).max(0) },
        Strategy::RoundRobin => Choice::RoundRobin,
        Strategy::LeastLoaded | Strategy::Broadcast | Strategy::Manual => {
            Choice::LeastLoaded { load: agent.load, capacity: agent.capacity }
        }
    };
    Some((agent, why))
}

fn forgotten_at(rejection: &Rejection, policy: &Policy) -> i64 {
    rejection.at.saturating_add(policy.rejection_memory_ms)
}

fn wake(wake_at: &mut Option<i64>, at: i64, now: i64) {
    if at > now {
        *wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at)));
    }
}
