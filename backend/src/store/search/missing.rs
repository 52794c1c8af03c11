//! What is missing in the index.

use std::sync::LazyLock;

use domain::search::KINDS;
use protocol::ids::{AgentId, ConversationId, SiteId, TenantId, VisitorId};
use uuid::Uuid;

use super::places;
use crate::error::AppResult;
use crate::store::{Conn, on, rows};

/// Conversations asked for at once.
const MOST: usize = 32;

/// A conversation, and how much of it is in the index.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pending {
    /// Its id.
    pub id: ConversationId,
    /// When it began.
    pub created_at: i64,
    /// Its newest entry.
    pub last_seq: i64,
    /// How much of its log is in the index; `None` when it has no number.
    pub seq: Option<i64>,
    /// Where it came from.
    pub site_id: SiteId,
    /// Who holds it.
    pub agent_id: Option<AgentId>,
    /// 1 to 5.
    pub rating: Option<i64>,
    /// Whose it is.
    pub visitor_id: VisitorId,
    /// Name the visitor gave.
    pub visitor_name: Option<String>,
    /// Address the visitor gave.
    pub visitor_email: Option<String>,
    /// Name given with an offline message.
    pub offline_name: Option<String>,
    /// Address given with an offline message.
    pub offline_email: Option<String>,
}

/// Where a conversation stands in its log and in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Seen {
    /// Its id.
    pub id: ConversationId,
    /// When it began.
    pub created_at: i64,
    /// Its newest entry.
    pub last_seq: i64,
    /// How much is in the index.
    pub seq: Option<i64>,
}

/// What the index does not cover yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Older conversations than those begun then are still being read in.
    pub back_to: Option<i64>,
    /// Something written since then is not found yet.
    pub behind_since: Option<i64>,
}

static PENDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select c.id, c.created_at, c.last_seq, d.seq, c.site_id, c.agent_id, c.rating, c.visitor_id, \
         v.name as visitor_name, v.email as visitor_email, c.offline_name, c.offline_email from conversation c \
         join visitor v on v.tenant_id = c.tenant_id and v.id = c.visitor_id \
         left join search_doc d on d.tenant_id = c.tenant_id and d.conversation_id = c.id \
         where c.tenant_id = $1 and c.id in {}",
        places(2, MOST)
    )
});

static TEXTS: LazyLock<String> = LazyLock::new(|| {
    let kinds: Vec<_> = KINDS.iter().map(|kind| format!("'{kind}'")).collect();
    format!(
        "select seq, body from entry where tenant_id = $1 and conversation_id = $2 and seq > $3 and seq <= $4 \
         and kind in ({}) order by seq limit $5",
        kinds.join(", ")
    )
});

/// These conversations, of which at most 32 are looked for; what does not exist is left out.
pub async fn pending(conn: &mut Conn, tenant: TenantId, ids: &[ConversationId]) -> AppResult<Vec<Pending>> {
    let list = ids.iter().map(|id| id.0).chain(std::iter::repeat(Uuid::nil())).take(MOST);
    let sql = PENDING.as_str();
    Ok(on!(conn, c => list.fold(sqlx::query_as(sql).bind(tenant), |query, id| query.bind(id)).fetch_all(c).await)?)
}

/// Position and body of the entries after `after` up to `to` that people look for, at most `limit`. A body is gone
/// after redaction.
pub async fn texts_after(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
    (after, to): (i64, i64),
    limit: i64,
) -> AppResult<Vec<(i64, Option<String>)>> {
    let sql = TEXTS.as_str();
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(conversation).bind(after).bind(to).bind(limit)
        .fetch_all(c).await)?)
}

/// The tenant's conversations with ids below `below`, the highest first, at most `limit`.
pub async fn page(conn: &mut Conn, tenant: TenantId, below: Uuid, limit: i64) -> AppResult<Vec<Seen>> {
    const SQL: &str = "select c.id, c.created_at, c.last_seq, d.seq from conversation c \
         left join search_doc d on d.tenant_id = c.tenant_id and d.conversation_id = c.id \
         where c.tenant_id = $1 and c.id < $2 order by c.id desc limit $3";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(below).bind(limit).fetch_all(c).await)?)
}

/// What the tenant's index does not cover of what was written until `until` (Unix milliseconds). Only what changed in
/// the ten minutes before is looked at: an index that is further behind is behind there as well.
pub async fn coverage(conn: &mut Conn, tenant: TenantId, until: i64) -> AppResult<Coverage> {
    const BACK: &str = "select back_to from search_tenant where tenant_id = $1";
    // All that goes on is looked at, and of what is settled what changed.
    const BEHIND: &str = "select min(c.updated_at) from conversation c \
         left join search_doc d on d.tenant_id = c.tenant_id and d.conversation_id = c.id \
         where c.tenant_id = $1 and (c.state in ('waiting', 'offered', 'active') \
         or (c.state in ('closed', 'offline') and c.settled_at > $2)) \
         and c.updated_at > $2 and c.updated_at <= $3 and c.last_seq > coalesce(d.seq, 0)";
    let back: Option<(Option<i64>,)> = on!(conn, c => sqlx::query_as(BACK).bind(tenant).fetch_optional(c).await)?;
    let since = until - 10 * 60 * 1000;
    let (behind_since,): (Option<i64>,) =
        on!(conn, c => sqlx::query_as(BEHIND).bind(tenant).bind(since).bind(until).fetch_one(c).await)?;
    Ok(Coverage { back_to: back.and_then(|(back_to,)| back_to), behind_since })
}

/// Takes the turn to look for what is missing, or keeps it, until `until`; says whether it is the holder's. Times are
/// Unix milliseconds. An SQLite database has one process, whose turn it always is.
pub async fn take_turn(conn: &mut Conn, holder: Uuid, now: i64, until: i64) -> AppResult<bool> {
    // Digits of one length, so that their order as text is their order in time.
    const SQL: &str = "insert into meta (key, value) values ('search_turn', $1) on conflict (key) do update \
         set value = $1 where substr(meta.value, 1, 20) < $2 or substr(meta.value, 22) = $3";
    if matches!(conn, Conn::Sqlite(_)) {
        return Ok(true);
    }
    let holder = holder.simple().to_string();
    let (value, now) = (format!("{until:020} {holder}"), format!("{now:020}"));
    let taken = on!(conn, c => sqlx::query(SQL).bind(value).bind(now).bind(holder).execute(c).await.map(rows))?;
    Ok(taken > 0)
}
