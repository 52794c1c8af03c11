use std::collections::HashMap;
use std::sync::Arc;

use domain::policy::Policy;
use domain::routing::{AgentLoad, Desk};
use protocol::ids::{AgentId, DepartmentId, TenantId};
use protocol::state::Presence;

use super::department::present;
use super::{AgentNow, DepartmentNow, agent};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::Conn;
use crate::store::department::{Department, Member};
use crate::store::standing::{self, Held};
use crate::store::tenant::{self, Tenant};
use crate::store::{agent as agents, department as departments};

/// A tenant's departments and agents, how busy the agents are and how many wait: what it takes to say whether visitors
/// can chat, without a look at every conversation.
pub struct Staff {
    /// The tenant.
    pub tenant: Tenant,
    /// Its rules, which departments may override.
    pub policy: Policy,
    /// Every department, oldest first; removed ones too, because conversations may still be in one.
    pub departments: Vec<DepartmentNow>,
    /// Its agents whose membership has not ended.
    pub agents: Vec<AgentNow>,
    /// When it was read, Unix milliseconds.
    pub at: i64,
    lengths: HashMap<DepartmentId, u32>,
}

/// The rows of a tenant's people.
pub(super) struct People {
    tenant: Tenant,
    members: Vec<Member>,
    departments: Vec<Department>,
    agents: Vec<agents::Agent>,
}

/// What keeps people busy.
pub(super) struct Busy {
    /// How many wait or are offered, by department; one may come more than once.
    pub(super) waiting: Vec<(DepartmentId, u32)>,
    /// An agent for each offer that stands.
    pub(super) offered: Vec<AgentId>,
    /// What agents hold.
    pub(super) held: Vec<Held>,
}

impl People {
    pub(super) async fn read(conn: &mut Conn, id: TenantId) -> AppResult<Self> {
        let tenant = tenant::find(conn, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
        // Members first: of a department that is removed in between, who took over is seen with its own members at least.
        let members = departments::members(conn, id).await?;
        let departments = departments::list(conn, id).await?;
        let agents = agents::list(conn, id).await?;
        Ok(Self { tenant, members, departments, agents })
    }

    pub(super) fn staff(self, app: &App, busy: &Busy) -> Staff {
        let (policy, now) = (self.tenant.policy(), app.now());
        let departments: Vec<DepartmentNow> =
            self.departments.into_iter().map(|row| DepartmentNow::new(row, &policy, now)).collect();
        let loads = agent::loads(&busy.offered, &busy.held, &policy, now);
        let agents = self.agents.into_iter().filter(|agent| agent.disabled_at.is_none());
        let agents = agents.map(|agent| {
            let presence = presence(app, &agent, &policy);
            AgentNow::new(agent, presence, (&loads, &self.members), &policy)
        });
        let agents = agents.collect();
        let mut lengths = HashMap::new();
        for (department, waiting) in &busy.waiting {
            let id = present(&departments, *department).map_or(*department, |found| found.row.id);
            *lengths.entry(id).or_insert(0) += waiting;
        }
        Staff { tenant: self.tenant, policy, departments, agents, at: now, lengths }
    }
}

impl Staff {
    /// Reads the picture.
    async fn read(app: &App, conn: &mut Conn, tenant: TenantId) -> AppResult<Self> {
        let people = People::read(conn, tenant).await?;
        let busy = Busy {
            waiting: standing::lengths(conn, tenant).await?,
            offered: standing::offered(conn, tenant).await?,
            held: standing::held(conn, tenant).await?,
        };
        Ok(people.staff(app, &busy))
    }

    /// The picture as it is now, read once for all who ask at the same time.
    ///
    /// # Errors
    /// `not_found` for the tenant; when the database fails.
    pub async fn now(app: &App, tenant: TenantId) -> AppResult<Arc<Self>> {
        let read = || async { Self::read(app, &mut app.store.read(tenant).await?, tenant).await };
        app.together.get(tenant, read).await
    }

    /// How many wait or are offered in a department.
    pub(super) fn waiting_in(&self, department: DepartmentId) -> u32 {
        self.lengths.get(&department).copied().unwrap_or(0)
    }

    /// The agent with this id.
    pub fn agent(&self, id: AgentId) -> Option<&AgentNow> {
        self.agents.iter().find(|now| now.agent.id == id)
    }

    /// The department with this id, or who took over from it when it was removed.
    pub fn department(&self, id: DepartmentId) -> Option<&DepartmentNow> {
        present(&self.departments, id)
    }

    /// The rules that hold in a department; the tenant's when there is no such department.
    pub fn rules(&self, id: DepartmentId) -> &Policy {
        self.department(id).map_or(&self.policy, |found| &found.policy)
    }

    /// Departments that were not removed, oldest first.
    pub fn open_departments(&self) -> impl Iterator<Item = &DepartmentNow> {
        self.departments.iter().filter(|found| found.row.removed_at.is_none())
    }

    /// Members of a department who take conversations.
    pub fn online_members(&self, id: DepartmentId) -> impl Iterator<Item = &AgentNow> {
        let online = self.agents.iter().filter(|now| now.presence == Presence::Online);
        online.filter(move |now| now.is_member(id))
    }

    /// Conversations that the members of a department who take any could hold together.
    pub fn capacity(&self, id: DepartmentId) -> u32 {
        self.online_members(id).map(|now| now.capacity).sum()
    }

    /// The agents as routing sees them.
    pub(in crate::actions) fn loads(&self) -> Vec<AgentLoad> {
        self.agents.iter().map(AgentNow::load).collect()
    }

    /// The departments as routing sees them.
    pub(in crate::actions) fn desks(&self) -> Vec<Desk> {
        self.open_departments().map(|found| found.desk(&self.departments)).collect()
    }
}

/// What the agent chose, as far as a connection is open (or was within the grace period).
fn presence(app: &App, agent: &agents::Agent, policy: &Policy) -> Presence {
    let here = app.presence.is_here(Who::Agent(agent.tenant_id, agent.id), app.now(), policy.agent_grace_ms);
    if here { agent.chosen_presence } else { Presence::Offline }
}
