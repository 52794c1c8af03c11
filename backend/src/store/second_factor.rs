//! Second factors of logins, their recovery codes, and sign-ins that wait for one (rule A4).

use protocol::ids::AccountId;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// The row of a second factor.
#[derive(Clone, sqlx::FromRow)]
pub struct Factor {
    /// Whose.
    pub account_id: AccountId,
    /// The shared secret, sealed.
    pub secret: String,
    /// Since when it is asked for; `None` while it is only offered.
    pub confirmed_at: Option<i64>,
    /// Newest time step whose code was accepted.
    pub last_step: i64,
}

/// A sign-in that waits for a code.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Pending {
    /// Whose.
    pub account_id: AccountId,
    /// Good until.
    pub expires_at: i64,
    /// Codes tried.
    pub tries: i64,
}

/// A login's factor, offered or in use.
pub async fn find(conn: &mut Conn, account: AccountId) -> AppResult<Option<Factor>> {
    const SQL: &str = "select account_id, secret, confirmed_at, last_step from second_factor where account_id = $1";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(account).fetch_optional(c).await)?)
}

/// Offers a factor in the place of one that was only offered. False when one is in use.
pub async fn offer(conn: &mut Conn, account: AccountId, secret: &str, now: i64) -> AppResult<bool> {
    const SQL: &str = "insert into second_factor (account_id, secret, created_at, confirmed_at, last_step) \
         values ($1, $2, $3, null, 0) on conflict (account_id) do update set secret = $2, created_at = $3 \
         where second_factor.confirmed_at is null";
    let done = on!(conn, c => sqlx::query(SQL).bind(account).bind(secret).bind(now).execute(c).await.map(rows))?;
    Ok(done == 1)
}

/// Takes an offered factor into use with the step of its first code. False when none is offered.
pub async fn confirm(conn: &mut Conn, account: AccountId, step: i64, now: i64) -> AppResult<bool> {
    const SQL: &str = "update second_factor set confirmed_at = $2, last_step = $3 \
         where account_id = $1 and confirmed_at is null";
    let done = on!(conn, c => sqlx::query(SQL).bind(account).bind(now).bind(step).execute(c).await.map(rows))?;
    Ok(done == 1)
}

/// Uses the code of a time step. False when it, or a newer one, was used before.
pub async fn use_step(conn: &mut Conn, account: AccountId, step: i64) -> AppResult<bool> {
    const SQL: &str = "update second_factor set last_step = $2 \
         where account_id = $1 and confirmed_at is not null and last_step < $2";
    let done = on!(conn, c => sqlx::query(SQL).bind(account).bind(step).execute(c).await.map(rows))?;
    Ok(done == 1)
}

/// Removes a factor and its recovery codes.
pub async fn remove(conn: &mut Conn, account: AccountId) -> AppResult<()> {
    const CODES: &str = "delete from recovery_code where account_id = $1";
    const FACTOR: &str = "delete from second_factor where account_id = $1";
    on!(conn, c => sqlx::query(CODES).bind(account).execute(c).await.map(rows))?;
    on!(conn, c => sqlx::query(FACTOR).bind(account).execute(c).await.map(rows))?;
    Ok(())
}

/// Puts new recovery codes, by hash, in the place of the old.
pub async fn replace_codes(conn: &mut Conn, account: AccountId, hashes: &[Vec<u8>]) -> AppResult<()> {
    const REMOVE: &str = "delete from recovery_code where account_id = $1";
    const ADD: &str = "insert into recovery_code (account_id, code_hash, used_at) values ($1, $2, null)";
    on!(conn, c => sqlx::query(REMOVE).bind(account).execute(c).await.map(rows))?;
    for hash in hashes {
        on!(conn, c => sqlx::query(ADD).bind(account).bind(hash).execute(c).await.map(rows))?;
    }
    Ok(())
}

/// Uses a recovery code. False when it is none, or was used.
pub async fn use_code(conn: &mut Conn, account: AccountId, hash: &[u8], now: i64) -> AppResult<bool> {
    const SQL: &str = "update recovery_code set used_at = $3 \
         where account_id = $1 and code_hash = $2 and used_at is null";
    let done = on!(conn, c => sqlx::query(SQL).bind(account).bind(hash).bind(now).execute(c).await.map(rows))?;
    Ok(done == 1)
}

/// How many recovery codes are left.
pub async fn codes_left(conn: &mut Conn, account: AccountId) -> AppResult<i64> {
    const SQL: &str = "select count(*) from recovery_code where account_id = $1 and used_at is null";
    let (left,): (i64,) = on!(conn, c => sqlx::query_as(SQL).bind(account).fetch_one(c).await)?;
    Ok(left)
}

/// Notes that a browser's password was right. Forgets others whose time is over.
pub async fn wait_for_code(
    conn: &mut Conn,
    account: AccountId,
    token_hash: &[u8],
    (now, expires_at): (i64, i64),
) -> AppResult<()> {
    const SWEEP: &str = "delete from pending_sign_in where expires_at <= $1";
    const ADD: &str = "insert into pending_sign_in (token_hash, account_id, expires_at, tries) values ($1, $2, $3, 0)";
    on!(conn, c => sqlx::query(SWEEP).bind(now).execute(c).await.map(rows))?;
    on!(conn, c => sqlx::query(ADD).bind(token_hash).bind(account).bind(expires_at).execute(c).await.map(rows))?;
    Ok(())
}

/// The sign-in with this cookie.
pub async fn pending(conn: &mut Conn, token_hash: &[u8]) -> AppResult<Option<Pending>> {
    const SQL: &str = "select account_id, expires_at, tries from pending_sign_in where token_hash = $1";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(token_hash).fetch_optional(c).await)?)
}

/// Counts a try.
pub async fn count_try(conn: &mut Conn, token_hash: &[u8]) -> AppResult<()> {
    const SQL: &str = "update pending_sign_in set tries = tries + 1 where token_hash = $1";
    on!(conn, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(rows))?;
    Ok(())
}

/// Ends a waiting sign-in.
pub async fn end_pending(conn: &mut Conn, token_hash: &[u8]) -> AppResult<()> {
    const SQL: &str = "delete from pending_sign_in where token_hash = $1";
    on!(conn, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(rows))?;
    Ok(())
}
