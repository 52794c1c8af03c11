//! E-mail waiting to be sent, sent, or given up. A row is written in the transaction that causes the mail
//! (C18) and carries everything needed to send it.

use protocol::ids::TenantId;
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// A mail as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Outgoing {
    /// Whose mail it is.
    pub tenant_id: TenantId,
    /// Its id; its `Message-ID` is made of it.
    pub id: Uuid,
    /// What it is about: [`crate::mail::MailKind`].
    pub kind: String,
    /// JSON: [`crate::mail::Mail`].
    pub payload: String,
    /// How often sending was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: i64,
    /// When it was written.
    pub created_at: i64,
    /// When the mail server took it.
    pub sent_at: Option<i64>,
    /// When it was given up.
    pub failed_at: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// How many mails wait and how many were given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Backlog {
    /// To be sent.
    pub waiting: i64,
    /// Given up.
    pub failed: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select tenant_id, id, kind, payload, attempts, next_at, created_at, sent_at, failed_at, last_error \
             from outbox ",
            $rest
        )
    };
}

/// Adds a mail to be sent at once.
pub async fn add(conn: &mut Conn, tenant: TenantId, id: Uuid, mail: (&str, &str), now: i64) -> AppResult<()> {
    const SQL: &str = "insert into outbox (tenant_id, id, kind, payload, attempts, next_at, created_at) \
         values ($1, $2, $3, $4, 0, $5, $5)";
    let (kind, payload) = mail;
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(kind).bind(payload).bind(now).execute(c).await.map(rows))?;
    Ok(())
}

/// Mails of every tenant that are due, the longest due first, at most `limit`. Only for the job that sends
/// them.
pub async fn due(conn: &mut Conn, now: i64, limit: i64) -> AppResult<Vec<Outgoing>> {
    const SQL: &str =
        select!("where sent_at is null and failed_at is null and next_at <= $1 order by next_at limit $2");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(c).await)?)
}

/// Takes mails of every tenant that are due, the longest due first, at most `limit`: until the time `until` nobody else
/// is given them. For servers that share a database; a mail whose server died is due again then.
pub async fn take(conn: &mut Conn, now: i64, until: i64, limit: i64) -> AppResult<Vec<Outgoing>> {
    // What another server is taking at this moment is passed over.
    const SQL: &str = "update outbox set next_at = $2 where (tenant_id, id) in (select tenant_id, id from outbox \
         where sent_at is null and failed_at is null and next_at <= $1 order by next_at limit $3 \
         for update skip locked) \
         returning tenant_id, id, kind, payload, attempts, next_at, created_at, sent_at, failed_at, last_error";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(now).bind(until).bind(limit).fetch_all(c).await)?)
}

/// When the next mail of any tenant is due.
pub async fn next_due(conn: &mut Conn) -> AppResult<Option<i64>> {
    const SQL: &str = "select min(next_at) from outbox where sent_at is null and failed_at is null";
    let (at,): (Option<i64>,) = on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?;
    Ok(at)
}

/// The mail server took it. `payload` is what stays for the list.
pub async fn sent(conn: &mut Conn, tenant: TenantId, id: Uuid, payload: &str, now: i64) -> AppResult<()> {
    const SQL: &str = "update outbox set sent_at = $3, payload = $4, attempts = attempts + 1, last_error = null \
         where tenant_id = $1 and id = $2 and sent_at is null";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(now).bind(payload).execute(c).await.map(rows))?;
    Ok(())
}

/// It did not go out; it is tried again at `next_at`.
pub async fn postponed(conn: &mut Conn, tenant: TenantId, id: Uuid, next_at: i64, error: &str) -> AppResult<()> {
    const SQL: &str = "update outbox set attempts = attempts + 1, next_at = $3, last_error = $4 \
         where tenant_id = $1 and id = $2 and sent_at is null and failed_at is null";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(next_at).bind(error).execute(c).await.map(rows))?;
    Ok(())
}

/// It did not go out and is not tried again by itself.
pub async fn failed(conn: &mut Conn, tenant: TenantId, id: Uuid, now: i64, error: &str) -> AppResult<()> {
    const SQL: &str = "update outbox set attempts = attempts + 1, failed_at = $3, last_error = $4 \
         where tenant_id = $1 and id = $2 and sent_at is null and failed_at is null";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(now).bind(error).execute(c).await.map(rows))?;
    Ok(())
}

/// Tries a mail again now that waits or was given up, with a new series of attempts. False when there is none
/// such.
pub async fn retry(conn: &mut Conn, tenant: TenantId, id: Uuid, now: i64) -> AppResult<bool> {
    const SQL: &str = "update outbox set next_at = $3, failed_at = null, attempts = 1 \
         where tenant_id = $1 and id = $2 and sent_at is null";
    let done = on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(now).execute(c).await.map(rows))?;
    Ok(done > 0)
}

/// A tenant's mails, newest first, at most `limit`, older than the mail `before` when that is given.
pub async fn list(conn: &mut Conn, tenant: TenantId, before: Option<Uuid>, limit: i64) -> AppResult<Vec<Outgoing>> {
    const SQL: &str = select!("where tenant_id = $1 and id < $2 order by id desc limit $3");
    let before = before.unwrap_or(Uuid::max());
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(before).bind(limit).fetch_all(c).await)?)
}

/// A tenant's backlog.
pub async fn backlog(conn: &mut Conn, tenant: TenantId) -> AppResult<Backlog> {
    const SQL: &str = "select cast(coalesce(sum(case when failed_at is null then 1 else 0 end), 0) as bigint) \
         as waiting, cast(coalesce(sum(case when failed_at is null then 0 else 1 end), 0) as bigint) as failed \
         from outbox where tenant_id = $1 and sent_at is null";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_one(c).await)?)
}

/// The backlog of the whole installation.
pub async fn backlog_of_all(conn: &mut Conn) -> AppResult<Backlog> {
    const SQL: &str = "select cast(coalesce(sum(case when failed_at is null then 1 else 0 end), 0) as bigint) \
         as waiting, cast(coalesce(sum(case when failed_at is null then 0 else 1 end), 0) as bigint) as failed \
         from outbox where sent_at is null";
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}
