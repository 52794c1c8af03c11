//! How far agents have read. Marks only grow.

use protocol::ids::{AgentId, ConversationId, TenantId};

use super::{Conn, on, rows};
use crate::error::AppResult;

/// An agent's mark in a conversation that is in the lists.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Mark {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Read up to here.
    pub seq: i64,
    /// Visitor messages of the conversation when the mark was set.
    pub visitor_messages: i64,
}

/// Sets a mark, unless it is further already.
pub async fn set(conn: &mut Conn, tenant: TenantId, agent: AgentId, mark: Mark) -> AppResult<()> {
    const SQL: &str = "insert into read_mark (tenant_id, conversation_id, agent_id, seq, visitor_messages) \
         values ($1, $2, $3, $4, $5) on conflict (tenant_id, conversation_id, agent_id) \
         do update set seq = excluded.seq, visitor_messages = excluded.visitor_messages \
         where read_mark.seq < excluded.seq";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(mark.conversation_id).bind(agent).bind(mark.seq).bind(mark.visitor_messages)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// An agent's marks in the tenant's conversations that changed at or after `since`, or are not closed.
pub async fn of_agent(conn: &mut Conn, tenant: TenantId, agent: AgentId, since: i64) -> AppResult<Vec<Mark>> {
    const SQL: &str = "select m.conversation_id, m.seq, m.visitor_messages from read_mark m \
         join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id \
         where m.tenant_id = $1 and m.agent_id = $2 and (c.state <> 'closed' or c.updated_at >= $3)";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(agent).bind(since).fetch_all(c).await)?)
}
