//! When agents began and stopped to take conversations.

use protocol::ids::{AgentId, TenantId};
use protocol::state::Presence;
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// A change.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct PresenceChange {
    /// Whose.
    pub agent_id: AgentId,
    /// When.
    pub at: i64,
    /// What the agent is from then on.
    pub presence: Presence,
}

/// Adds a change.
pub async fn insert(conn: &mut Conn, tenant: TenantId, id: Uuid, change: PresenceChange) -> AppResult<()> {
    const SQL: &str = "insert into presence_change (tenant_id, id, agent_id, at, presence) values ($1, $2, $3, $4, $5)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(id).bind(change.agent_id).bind(change.at).bind(change.presence)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// The newest change of each agent.
pub async fn newest(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<PresenceChange>> {
    const SQL: &str = "select p.agent_id, p.at, p.presence from agent a join presence_change p \
         on p.tenant_id = a.tenant_id and p.id = (select n.id from presence_change n where n.tenant_id = a.tenant_id \
         and n.agent_id = a.id order by n.at desc, n.id desc limit 1) where a.tenant_id = $1";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// The changes from `from` to `to` (Unix milliseconds), in order, and the last of each agent before.
pub async fn between(conn: &mut Conn, tenant: TenantId, from: i64, to: i64) -> AppResult<Vec<PresenceChange>> {
    const SQL: &str = "select agent_id, at, presence from presence_change p where tenant_id = $1 and at < $3 \
         and (at >= $2 or id = (select n.id from presence_change n where n.tenant_id = p.tenant_id \
         and n.agent_id = p.agent_id and n.at < $2 order by n.at desc, n.id desc limit 1)) order by at, id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(from).bind(to).fetch_all(c).await)?)
}
