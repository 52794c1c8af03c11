//! What routing decided besides offers, and why.

use std::collections::HashSet;
use std::sync::LazyLock;

use protocol::ids::{ConversationId, TenantId};
use uuid::Uuid;

use super::conn::asked;
use super::list::{self, Statement, texts};
use super::{Conn, on};
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

static INSERT: Statement = LazyLock::new(|| {
    const COLUMNS: &str = "tenant_id, id, conversation_id, at, kind, reasons";
    texts(
        COLUMNS,
        &format!("insert into routing_decision ({COLUMNS}) select {COLUMNS} from batch where id is not null"),
    )
});

const INSERT_ARRAY: &str = "insert into routing_decision (tenant_id, id, conversation_id, at, kind, reasons) \
     select $1, a.* from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[]) a";

/// Adds decisions.
pub async fn insert(conn: &mut Conn, tenant: TenantId, decisions: &[Decision]) -> AppResult<()> {
    let connection = match conn {
        Conn::Sqlite(connection) => connection,
        Conn::Postgres(lease) => {
            let query = sqlx::query(INSERT_ARRAY)
                .bind(tenant)
                .bind(decisions.iter().map(|decision| decision.id).collect::<Vec<_>>())
                .bind(decisions.iter().map(|decision| decision.conversation_id.0).collect::<Vec<_>>())
                .bind(decisions.iter().map(|decision| decision.at).collect::<Vec<_>>())
                .bind(decisions.iter().map(|decision| decision.kind.as_str()).collect::<Vec<_>>())
                .bind(decisions.iter().map(|decision| decision.reasons.as_str()).collect::<Vec<_>>());
            asked!(lease, c => query.execute(c).await)?;
            return Ok(());
        }
    };
    for part in decisions.chunks(list::MOST) {
        let index = list::index(part.len());
        let mut query = sqlx::query(INSERT[index].as_str());
        for decision in list::filled(part, index) {
            query = query
                .bind(decision.map(|_| tenant))
                .bind(decision.map(|decision| decision.id))
                .bind(decision.map(|decision| decision.conversation_id))
                .bind(decision.map(|decision| decision.at))
                .bind(decision.map(|decision| decision.kind.as_str()))
                .bind(decision.map(|decision| decision.reasons.as_str()));
        }
        query.execute(&mut **connection).await?;
    }
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

/// Not `distinct`: SQLite would go through everything the tenant ever had, because that comes in order.
pub(super) const EXPLAINED: &str = "select c.id from conversation c where c.tenant_id = $1 and c.state in ('waiting', 'offered') \
     and exists (select 1 from routing_decision d where d.tenant_id = c.tenant_id and d.conversation_id = c.id \
     and d.at >= c.waiting_since and d.kind = 'waits')";

/// What waits now and of which it is noted why it began to wait.
pub async fn explained(conn: &mut Conn, tenant: TenantId) -> AppResult<HashSet<ConversationId>> {
    let rows: Vec<(ConversationId,)> = on!(conn, c => sqlx::query_as(EXPLAINED).bind(tenant).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
