//! Keys by which a merchant's server signs who a visitor is.

use protocol::ids::TenantId;
use uuid::Uuid;

use super::{Conn, locked, on, rows};
use crate::error::AppResult;

/// The row of a key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct IdentityKey {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The secret, sealed with the installation's key.
    pub secret: String,
    /// Since when it exists.
    pub created_at: i64,
    /// Since when it is not valid any more.
    pub revoked_at: Option<i64>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, name, secret, created_at, revoked_at from identity_key where tenant_id = $1 ", $rest)
    };
}

/// Every key of a tenant, oldest first.
pub async fn list(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<IdentityKey>> {
    const SQL: &str = select!("order by created_at, id");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// One key. In a write nobody else changes it until the commit.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: Uuid) -> AppResult<Option<IdentityKey>> {
    let sql = locked!(conn, select!("and id = $2"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// Adds a key.
pub async fn insert(conn: &mut Conn, tenant: TenantId, key: &IdentityKey) -> AppResult<()> {
    const SQL: &str = "insert into identity_key (tenant_id, id, name, secret, created_at) values ($1, $2, $3, $4, $5)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(key.id).bind(&key.name).bind(&key.secret).bind(key.created_at)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Ends a key.
pub async fn revoke(conn: &mut Conn, tenant: TenantId, id: Uuid, at: i64) -> AppResult<()> {
    const SQL: &str = "update identity_key set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(id).bind(at).execute(c).await.map(rows))?;
    Ok(())
}
