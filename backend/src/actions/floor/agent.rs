use std::collections::HashMap;

use domain::policy::Policy;
use domain::routing::{AgentLoad, Membership};
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::{Colleague, Presence};

use crate::store::agent::Agent;
use crate::store::conversation::Conversation;
use crate::store::department::Member;
use crate::store::standing::Held;

/// An agent, and whether and how busy the agent is.
pub struct AgentNow {
    /// The membership.
    pub agent: Agent,
    /// Chosen presence, as far as the agent is connected.
    pub presence: Presence,
    /// Conversations that count against the capacity, offers included.
    pub counted: u32,
    /// Offers that stand.
    pub offers: u32,
    /// Conversations at once.
    pub capacity: u32,
    /// Departments the agent is a member of.
    pub departments: Vec<Membership>,
}

/// What agents hold and are offered: conversations that count, and offers among them.
pub(super) type Loads = HashMap<AgentId, (u32, u32)>;

impl AgentNow {
    pub(super) fn new(
        agent: Agent,
        presence: Presence,
        (loads, members): (&Loads, &[Member]),
        policy: &Policy,
    ) -> Self {
        let (counted, offers) = loads.get(&agent.id).copied().unwrap_or_default();
        let mine = members.iter().filter(|member| member.agent_id == agent.id);
        let departments = mine.map(|member| Membership {
            department: member.department_id,
            priority: u8::try_from(member.priority).unwrap_or(u8::MAX),
        });
        let departments = departments.collect();
        Self { capacity: agent.capacity(policy.capacity), presence, counted, offers, departments, agent }
    }

    /// Whether the agent is a member of a department.
    pub fn is_member(&self, department: DepartmentId) -> bool {
        self.departments.iter().any(|membership| membership.department == department)
    }

    /// Conversations the agent can take besides what counts now.
    pub fn free(&self) -> u32 {
        self.capacity.saturating_sub(self.counted)
    }

    /// As routing sees the agent.
    pub(super) fn load(&self) -> AgentLoad {
        let agent = &self.agent;
        AgentLoad {
            agent: agent.id,
            presence: self.presence,
            load: self.counted,
            offers: self.offers,
            capacity: self.capacity,
            departments: self.departments.clone(),
            languages: agent.languages.0.clone(),
            skills: agent.skills.0.clone(),
            idle_since: agent.last_assigned_at.unwrap_or(agent.presence_at).max(agent.presence_at),
            last_assigned_at: agent.last_assigned_at.unwrap_or(0),
        }
    }

    /// As colleagues see the agent.
    pub(in crate::actions) fn colleague(&self) -> Colleague {
        let away = self.presence == Presence::Away;
        Colleague {
            id: self.agent.id,
            name: self.agent.name.clone(),
            role: self.agent.role,
            presence: self.presence,
            away: self.agent.away_reason.filter(|_| away),
            load: self.counted,
            capacity: self.capacity,
            pause: self.agent.pause.filter(|_| away),
            // Since when somebody is not connected is not stored.
            since: Some(self.agent.presence_at).filter(|_| self.presence == self.agent.chosen_presence),
            departments: Some(self.departments.iter().map(|membership| membership.department).collect()),
        }
    }
}

/// Conversations in which nobody wrote for a while do not count, nor do those nobody holds.
pub(super) fn loads(offered: &[AgentId], held: &[Held], policy: &Policy, now: i64) -> Loads {
    let mut loads = Loads::new();
    for agent in offered {
        let (counted, offers) = loads.entry(*agent).or_default();
        *counted += 1;
        *offers += 1;
    }
    for row in held {
        if let (Some(agent), true) = (row.agent_id, now < counts_until(row, policy)) {
            loads.entry(agent).or_default().0 += 1;
        }
    }
    loads
}

/// When a conversation that an agent holds stops to count against the capacity, unless somebody writes.
pub(in crate::actions) fn inactive_at(row: &Conversation, policy: &Policy) -> i64 {
    counts_until(&row.held(), policy)
}

fn counts_until(row: &Held, policy: &Policy) -> i64 {
    row.message_at.max(row.assigned_at).unwrap_or(row.created_at).saturating_add(policy.inactive_after_ms)
}
