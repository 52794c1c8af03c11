//! Tenants.

use domain::policy::Policy;
use protocol::ids::TenantId;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// Whether a tenant may use the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Everything works.
    Active,
    /// Widgets show "unavailable", agents only read. Nothing is deleted.
    Suspended,
}

/// The row of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Short name for commands and addresses.
    pub slug: String,
    /// Name people see.
    pub name: String,
    /// Whether it may use the product.
    pub state: TenantState,
    /// JSON: [`Policy`]. Read it by [`Tenant::policy`].
    pub settings: String,
    /// Since when it exists.
    pub created_at: i64,
    /// Since when it is suspended.
    pub suspended_at: Option<i64>,
}

impl Tenant {
    /// Whether it is suspended.
    pub fn is_suspended(&self) -> bool {
        self.state == TenantState::Suspended
    }

    /// Its queue and routing settings; what it did not set has the default.
    pub fn policy(&self) -> Policy {
        policy_of(self.id, &self.settings)
    }
}

/// The queue and routing settings in the stored text of a tenant.
pub(super) fn policy_of(tenant: TenantId, settings: &str) -> Policy {
    serde_json::from_str(settings).unwrap_or_else(|error| {
        tracing::error!(tenant.id = %tenant, %error, "the settings are unreadable; the defaults hold");
        Policy::default()
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, slug, name, state, settings, created_at, suspended_at from tenant ", $rest)
    };
}

/// One tenant.
pub async fn find(conn: &mut Conn, tenant: TenantId) -> AppResult<Option<Tenant>> {
    const SQL: &str = select!("where id = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_optional(c).await)?)
}

/// The tenant with a short name. For operators and the command line.
pub async fn find_by_slug(conn: &mut Conn, slug: &str) -> AppResult<Option<Tenant>> {
    const SQL: &str = select!("where slug = $1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(slug).fetch_optional(c).await)?)
}

/// Every tenant, by name. Only for operators and the command line.
pub async fn list(conn: &mut Conn) -> AppResult<Vec<Tenant>> {
    const SQL: &str = select!("order by name, id");
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Every suspended tenant.
pub async fn suspended(conn: &mut Conn) -> AppResult<Vec<TenantId>> {
    const SQL: &str = "select id from tenant where state = 'suspended'";
    let rows: Vec<(TenantId,)> = on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Adds a tenant.
pub async fn insert(conn: &mut Conn, tenant: &Tenant) -> AppResult<()> {
    const SQL: &str = "insert into tenant (id, slug, name, state, settings, created_at, suspended_at) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant.id).bind(&tenant.slug).bind(&tenant.name).bind(tenant.state).bind(&tenant.settings)
        .bind(tenant.created_at).bind(tenant.suspended_at).execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about a tenant that can change.
pub async fn save(conn: &mut Conn, tenant: &Tenant) -> AppResult<()> {
    const SQL: &str = "update tenant set name = $2, state = $3, settings = $4, suspended_at = $5 where id = $1";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant.id).bind(&tenant.name).bind(tenant.state).bind(&tenant.settings)
        .bind(tenant.suspended_at).execute(c).await.map(rows))?;
    Ok(())
}
