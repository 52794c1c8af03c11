//! Signed-in browsers (rule J1). A row holds the hash of a cookie, never the cookie.

use protocol::ids::AccountId;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// The row of a signed-in browser.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AccountSession {
    /// SHA-256 of the cookie.
    pub token_hash: Vec<u8>,
    /// Who is signed in.
    pub account_id: AccountId,
    /// When the person signed in.
    pub created_at: i64,
    /// When the browser last asked for something, to the minute.
    pub seen_at: i64,
    /// When it ends however busy it is.
    pub expires_at: i64,
    /// What the browser called itself.
    pub user_agent: Option<String>,
    /// Where it signed in from.
    pub ip: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select token_hash, account_id, created_at, seen_at, expires_at, user_agent, ip from account_session ",
            $rest
        )
    };
}

/// The browser with this cookie.
pub async fn find(conn: &mut Conn, token_hash: &[u8]) -> AppResult<Option<AccountSession>> {
    const SQL: &str = select!("where token_hash = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(token_hash).fetch_optional(c).await)?)
}

/// A person's signed-in browsers, the last used first.
pub async fn list(conn: &mut Conn, account: AccountId) -> AppResult<Vec<AccountSession>> {
    const SQL: &str = select!("where account_id = $1 order by seen_at desc");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await)?)
}

/// Signs a browser in.
pub async fn insert(conn: &mut Conn, session: &AccountSession) -> AppResult<()> {
    const SQL: &str = "insert into account_session (token_hash, account_id, created_at, seen_at, expires_at, \
         user_agent, ip) values ($1, $2, $3, $4, $5, $6, $7)";
    on!(conn, c => sqlx::query(SQL)
        .bind(&session.token_hash).bind(session.account_id).bind(session.created_at).bind(session.seen_at)
        .bind(session.expires_at).bind(&session.user_agent).bind(&session.ip).execute(c).await.map(rows))?;
    Ok(())
}

/// Notes that the browser is in use.
pub async fn touch(conn: &mut Conn, token_hash: &[u8], seen_at: i64) -> AppResult<()> {
    const SQL: &str = "update account_session set seen_at = $2 where token_hash = $1 and seen_at < $2";
    on!(conn, c => sqlx::query(SQL).bind(token_hash).bind(seen_at).execute(c).await.map(rows))?;
    Ok(())
}

/// Signs one browser out.
pub async fn remove(conn: &mut Conn, token_hash: &[u8]) -> AppResult<()> {
    const SQL: &str = "delete from account_session where token_hash = $1";
    on!(conn, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(rows))?;
    Ok(())
}

/// Signs a person's browsers out, all but the one with `keep`.
pub async fn remove_others(conn: &mut Conn, account: AccountId, keep: Option<&[u8]>) -> AppResult<u64> {
    const SQL: &str = "delete from account_session where account_id = $1 and token_hash <> $2";
    // No hash is empty: nothing is kept then.
    let keep = keep.unwrap_or_default();
    let removed = on!(conn, c => sqlx::query(SQL).bind(account).bind(keep).execute(c).await.map(rows))?;
    Ok(removed)
}

/// Forgets browsers whose time is over: past their absolute limit, or unused since `idle_since`.
pub async fn sweep(conn: &mut Conn, now: i64, idle_since: i64) -> AppResult<()> {
    const SQL: &str = "delete from account_session where expires_at <= $1 or seen_at <= $2";
    on!(conn, c => sqlx::query(SQL).bind(now).bind(idle_since).execute(c).await.map(rows))?;
    Ok(())
}
