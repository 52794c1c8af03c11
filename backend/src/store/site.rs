//! Embeds.

use anyhow::Context;
use protocol::ids::{DepartmentId, SiteId, TenantId};
use protocol::site::SiteConfig;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// An embed.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Where its conversations queue.
    pub department_id: DepartmentId,
    /// Public key, part of the loader's address.
    pub key: String,
    /// Name.
    pub name: String,
    /// Origins that may embed it, exact.
    pub origins: Vec<String>,
    /// Appearance and form. Its `key` and `name` are those above.
    pub config: SiteConfig,
    /// Since when it exists.
    pub created_at: i64,
    /// When it was changed last.
    pub changed_at: Option<i64>,
    /// Since when it is switched off.
    pub disabled_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SiteId,
    tenant_id: TenantId,
    department_id: DepartmentId,
    key: String,
    name: String,
    origins: String,
    config: String,
    created_at: i64,
    changed_at: Option<i64>,
    disabled_at: Option<i64>,
}

impl Row {
    fn into_site(self) -> AppResult<Site> {
        let origins = read_origins(&self.origins)?;
        let config: SiteConfig = serde_json::from_str(&self.config).context("the look of a site is unreadable")?;
        let config = SiteConfig { key: self.key.clone(), name: self.name.clone(), ..config };
        Ok(Site {
            id: self.id,
            tenant_id: self.tenant_id,
            department_id: self.department_id,
            key: self.key,
            name: self.name,
            origins,
            config,
            created_at: self.created_at,
            changed_at: self.changed_at,
            disabled_at: self.disabled_at,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, tenant_id, department_id, key, name, origins, config, created_at, changed_at, disabled_at ",
            "from site ",
            $rest
        )
    };
}

/// One embed.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: SiteId) -> AppResult<Option<Site>> {
    const SQL: &str = select!("where tenant_id = $1 and id = $2");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).fetch_optional(c).await)?;
    row.map(Row::into_site).transpose()
}

/// The origins that may embed a site; none when it is not there.
pub async fn origins(conn: &mut Conn, tenant: TenantId, id: SiteId) -> AppResult<Vec<String>> {
    const SQL: &str = "select origins from site where tenant_id = $1 and id = $2";
    let found: Option<(String,)> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).fetch_optional(c).await)?;
    found.map_or_else(|| Ok(Vec::new()), |(origins,)| read_origins(&origins))
}

/// The tenants of which an embed was changed after `since` (Unix milliseconds), and when.
pub async fn changed_since(conn: &mut Conn, since: i64) -> AppResult<Vec<(TenantId, i64)>> {
    const SQL: &str = "select tenant_id, max(changed_at) from site where changed_at > $1 group by tenant_id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(since).fetch_all(c).await)?)
}

/// The embed with a public key, which is where a request learns its tenant. Not those switched off.
pub async fn find_by_key(conn: &mut Conn, key: &str) -> AppResult<Option<Site>> {
    const SQL: &str = select!("where key = $1 and disabled_at is null");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(SQL).bind(key).fetch_optional(c).await)?;
    row.map(Row::into_site).transpose()
}

/// Whether any tenant has a site with this key, switched off or not.
pub async fn is_key_taken(conn: &mut Conn, key: &str) -> AppResult<bool> {
    const SQL: &str = "select count(*) from site where key = $1";
    let (count,): (i64,) = on!(conn, c => sqlx::query_as(SQL).bind(key).fetch_one(c).await)?;
    Ok(count > 0)
}

/// A tenant's embeds, oldest first; those switched off too.
pub async fn list(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Site>> {
    const SQL: &str = select!("where tenant_id = $1 order by created_at, id");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?;
    rows.into_iter().map(Row::into_site).collect()
}

/// Adds an embed.
pub async fn insert(conn: &mut Conn, tenant: TenantId, site: &Site) -> AppResult<()> {
    const SQL: &str = "insert into site (tenant_id, id, department_id, key, name, origins, config, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (origins, config) = texts(site)?;
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(site.id).bind(site.department_id).bind(&site.key).bind(&site.name)
        .bind(&origins).bind(&config).bind(site.created_at).execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about an embed that can change.
pub async fn save(conn: &mut Conn, tenant: TenantId, site: &Site) -> AppResult<()> {
    const SQL: &str = "update site set department_id = $3, name = $4, origins = $5, config = $6, disabled_at = $7, \
         changed_at = $8 where tenant_id = $1 and id = $2";
    let (origins, config) = texts(site)?;
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(site.id).bind(site.department_id).bind(&site.name).bind(&origins).bind(&config)
        .bind(site.disabled_at).bind(site.changed_at).execute(c).await.map(rows))?;
    Ok(())
}

fn read_origins(text: &str) -> AppResult<Vec<String>> {
    Ok(serde_json::from_str(text).context("the origins of a site are unreadable")?)
}

fn texts(site: &Site) -> AppResult<(String, String)> {
    let origins = serde_json::to_string(&site.origins).context("origins")?;
    let config = serde_json::to_string(&site.config).context("site configuration")?;
    Ok((origins, config))
}
