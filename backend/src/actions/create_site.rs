//! Creates a site: the embed of a tenant.

use domain::permission::Permission;
use protocol::ids::{DepartmentId, SiteId, TenantId};
use protocol::site::{FieldRule, Side, SiteConfig, Theme};
use serde_json::json;

use crate::actions::actor::Actor;
use crate::actions::site_rules;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::site::{self, Site};
use crate::store::{audit, department, tenant};

/// Colour of a new site.
const COLOR: &str = "#2f55d4";
/// Letters of a key: no two look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters in a key: 80 bits. A key is public; it only must not be guessed by accident.
const KEY_CHARS: usize = 16;

/// What is needed for a site. Everything else has a default and can be changed.
#[derive(Debug, Clone)]
pub struct NewSite {
    /// Whose.
    pub tenant: TenantId,
    /// Its name, shown in the widget.
    pub name: String,
    /// Origins that may embed it.
    pub origins: Vec<String>,
}

/// How a new site is to be.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Appearance, form and texts; `key` and `name` in it are ignored.
    pub config: SiteConfig,
    /// Whose queue its conversations enter; `None`: the tenant's first department's.
    pub department: Option<DepartmentId>,
}

impl Default for Setup {
    fn default() -> Self {
        let config = SiteConfig {
            key: String::new(),
            name: String::new(),
            color: COLOR.to_owned(),
            side: Side::End,
            theme: Theme::Auto,
            locale: None,
            ask_name: FieldRule::Optional,
            ask_email: FieldRule::Optional,
            typing_preview: true,
            texts: Vec::new(),
            ask_department: None,
            departments: None,
        };
        Self { config, department: None }
    }
}

/// Creates a site as every new one is, in the tenant's first department.
///
/// # Errors
/// As [`set_up_site`].
pub async fn create_site(app: &App, actor: &Actor, new: NewSite) -> AppResult<Site> {
    set_up_site(app, actor, new, Setup::default()).await
}

/// Creates a site that is at once as it is to be: all of it or nothing.
///
/// # Errors
/// As [`Actor::check`]; `invalid` with the field; `not_found` on a department.
pub async fn set_up_site(app: &App, actor: &Actor, new: NewSite, setup: Setup) -> AppResult<Site> {
    actor.check(new.tenant, Permission::ManageSites)?;
    let name = site_rules::name(&new.name)?;
    let origins = site_rules::origins(&new.origins)?;
    let (id, now, key) = (SiteId(app.id()), app.now(), new_key());
    let config = SiteConfig { key: key.clone(), name: name.clone(), ..site_rules::config(setup.config)? };
    let (actor, tenant) = (actor.clone(), new.tenant);
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let row = tenant::find(tx, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                let first = department::first(tx, row.id).await?;
                let first = first.ok_or_else(|| AppError::not_found("department"))?;
                let department_id = setup.department.unwrap_or(first.id);
                site_rules::check_departments(tx, tenant, (first.id, department_id), &config).await?;
                let new = Site {
                    id,
                    tenant_id: tenant,
                    department_id,
                    config,
                    key,
                    name,
                    origins,
                    created_at: now,
                    changed_at: None,
                    disabled_at: None,
                };
                site::insert(tx, tenant, &new).await?;
                let detail = json!({"name": new.name, "key": new.key, "origins": new.origins,
                    "department": new.department_id, "config": new.config});
                audit::add(tx, &actor.record_with(Some(tenant), "site.created", (id.0, detail), now)).await?;
                Ok(new)
            })
        })
        .await
}

fn new_key() -> String {
    let bytes: [u8; KEY_CHARS] = rand::random();
    // 32 letters divide 256: every letter is as likely.
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_plain_and_different() {
        let (a, b) = (new_key(), new_key());
        assert_eq!(a.len(), KEY_CHARS);
        assert!(a.bytes().all(|b| ALPHABET.contains(&b)));
        assert_ne!(a, b);
    }
}
