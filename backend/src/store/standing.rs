//! How many wait, where each stands, and what keeps agents busy: what of every open conversation is needed to count,
//! without the rest of its row.

use protocol::ids::{AgentId, ConversationId, DepartmentId, TenantId};

use super::conversation::{Conversation, agents_of};
use super::{Conn, on};
use crate::error::AppResult;

/// What decides about a place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// Which conversation.
    pub id: ConversationId,
    /// Whose queue it is in.
    pub department_id: DepartmentId,
    /// Goes first in its queue.
    pub at_head: bool,
    /// Higher goes first.
    pub priority: i64,
    /// Its place in the order of the queue.
    pub queued_at: Option<i64>,
    /// When it began.
    pub created_at: i64,
}

/// What decides whether a conversation counts against the capacity of who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    /// Who holds it.
    pub agent_id: Option<AgentId>,
    /// Newest message of either side.
    pub message_at: Option<i64>,
    /// When it was last assigned.
    pub assigned_at: Option<i64>,
    /// When it began.
    pub created_at: i64,
}

impl Conversation {
    /// What decides about its place in the queue.
    pub fn standing(&self) -> Standing {
        Standing {
            id: self.id,
            department_id: self.department_id,
            at_head: self.at_head,
            priority: self.priority,
            queued_at: self.queued_at,
            created_at: self.created_at,
        }
    }

    /// What decides whether it counts against the capacity of who holds it.
    pub fn held(&self) -> Held {
        Held {
            agent_id: self.agent_id,
            message_at: self.message_at,
            assigned_at: self.assigned_at,
            created_at: self.created_at,
        }
    }
}

pub(super) const QUEUE: &str = "select id, department_id, at_head, priority, queued_at, created_at from conversation \
     where tenant_id = $1 and state in ('waiting', 'offered')";
pub(super) const LENGTHS: &str = "select department_id, count(*) from conversation \
     where tenant_id = $1 and state in ('waiting', 'offered') group by department_id";
pub(super) const OFFERED: &str =
    "select offered_to, offered_also from conversation where tenant_id = $1 and state = 'offered'";
pub(super) const HELD: &str = "select agent_id, message_at, assigned_at, created_at from conversation \
     where tenant_id = $1 and state = 'active'";

/// What waits or is offered, in any order.
pub async fn queue(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Standing>> {
    Ok(on!(conn, c => sqlx::query_as(QUEUE).bind(tenant).fetch_all(c).await)?)
}

/// How many wait or are offered, by department.
pub async fn lengths(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<(DepartmentId, u32)>> {
    let rows: Vec<(DepartmentId, i64)> = on!(conn, c => sqlx::query_as(LENGTHS).bind(tenant).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(department, count)| (department, u32::try_from(count).unwrap_or(u32::MAX))).collect())
}

/// An agent for each offer that stands.
pub async fn offered(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<AgentId>> {
    let rows: Vec<(Option<AgentId>, Option<String>)> =
        on!(conn, c => sqlx::query_as(OFFERED).bind(tenant).fetch_all(c).await)?;
    Ok(rows.into_iter().flat_map(|(to, also)| to.into_iter().chain(agents_of(also.as_deref()))).collect())
}

/// What agents hold, in any order.
pub async fn held(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Held>> {
    Ok(on!(conn, c => sqlx::query_as(HELD).bind(tenant).fetch_all(c).await)?)
}
