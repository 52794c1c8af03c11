//! One-time links: set-up of the installation, invitations, new passwords (rule A3). A row holds the hash of
//! the link's token, never the token.

use protocol::ids::{AccountId, TenantId};
use protocol::state::Role;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Purpose {
    /// The first operator of the installation.
    Setup,
    /// Becoming a member of a tenant.
    Invite,
    /// A new password.
    Reset,
}

/// The row of a link.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LoginLink {
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose password, for a reset.
    pub account_id: Option<AccountId>,
    /// Which tenant, for an invitation.
    pub tenant_id: Option<TenantId>,
    /// Who is invited, lower case.
    pub email: Option<String>,
    /// As what.
    pub role: Option<Role>,
    /// Made at.
    pub created_at: i64,
    /// Good until.
    pub expires_at: i64,
    /// Used at; it cannot be used again.
    pub used_at: Option<i64>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select token_hash, purpose, account_id, tenant_id, email, role, created_at, expires_at, used_at \
             from login_link ",
            $rest
        )
    };
}

/// The link with this token.
pub async fn find(conn: &mut Conn, token_hash: &[u8]) -> AppResult<Option<LoginLink>> {
    const SQL: &str = select!("where token_hash = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(token_hash).fetch_optional(c).await)?)
}

/// A tenant's invitations that are still open, newest first.
pub async fn open_invitations(conn: &mut Conn, tenant: TenantId, now: i64) -> AppResult<Vec<LoginLink>> {
    const SQL: &str = select!(
        "where tenant_id = $1 and purpose = 'invite' and used_at is null and expires_at > $2 order by created_at desc"
    );
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(now).fetch_all(c).await)?)
}

/// Adds a link.
pub async fn insert(conn: &mut Conn, link: &LoginLink) -> AppResult<()> {
    const SQL: &str = "insert into login_link (token_hash, purpose, account_id, tenant_id, email, role, created_at, \
         expires_at, used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(conn, c => sqlx::query(SQL)
        .bind(&link.token_hash).bind(link.purpose).bind(link.account_id).bind(link.tenant_id).bind(&link.email)
        .bind(link.role).bind(link.created_at).bind(link.expires_at).bind(link.used_at).execute(c).await.map(rows))?;
    Ok(())
}

/// Uses a link up. False when somebody was first or its time is over: then nothing may follow from it.
pub async fn use_up(conn: &mut Conn, token_hash: &[u8], now: i64) -> AppResult<bool> {
    const SQL: &str = "update login_link set used_at = $2 \
         where token_hash = $1 and used_at is null and expires_at > $2";
    let done = on!(conn, c => sqlx::query(SQL).bind(token_hash).bind(now).execute(c).await.map(rows))?;
    Ok(done == 1)
}

/// Voids the open links of a purpose: a new set-up link replaces the old.
pub async fn void_purpose(conn: &mut Conn, purpose: Purpose, now: i64) -> AppResult<()> {
    const SQL: &str = "update login_link set used_at = $2 where purpose = $1 and used_at is null";
    on!(conn, c => sqlx::query(SQL).bind(purpose).bind(now).execute(c).await.map(rows))?;
    Ok(())
}

/// Voids the open links for somebody's password.
pub async fn void_account(conn: &mut Conn, account: AccountId, now: i64) -> AppResult<()> {
    const SQL: &str = "update login_link set used_at = $2 where account_id = $1 and used_at is null";
    on!(conn, c => sqlx::query(SQL).bind(account).bind(now).execute(c).await.map(rows))?;
    Ok(())
}

/// Voids the open invitations of an address to a tenant. Says how many there were.
pub async fn void_invitations(conn: &mut Conn, tenant: TenantId, email: &str, now: i64) -> AppResult<u64> {
    const SQL: &str = "update login_link set used_at = $3 \
         where tenant_id = $1 and email = $2 and purpose = 'invite' and used_at is null";
    let done = on!(conn, c => sqlx::query(SQL).bind(tenant).bind(email).bind(now).execute(c).await.map(rows))?;
    Ok(done)
}
