//! Creates a tenant with its first department.

use domain::policy::Policy;
use domain::text::{Name, Slug};
use protocol::error::ErrorCode;
use protocol::ids::{DepartmentId, TenantId};
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::{AppResult, OnField, Refusal};
use crate::store::department::{self, Department};
use crate::store::tenant::{Tenant, TenantState};
use crate::store::{Conn, EveryTenant, audit, tenant};

/// Name of the first department.
const DEPARTMENT: &str = "Support";

/// What is needed for a tenant.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Name people see.
    pub name: String,
    /// Short name; `None` makes one from the name.
    pub slug: Option<String>,
}

/// Creates a tenant.
///
/// # Errors
/// `forbidden` for anybody but operators; `invalid` on `name` or `slug`; `conflict` on `slug` when it is taken.
pub async fn create_tenant(app: &App, actor: &Actor, new: NewTenant) -> AppResult<Tenant> {
    actor.check_platform()?;
    let tenant = prepare(app, &new)?;
    let actor = actor.clone();
    app.store.write(EveryTenant, move |tx| Box::pin(async move { insert(tx, &actor, tenant).await })).await
}

/// Checks the input and makes the row.
pub(crate) fn prepare(app: &App, new: &NewTenant) -> AppResult<Tenant> {
    let name = Name::parse(&new.name).on_field("name")?;
    let slug = match new.slug.as_deref().filter(|slug| !slug.trim().is_empty()) {
        Some(slug) => Slug::parse(slug).on_field("slug")?,
        None => slug_from(name.as_str()).on_field("slug")?,
    };
    let settings = serde_json::to_string(&Policy::default()).map_err(anyhow::Error::from)?;
    Ok(Tenant {
        id: TenantId(app.id()),
        slug: slug.into_string(),
        name: name.into_string(),
        state: TenantState::Active,
        settings,
        created_at: app.now(),
        suspended_at: None,
    })
}

/// Writes a tenant, its department and the record.
pub(crate) async fn insert(tx: &mut Conn, actor: &Actor, row: Tenant) -> AppResult<Tenant> {
    if tenant::find_by_slug(tx, &row.slug).await?.is_some() {
        return Err(Refusal::field("slug", ErrorCode::Conflict, "this short name is taken").into());
    }
    tenant::insert(tx, &row).await?;
    let first = DepartmentId(crate::clock::new_id(row.created_at));
    department::insert(tx, row.id, &Department::new(first, DEPARTMENT, row.created_at)).await?;
    let detail = json!({"slug": row.slug, "name": row.name});
    audit::add(tx, &actor.record_with(Some(row.id), "tenant.created", (row.id.0, detail), row.created_at)).await?;
    Ok(row)
}

/// The letters and digits of a name, with hyphens between; a name without any gets a number.
fn slug_from(name: &str) -> Result<Slug, domain::text::TextError> {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.chars().take(32).collect();
    match slug.trim_matches('-') {
        "" => Slug::parse(&format!("tenant-{:06x}", rand::random::<u32>() & 0x00ff_ffff)),
        slug => Slug::parse(slug),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_from_any_name() {
        assert_eq!(slug_from("Mei's  Tea & Co.").unwrap().as_str(), "mei-s-tea-co");
        assert!(slug_from("茶").unwrap().as_str().starts_with("tenant-"));
        assert_eq!(slug_from(&"ab-".repeat(30)).unwrap().as_str().len(), 32);
    }
}
