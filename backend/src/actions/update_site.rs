//! Changes a site.

use domain::permission::Permission;
use protocol::ids::{DepartmentId, SiteId, TenantId};
use protocol::site::SiteConfig;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::actions::site_rules;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult};
use crate::store::audit;
use crate::store::site::{self, Site};

/// Everything about a site that can change, whole.
#[derive(Debug, Clone)]
pub struct SiteChange {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// Origins that may embed it.
    pub origins: Vec<String>,
    /// Appearance, form and texts; `key` and `name` in it are ignored.
    pub config: SiteConfig,
    /// Whose queue its conversations enter when the visitor chooses none; `None` leaves it.
    pub department: Option<DepartmentId>,
    /// False switches the site off: its loader and frame answer 404.
    pub enabled: bool,
}

/// Changes a site. Pages opened from now on show it; connections of pages that it no longer allows are closed (F33).
///
/// # Errors
/// As [`Actor::check`]; `not_found`; `invalid` with the field.
pub async fn update_site(app: &App, actor: &Actor, change: SiteChange) -> AppResult<Site> {
    actor.check(change.tenant, Permission::ManageSites)?;
    let name = site_rules::name(&change.name)?;
    let origins = site_rules::origins(&change.origins)?;
    let config = site_rules::config(change.config)?;
    let (actor, now) = (actor.clone(), app.now());
    let SiteChange { tenant, site: id, enabled, department, .. } = change;
    let site = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let before = site::find(tx, tenant, id).await?.ok_or_else(|| AppError::not_found("site"))?;
                let disabled_at = (!enabled).then(|| before.disabled_at.unwrap_or(now));
                let config = SiteConfig { key: before.key.clone(), name: name.clone(), ..config };
                let department_id = department.unwrap_or(before.department_id);
                let departments = (before.department_id, department_id);
                site_rules::check_departments(tx, tenant, departments, &config).await?;
                let changed_at = Some(now);
                let after = Site { name, origins, config, department_id, disabled_at, changed_at, ..before.clone() };
                site::save(tx, tenant, &after).await?;
                let shown = |site: &Site| {
                    json!({"name": site.name, "origins": site.origins, "config": site.config,
                        "department": site.department_id, "enabled": site.disabled_at.is_none()})
                };
                let detail = json!({"before": shown(&before), "after": shown(&after)});
                audit::add(tx, &actor.record_with(Some(tenant), "site.changed", (id.0, detail), now)).await?;
                Ok(after)
            })
        })
        .await?;
    app.bus.publish(Topic::Visitors(site.tenant_id), Note::StateChanged);
    Ok(site)
}
