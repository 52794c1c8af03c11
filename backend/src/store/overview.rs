//! Numbers for the start pages of the admin panel.

use protocol::ids::{SiteId, TenantId};

use super::{Conn, on};
use crate::error::AppResult;

/// How far a tenant's set-up has got, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Totals {
    /// Sites that are switched on.
    pub sites: i64,
    /// Members who can take conversations.
    pub agents: i64,
    /// Visitors ever seen.
    pub visitors: i64,
    /// Conversations ever begun.
    pub conversations: i64,
}

/// What happened since a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, sqlx::FromRow)]
pub struct Numbers {
    /// Conversations begun.
    pub begun: i64,
    /// Messages left while nobody was there.
    pub offline: i64,
    /// Conversations in which an agent replied while the visitor was there.
    pub replied: i64,
    /// Sum of the times to the first reply, in milliseconds.
    pub reply_ms: i64,
    /// Conversations rated.
    pub rated: i64,
    /// Sum of the ratings.
    pub rating_sum: i64,
}

/// What goes on now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Now {
    /// In the queue.
    pub waiting: i64,
    /// Held by agents.
    pub active: i64,
    /// Offline messages nobody answered.
    pub offline: i64,
}

/// When a site was last seen by a visitor, and how many it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct SiteUse {
    /// The site.
    pub site_id: SiteId,
    /// Visitors who first came there.
    pub visitors: i64,
    /// When one was last seen.
    pub last_seen_at: Option<i64>,
}

/// A tenant's totals.
pub async fn totals(conn: &mut Conn, tenant: TenantId) -> AppResult<Totals> {
    const SQL: &str = "select \
         (select count(*) from site where tenant_id = $1 and disabled_at is null) as sites, \
         (select count(*) from agent where tenant_id = $1 and disabled_at is null) as agents, \
         (select count(*) from visitor where tenant_id = $1) as visitors, \
         (select count(*) from conversation where tenant_id = $1) as conversations";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_one(c).await)?)
}

/// A tenant's numbers of conversations begun since `since` (Unix milliseconds).
pub async fn numbers(conn: &mut Conn, tenant: TenantId, since: i64) -> AppResult<Numbers> {
    const SQL: &str = "select count(*) as begun, \
         cast(coalesce(sum(case when offline_email is null then 0 else 1 end), 0) as bigint) as offline, \
         count(case when offline_email is null then first_reply_at end) as replied, \
         cast(coalesce(sum(case when offline_email is null then first_reply_at - created_at end), 0) as bigint) \
         as reply_ms, \
         count(rating) as rated, cast(coalesce(sum(rating), 0) as bigint) as rating_sum \
         from conversation where tenant_id = $1 and created_at >= $2";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(since).fetch_one(c).await)?)
}

/// Conversations begun on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Day {
    /// Days since 1970 in UTC.
    pub day: i64,
    /// How many.
    pub begun: i64,
}

/// A tenant's conversations begun per day since `since` (Unix milliseconds). Days without any are left out.
pub async fn days(conn: &mut Conn, tenant: TenantId, since: i64) -> AppResult<Vec<Day>> {
    const SQL: &str = "select created_at / 86400000 as day, count(*) as begun from conversation \
         where tenant_id = $1 and created_at >= $2 group by created_at / 86400000";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(since).fetch_all(c).await)?)
}

/// What goes on in a tenant now.
pub async fn now(conn: &mut Conn, tenant: TenantId) -> AppResult<Now> {
    const SQL: &str = "select \
         cast(coalesce(sum(case when state in ('waiting', 'offered') then 1 else 0 end), 0) as bigint) as waiting, \
         cast(coalesce(sum(case when state = 'active' then 1 else 0 end), 0) as bigint) as active, \
         cast(coalesce(sum(case when state = 'offline' then 1 else 0 end), 0) as bigint) as offline \
         from conversation where tenant_id = $1 and state in ('waiting', 'offered', 'active', 'offline')";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_one(c).await)?)
}

/// Whether each site of a tenant has had visitors. Sites without any are left out.
pub async fn site_use(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<SiteUse>> {
    const SQL: &str = "select site_id, count(*) as visitors, max(last_seen_at) as last_seen_at \
         from visitor where tenant_id = $1 group by site_id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// A tenant as operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct TenantUse {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Sites that are switched on.
    pub sites: i64,
    /// Members.
    pub agents: i64,
    /// Conversations ever begun.
    pub conversations: i64,
    /// When one was last begun.
    pub last_at: Option<i64>,
}

/// How much each tenant uses. Only for operators.
pub async fn tenant_use(conn: &mut Conn) -> AppResult<Vec<TenantUse>> {
    const SQL: &str = "select t.id as tenant_id, \
         (select count(*) from site s where s.tenant_id = t.id and s.disabled_at is null) as sites, \
         (select count(*) from agent a where a.tenant_id = t.id and a.disabled_at is null) as agents, \
         (select count(*) from conversation c where c.tenant_id = t.id) as conversations, \
         (select max(c.created_at) from conversation c where c.tenant_id = t.id) as last_at from tenant t";
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Rows of the whole installation. Only for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Size {
    /// Conversations.
    pub conversations: i64,
    /// Entries of all logs.
    pub entries: i64,
    /// In a queue now.
    pub waiting: i64,
    /// Since when the first of them waits.
    pub waiting_since: Option<i64>,
    /// Held by agents now.
    pub active: i64,
    /// Attachments.
    pub attachments: i64,
    /// Their size in bytes.
    pub attachment_bytes: i64,
}

/// How large the installation is. Only for operators.
pub async fn size(conn: &mut Conn) -> AppResult<Size> {
    const SQL: &str = "select (select count(*) from conversation) as conversations, \
         (select cast(coalesce(sum(last_seq), 0) as bigint) from conversation) as entries, \
         (select count(*) from conversation where state in ('waiting', 'offered')) as waiting, \
         (select min(waiting_since) from conversation where state in ('waiting', 'offered')) as waiting_since, \
         (select count(*) from conversation where state = 'active') as active, \
         (select count(*) from attachment) as attachments, \
         (select cast(coalesce(sum(size), 0) as bigint) from attachment) as attachment_bytes";
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}

/// What waits in the whole installation. Every part is read from an index of what is open, however much is closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Load {
    /// In a queue now.
    pub waiting: i64,
    /// Since when the first of them waits, Unix milliseconds.
    pub waiting_since: Option<i64>,
    /// Held by agents now.
    pub active: i64,
    /// Mail to be sent.
    pub mail_waiting: i64,
    /// When the first of it was written, Unix milliseconds.
    pub mail_since: Option<i64>,
    /// Mail that was given up.
    pub mail_failed: i64,
}

/// What waits now. For whoever watches the installation.
pub async fn load(conn: &mut Conn) -> AppResult<Load> {
    const SQL: &str = "select (select count(*) from conversation where state in ('waiting', 'offered')) as waiting, \
         (select min(waiting_since) from conversation where state in ('waiting', 'offered')) as waiting_since, \
         (select count(*) from conversation where state = 'active') as active, \
         (select count(*) from outbox where sent_at is null and failed_at is null) as mail_waiting, \
         (select min(created_at) from outbox where sent_at is null and failed_at is null) as mail_since, \
         (select count(*) from outbox where failed_at is not null) as mail_failed";
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}
