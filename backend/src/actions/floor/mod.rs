//! Who is at work in a tenant and what they hold: the picture that routing, availability, the lists and the board are
//! made of. Read afresh each time; nothing here is kept.

/// An agent at work.
mod agent;
/// A department: rules, hours, members, availability.
mod department;
/// What waits, in order, as routing sees it.
mod queue;

pub use agent::AgentNow;
pub(super) use agent::inactive_at;
pub use department::DepartmentNow;
pub use queue::{Places, Rejections};

use std::sync::Arc;

use domain::policy::Policy;
use domain::routing::{AgentLoad, Desk, Explainer, Reason, Rejection, Waiting};
use protocol::ids::{AgentId, ConversationId, DepartmentId, TenantId};
use protocol::state::Presence;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::Conn;
use crate::store::conversation::{self, Conversation};
use crate::store::offer;
use crate::store::tenant::{self, Tenant};
use crate::store::{agent as agents, department as departments};

/// A tenant's departments, agents, queue and conversations in progress.
pub struct Floor {
    /// The tenant.
    pub tenant: Tenant,
    /// Its rules, which departments may override.
    pub policy: Policy,
    /// Every department, oldest first; removed ones too, because conversations may still be in one.
    pub departments: Vec<DepartmentNow>,
    /// Its agents whose membership has not ended.
    pub agents: Vec<AgentNow>,
    /// What waits or is offered, in the order it will be served.
    pub queue: Vec<Conversation>,
    /// What agents hold.
    pub active: Vec<Conversation>,
    /// Where everything in the queue stands.
    pub places: Places,
    /// When it was read, Unix milliseconds.
    pub at: i64,
}

impl Floor {
    /// Reads the picture.
    ///
    /// # Errors
    /// `not_found` for the tenant; when the database fails.
    pub async fn read(app: &App, conn: &mut Conn, tenant: TenantId) -> AppResult<Self> {
        let row = tenant::find(conn, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
        let (policy, now) = (row.policy(), app.now());
        // Members first: of a department that is removed in between, who took over is seen with its own members at least.
        let members = departments::members(conn, tenant).await?;
        let departments = departments::list(conn, tenant).await?;
        let agents = agents::list(conn, tenant).await?;
        let mut queue = conversation::queue(conn, tenant).await?;
        let mut active = conversation::active(conn, tenant).await?;
        active.sort_unstable_by_key(|row| row.id);
        let departments: Vec<DepartmentNow> =
            departments.into_iter().map(|row| DepartmentNow::new(row, &policy, now)).collect();
        let loads = agent::loads(&queue, &active, &policy, now);
        let agents: Vec<AgentNow> = agents
            .into_iter()
            .filter(|agent| agent.disabled_at.is_none())
            .map(|agent| {
                let presence = presence(app, &agent, &policy);
                AgentNow::new(agent, presence, (&loads, &members), &policy)
            })
            .collect();
        let places = Places::new(&mut queue, &departments, policy.ageing_ms);
        Ok(Self { tenant: row, policy, departments, agents, queue, active, places, at: now })
    }

    /// The picture as it is now, read once for all who ask at the same time.
    ///
    /// # Errors
    /// As [`Floor::read`].
    pub async fn now(app: &App, tenant: TenantId) -> AppResult<Arc<Self>> {
        let read = || async { Self::read(app, &mut app.store.read(tenant).await?, tenant).await };
        app.together.get(tenant, read).await
    }

    /// Who declined, missed or gave back what waits now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rejections(&self, conn: &mut Conn) -> AppResult<Rejections> {
        let mut rejections = Rejections::new();
        for rejected in offer::rejections(conn, self.tenant.id).await? {
            let rejection = Rejection { agent: rejected.agent_id, at: rejected.decided_at };
            rejections.entry(rejected.conversation_id).or_default().push(rejection);
        }
        Ok(rejections)
    }

    /// Place in the queue of its department, 1 is next.
    pub fn position(&self, conversation: ConversationId) -> Option<u32> {
        self.places.position(conversation)
    }

    /// The agent with this id.
    pub fn agent(&self, id: AgentId) -> Option<&AgentNow> {
        self.agents.iter().find(|now| now.agent.id == id)
    }

    /// The department with this id, or who took over from it when it was removed.
    pub fn department(&self, id: DepartmentId) -> Option<&DepartmentNow> {
        department::present(&self.departments, id)
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
    pub(super) fn loads(&self) -> Vec<AgentLoad> {
        self.agents.iter().map(AgentNow::load).collect()
    }

    /// The departments as routing sees them.
    pub(super) fn desks(&self) -> Vec<Desk> {
        self.open_departments().map(|found| found.desk(&self.departments)).collect()
    }

    /// A conversation of the queue as routing sees it. `rejections` are those of the tenant.
    pub(super) fn waiting(&self, app: &App, row: &Conversation, rejections: &Rejections) -> Waiting {
        let here = app.presence.gone_since(Who::Visitor(self.tenant.id, row.visitor_id)).is_none();
        let department = self.department(row.department_id).map_or(row.department_id, |found| found.row.id);
        queue::waiting(row, department, here, rejections)
    }

    /// Why conversations of the queue are with nobody yet: for every agent who could take one, why not.
    pub fn explain<'a>(
        &self,
        app: &App,
        rows: impl IntoIterator<Item = &'a Conversation>,
        rejections: &Rejections,
    ) -> Vec<(ConversationId, Vec<Reason>)> {
        let (loads, desks) = (self.loads(), self.desks());
        let mut explainer = Explainer::new(&loads, &desks, self.at);
        let rows = rows.into_iter();
        rows.map(|row| (row.id, explainer.explain(&self.waiting(app, row, rejections)))).collect()
    }

    /// Notes that a conversation of the queue was offered, as reading the picture again would.
    pub(super) fn offered(&mut self, offered: Conversation) {
        for agent in offered.offered() {
            if let Some(now) = self.agents.iter_mut().find(|now| now.agent.id == agent) {
                now.counted += 1;
                now.offers += 1;
            }
        }
        if let Some(row) = self.queue.iter_mut().find(|row| row.id == offered.id) {
            *row = offered;
        }
    }
}

/// Where everything stands that waits or is offered, without the rest of the picture.
///
/// # Errors
/// `not_found` for the tenant; when the database fails.
pub(super) async fn places(conn: &mut Conn, tenant: TenantId) -> AppResult<Places> {
    let policy = tenant::find(conn, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?.policy();
    let departments = departments::list(conn, tenant).await?;
    let departments: Vec<_> = departments.into_iter().map(|row| DepartmentNow::new(row, &policy, 0)).collect();
    let mut queue = conversation::queue(conn, tenant).await?;
    Ok(Places::new(&mut queue, &departments, policy.ageing_ms))
}

/// What the agent chose, as far as a connection is open (or was within the grace period).
fn presence(app: &App, agent: &agents::Agent, policy: &Policy) -> Presence {
    let here = app.presence.is_here(Who::Agent(agent.tenant_id, agent.id), app.now(), policy.agent_grace_ms);
    if here { agent.chosen_presence } else { Presence::Offline }
}
