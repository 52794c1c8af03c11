//! Logins of people. An account belongs to no tenant; memberships are in `agent.rs`.

use protocol::ids::AccountId;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// The row of a login.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Address, lower case.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Argon2id PHC string; `None` until a password was chosen.
    pub password_hash: Option<String>,
    /// May manage the whole installation.
    pub is_operator: bool,
    /// Since when it exists.
    pub created_at: i64,
    /// Since when it may not sign in.
    pub disabled_at: Option<i64>,
}

// By hand, so that a password hash never reaches a log.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, email, name, password_hash, is_operator, created_at, disabled_at from account ", $rest)
    };
}

/// One login.
pub async fn find(conn: &mut Conn, id: AccountId) -> AppResult<Option<Account>> {
    const SQL: &str = select!("where id = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

/// The login with an address, which is lower case.
pub async fn find_by_email(conn: &mut Conn, email: &str) -> AppResult<Option<Account>> {
    const SQL: &str = select!("where email = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(email).fetch_optional(c).await)?)
}

/// Every login, by address. Only for operators and the command line.
pub async fn list(conn: &mut Conn) -> AppResult<Vec<Account>> {
    const SQL: &str = select!("order by email");
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Whether anybody has a login.
pub async fn any(conn: &mut Conn) -> AppResult<bool> {
    const SQL: &str = "select count(*) from account";
    let (count,): (i64,) = on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Adds a login.
pub async fn insert(conn: &mut Conn, account: &Account) -> AppResult<()> {
    const SQL: &str = "insert into account (id, email, name, password_hash, is_operator, created_at, disabled_at) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    on!(conn, c => sqlx::query(SQL)
        .bind(account.id).bind(&account.email).bind(&account.name).bind(&account.password_hash)
        .bind(account.is_operator).bind(account.created_at).bind(account.disabled_at).execute(c).await.map(rows))?;
    Ok(())
}

/// Notes that every browser of a login was signed out from outside.
pub async fn sign_out(conn: &mut Conn, id: AccountId, now: i64) -> AppResult<()> {
    const SQL: &str = "update account set signed_out_at = $2 where id = $1";
    on!(conn, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(rows))?;
    Ok(())
}

/// The logins whose browsers were signed out from outside after `since` (Unix milliseconds), and when.
pub async fn signed_out_since(conn: &mut Conn, since: i64) -> AppResult<Vec<(AccountId, i64)>> {
    const SQL: &str = "select id, signed_out_at from account where signed_out_at > $1";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(since).fetch_all(c).await)?)
}

/// Writes back everything about a login that can change.
pub async fn save(conn: &mut Conn, account: &Account) -> AppResult<()> {
    const SQL: &str = "update account set name = $2, password_hash = $3, is_operator = $4, disabled_at = $5 \
         where id = $1";
    on!(conn, c => sqlx::query(SQL)
        .bind(account.id).bind(&account.name).bind(&account.password_hash).bind(account.is_operator)
        .bind(account.disabled_at).execute(c).await.map(rows))?;
    Ok(())
}
