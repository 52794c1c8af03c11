//! Who is at work in a tenant and what they hold: the picture that routing, availability and the lists are
//! made of. Read afresh each time; nothing here is kept.

use std::collections::HashMap;

use domain::policy::Policy;
use domain::routing::AgentLoad;
use protocol::ids::{AgentId, ConversationId, TenantId};
use protocol::state::{Colleague, Presence};

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::Conn;
use crate::store::agent::{self, Agent};
use crate::store::conversation::{self, Conversation};
use crate::store::tenant::{self, Tenant};

/// A tenant's agents, queue and conversations in progress.
pub struct Floor {
    /// The tenant.
    pub tenant: Tenant,
    /// Its rules.
    pub policy: Policy,
    /// Its agents whose membership has not ended.
    pub agents: Vec<AgentNow>,
    /// What waits or is offered, in the order it will be served.
    pub queue: Vec<Conversation>,
    /// What agents hold.
    pub active: Vec<Conversation>,
}

/// Place in a queue, 1 is next.
pub(super) fn position(queue: &[Conversation], conversation: ConversationId) -> Option<u32> {
    let index = queue.iter().position(|row| row.id == conversation)?;
    u32::try_from(index + 1).ok()
}

/// An agent, and whether and how busy the agent is.
pub struct AgentNow {
    /// The membership.
    pub agent: Agent,
    /// Chosen presence, as far as the agent is connected.
    pub presence: Presence,
    /// Conversations that count against the capacity, offers included.
    pub counted: u32,
}

impl Floor {
    /// Reads the picture.
    pub async fn read(app: &App, conn: &mut Conn, tenant: TenantId) -> AppResult<Self> {
        let row = tenant::find(conn, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
        let policy = row.policy();
        let agents = agent::list(conn, tenant).await?;
        let queue = conversation::queue(conn, tenant).await?;
        let active = conversation::active(conn, tenant).await?;
        let load = loads(&queue, &active, &policy, app.now());
        let agents = agents
            .into_iter()
            .filter(|agent| agent.disabled_at.is_none())
            .map(|agent| AgentNow {
                presence: presence(app, &agent, &policy),
                counted: load.get(&agent.id).copied().unwrap_or(0),
                agent,
            })
            .collect();
        Ok(Self { tenant: row, policy, agents, queue, active })
    }

    /// Place in the queue, 1 is next.
    pub fn position(&self, conversation: ConversationId) -> Option<u32> {
        position(&self.queue, conversation)
    }

    /// The agent with this id.
    pub fn agent(&self, id: AgentId) -> Option<&AgentNow> {
        self.agents.iter().find(|now| now.agent.id == id)
    }

    /// Conversations all agents who take any could hold together.
    pub fn capacity(&self) -> u32 {
        let online = self.agents.iter().filter(|now| now.presence == Presence::Online);
        online.map(|now| u32::try_from(now.agent.capacity).unwrap_or(0)).sum()
    }
}

impl AgentNow {
    /// As routing sees the agent.
    pub(super) fn load(&self) -> AgentLoad {
        let agent = &self.agent;
        AgentLoad {
            agent: agent.id,
            presence: self.presence,
            load: self.counted,
            capacity: u32::try_from(agent.capacity).unwrap_or(0),
            departments: vec![],
            idle_since: agent.last_assigned_at.unwrap_or(agent.presence_at).max(agent.presence_at),
            last_assigned_at: agent.last_assigned_at.unwrap_or(0),
        }
    }

    /// As colleagues see the agent.
    pub(super) fn colleague(&self) -> Colleague {
        Colleague {
            id: self.agent.id,
            name: self.agent.name.clone(),
            role: self.agent.role,
            presence: self.presence,
            away: self.agent.away_reason.filter(|_| self.presence == Presence::Away),
            load: self.counted,
            capacity: u32::try_from(self.agent.capacity).unwrap_or(0),
            pause: None,
            since: None,
            departments: None,
        }
    }
}

/// What the agent chose, as far as a connection is open (or was within the grace period).
fn presence(app: &App, agent: &Agent, policy: &Policy) -> Presence {
    let here = app.presence.is_here(Who::Agent(agent.tenant_id, agent.id), app.now(), policy.agent_grace_ms);
    if here { agent.chosen_presence } else { Presence::Offline }
}

/// Conversations in which nobody wrote for a while do not count, nor do those nobody holds.
fn loads(queue: &[Conversation], active: &[Conversation], policy: &Policy, now: i64) -> HashMap<AgentId, u32> {
    let mut loads = HashMap::new();
    for row in queue {
        if let Some(agent) = row.offered_to {
            *loads.entry(agent).or_insert(0) += 1;
        }
    }
    for row in active {
        let touched = row.message_at.max(row.assigned_at).unwrap_or(row.created_at);
        if let (Some(agent), true) = (row.agent_id, now - touched < policy.inactive_after_ms) {
            *loads.entry(agent).or_insert(0) += 1;
        }
    }
    loads
}
