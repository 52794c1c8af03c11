//! Visitors.

use protocol::ids::{SiteId, TenantId, VisitorId};

use super::words::Words;
use super::{Conn, locked, on, rows};
use crate::error::AppResult;
use crate::planted::{Bug, planted};

/// The row of a visitor. Texts were cut and cleaned before they got here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Visitor {
    /// Its id.
    pub id: VisitorId,
    /// Where the visitor came first.
    pub site_id: SiteId,
    /// Name given.
    pub name: Option<String>,
    /// Address given.
    pub email: Option<String>,
    /// Browser and system in words.
    pub browser: Option<String>,
    /// Preferred language.
    pub language: Option<String>,
    /// Page last seen on.
    pub page_url: Option<String>,
    /// Its title.
    pub page_title: Option<String>,
    /// Where the visitor came from.
    pub referrer: Option<String>,
    /// Tokens of an older version are refused.
    pub token_version: i64,
    /// First seen.
    pub first_seen_at: i64,
    /// Last seen.
    pub last_seen_at: i64,
    /// Who the visitor is in the merchant's own system, signed by the merchant.
    pub external_id: Option<String>,
    /// Goes first, as the merchant's signature says.
    pub vip: bool,
    /// What an agent must be able to do, as the merchant's signature says.
    #[sqlx(try_from = "String")]
    pub skills: Words,
}

impl Visitor {
    /// Somebody of whom nothing is known yet.
    pub fn new(id: VisitorId, site_id: SiteId, now: i64) -> Self {
        Self {
            id,
            site_id,
            name: None,
            email: None,
            browser: None,
            language: None,
            page_url: None,
            page_title: None,
            referrer: None,
            token_version: 1,
            first_seen_at: now,
            last_seen_at: now,
            external_id: None,
            vip: false,
            skills: Words::default(),
        }
    }
}

macro_rules! select {
    ($whose:literal) => {
        concat!(
            "select id, site_id, name, email, browser, language, page_url, page_title, referrer, token_version, \
             first_seen_at, last_seen_at, external_id, vip, skills from visitor where ",
            $whose,
            " and id = $2"
        )
    };
}

/// One visitor.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: VisitorId) -> AppResult<Option<Visitor>> {
    let sql = if planted(Bug::ForgottenTenant) { select!("$1 = $1") } else { select!("tenant_id = $1") };
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// One visitor, to be changed: in a write nobody else changes it until the commit. Ask for it before any conversation, so
/// that two writes never wait for each other; whoever only reads takes [`find`].
pub async fn find_to_change(conn: &mut Conn, tenant: TenantId, id: VisitorId) -> AppResult<Option<Visitor>> {
    let sql = locked!(conn, select!("tenant_id = $1"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// Adds a visitor.
pub async fn insert(conn: &mut Conn, tenant: TenantId, visitor: &Visitor) -> AppResult<()> {
    const SQL: &str = "insert into visitor (tenant_id, id, site_id, name, email, browser, language, page_url, \
         page_title, referrer, token_version, first_seen_at, last_seen_at, external_id, vip, skills) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(visitor.id).bind(visitor.site_id).bind(&visitor.name).bind(&visitor.email)
        .bind(&visitor.browser).bind(&visitor.language).bind(&visitor.page_url).bind(&visitor.page_title)
        .bind(&visitor.referrer).bind(visitor.token_version).bind(visitor.first_seen_at)
        .bind(visitor.last_seen_at).bind(&visitor.external_id).bind(visitor.vip).bind(visitor.skills.text())
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about a visitor that can change.
pub async fn save(conn: &mut Conn, tenant: TenantId, visitor: &Visitor) -> AppResult<()> {
    const SQL: &str = "update visitor set name = $3, email = $4, browser = $5, language = $6, page_url = $7, \
         page_title = $8, referrer = $9, token_version = $10, last_seen_at = $11, external_id = $12, vip = $13, \
         skills = $14 \
         where tenant_id = $1 and id = $2";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(visitor.id).bind(&visitor.name).bind(&visitor.email).bind(&visitor.browser)
        .bind(&visitor.language).bind(&visitor.page_url).bind(&visitor.page_title).bind(&visitor.referrer)
        .bind(visitor.token_version).bind(visitor.last_seen_at).bind(&visitor.external_id).bind(visitor.vip)
        .bind(visitor.skills.text()).execute(c).await.map(rows))?;
    Ok(())
}
