//! Who did what. Rows are only added (rule S2).

use protocol::ids::{AccountId, TenantId};
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Record {
    /// Its id; later records have greater ids.
    pub id: Uuid,
    /// Whose record it is; `None` for the platform's own.
    pub tenant_id: Option<TenantId>,
    /// When.
    pub at: i64,
    /// The login that did it; `None` for the command line and Frontdesk itself.
    pub account_id: Option<AccountId>,
    /// The name of who did it, at the time.
    pub actor: String,
    /// What was done: a word such as `site.created`.
    pub action: String,
    /// What it was done to.
    pub target: Option<String>,
    /// JSON: what changed.
    pub detail: Option<String>,
    /// Where the request came from.
    pub ip: Option<String>,
}

/// Adds a record.
pub async fn add(conn: &mut Conn, record: &Record) -> AppResult<()> {
    const SQL: &str = "insert into audit (id, tenant_id, at, account_id, actor, action, target, detail, ip) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(conn, c => sqlx::query(SQL)
        .bind(record.id).bind(record.tenant_id).bind(record.at).bind(record.account_id).bind(&record.actor)
        .bind(&record.action).bind(&record.target).bind(&record.detail).bind(&record.ip)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// A tenant's records, newest first, at most `limit`, older than the record `before` when that is given.
pub async fn list(conn: &mut Conn, tenant: TenantId, before: Option<Uuid>, limit: i64) -> AppResult<Vec<Record>> {
    const SQL: &str = "select id, tenant_id, at, account_id, actor, action, target, detail, ip from audit \
         where tenant_id = $1 and id < $2 order by id desc limit $3";
    let before = before.unwrap_or(Uuid::max());
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(before).bind(limit).fetch_all(c).await)?)
}

/// The records of the whole installation, newest first. Only for operators.
pub async fn list_of_all(conn: &mut Conn, before: Option<Uuid>, limit: i64) -> AppResult<Vec<Record>> {
    const SQL: &str = "select id, tenant_id, at, account_id, actor, action, target, detail, ip from audit \
         where id < $1 order by id desc limit $2";
    let before = before.unwrap_or(Uuid::max());
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(before).bind(limit).fetch_all(c).await)?)
}
