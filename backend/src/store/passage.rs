//! How conversations passed through the queue, from their logs: for replays and staffing.

use protocol::entry::AuthorKind;
use protocol::ids::{ConversationId, DepartmentId, TenantId};

use super::{Conn, on};
use crate::error::AppResult;

/// An entry that says where a conversation stood, beside what is known about the conversation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Passage {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The department it was in last.
    pub department_id: DepartmentId,
    /// Higher goes first.
    pub priority: i64,
    /// Language of the visitor, BCP 47.
    pub language: Option<String>,
    /// JSON: what an agent must be able to do.
    pub skills: Option<String>,
    /// The conversation's newest message of either side, Unix milliseconds.
    pub message_at: Option<i64>,
    /// What the entry is.
    pub kind: String,
    /// When it was stored, Unix milliseconds.
    pub at: i64,
    /// Who caused it.
    pub author_kind: AuthorKind,
    /// JSON: what it says; `None` after erasure.
    pub body: Option<String>,
}

/// The entries of every conversation that anything happened to from `from` to `to` (Unix milliseconds), also those before
/// and after, conversation by conversation in the order in which they began.
pub async fn between(conn: &mut Conn, tenant: TenantId, from: i64, to: i64) -> AppResult<Vec<Passage>> {
    const SQL: &str = "select c.id as conversation_id, c.department_id, c.priority, c.language, c.skills, c.message_at, \
         e.kind, e.at, e.author_kind, e.body from conversation c \
         join entry e on e.tenant_id = c.tenant_id and e.conversation_id = c.id \
         where c.tenant_id = $1 and c.created_at < $3 and c.updated_at >= $2 and e.kind in ('queued', 'assigned', \
         'transferred', 'left_offline', 'closed', 'reopened') order by c.created_at, c.id, e.seq";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(from).bind(to).fetch_all(c).await)?)
}
