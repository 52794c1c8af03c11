//! Who is at work in a tenant and what they hold: the picture that routing, availability, the lists and the board are
//! made of. Read afresh each time; nothing here is kept.

/// An agent at work.
mod agent;
/// A department: rules, hours, members, availability.
mod department;
/// What waits, in order, as routing sees it.
mod queue;
/// Departments and agents together.
mod staff;

pub use agent::AgentNow;
pub(super) use agent::inactive_at;
pub use department::DepartmentNow;
pub use queue::{Places, Rejections};
pub use staff::Staff;

use std::ops::Deref;
use std::sync::Arc;

use domain::routing::{Explainer, Reason, Rejection, Waiting};
use protocol::ids::{ConversationId, TenantId};

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::Conn;
use crate::store::conversation::{self, Conversation};
use crate::store::{department as departments, offer, standing, tenant};
use staff::{Busy, People};

/// A tenant's departments, agents, queue and conversations in progress.
pub struct Floor {
    /// Departments and agents. What there is to ask of them is asked of the floor.
    pub staff: Staff,
    /// What waits or is offered, in the order it will be served.
    pub queue: Vec<Conversation>,
    /// What agents hold, oldest first.
    pub active: Vec<Conversation>,
    /// Where everything in the queue stands.
    pub places: Places,
}

impl Deref for Floor {
    type Target = Staff;

    fn deref(&self) -> &Staff {
        &self.staff
    }
}

impl Floor {
    /// Reads the picture.
    ///
    /// # Errors
    /// `not_found` for the tenant; when the database fails.
    pub async fn read(app: &App, conn: &mut Conn, tenant: TenantId) -> AppResult<Self> {
        let people = People::read(conn, tenant).await?;
        let mut queue = conversation::queue(conn, tenant).await?;
        let mut active = conversation::active(conn, tenant).await?;
        active.sort_unstable_by_key(|row| row.id);
        let busy = Busy {
            waiting: queue.iter().map(|row| (row.department_id, 1)).collect(),
            offered: queue.iter().flat_map(Conversation::offered).collect(),
            held: active.iter().map(Conversation::held).collect(),
        };
        let staff = people.staff(app, &busy);
        let places = Places::new(&mut queue, &staff.departments, staff.policy.ageing_ms);
        Ok(Self { staff, queue, active, places })
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
    pub(super) fn note_offered(&mut self, offered: Conversation) {
        for agent in offered.offered() {
            if let Some(now) = self.staff.agents.iter_mut().find(|now| now.agent.id == agent) {
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
    let queue = standing::queue(conn, tenant).await?;
    Ok(Places::of(&queue, &departments, policy.ageing_ms))
}
