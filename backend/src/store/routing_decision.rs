//! What routing decided besides offers, and why.

use std::collections::HashSet;

use protocol::ids::{ConversationId, TenantId};
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// Nobody can take it now: why.
pub const WAITS: &str = "waits";
/// The visitor was written to.
pub const CALLED: &str = "called";

/// A decision.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Decision {
    /// Its id.
    pub id: Uuid,
    /// About which conversation.
    pub conversation_id: ConversationId,
    /// When.
    pub at: i64,
    /// [`WAITS`] or [`CALLED`].
    pub kind: String,
    /// JSON: [`domain::routing::Reason`]s.
    pub reasons: String,
}

/// Adds a decision.
pub async fn insert(conn: &mut Conn, tenant: TenantId, decision: &Decision) -> AppResult<()> {
    const SQL: &str = "insert into routing_decision (tenant_id, id, conversation_id, at, kind, reasons) \
         values ($1, $2, $3, $4, $5, $6)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(decision.id).bind(decision.conversation_id).bind(decision.at).bind(&decision.kind)
        .bind(&decision.reasons).execute(c).await.map(rows))?;
    Ok(())
}

/// Every decision about a conversation, in order.
pub async fn of_conversation(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
) -> AppResult<Vec<Decision>> {
    const SQL: &str = "select id, conversation_id, at, kind, reasons from routing_decision \
         where tenant_id = $1 and conversation_id = $2 order by at, id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).fetch_all(c).await)?)
}

/// What waits now and of which it is noted why it began to wait.
pub async fn explained(conn: &mut Conn, tenant: TenantId) -> AppResult<HashSet<ConversationId>> {
    // Not `distinct`: SQLite would go through everything the tenant ever had, because that comes in order.
    const SQL: &str = "select c.id from conversation c where c.tenant_id = $1 and c.state in ('waiting', 'offered') \
         and exists (select 1 from routing_decision d where d.tenant_id = c.tenant_id and d.conversation_id = c.id \
         and d.at >= c.waiting_since and d.kind = 'waits')";
    let rows: Vec<(ConversationId,)> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
