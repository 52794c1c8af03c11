//! Renames a tenant.

use domain::text::Name;
use protocol::ids::TenantId;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, OnField};
use crate::store::audit;
use crate::store::tenant::{self, Tenant};

/// Gives a tenant another name. The short name stays: commands and addresses use it.
///
/// # Errors
/// `forbidden` for anybody but operators; `not_found`; `invalid` on `name`.
pub async fn rename_tenant(app: &App, actor: &Actor, id: TenantId, name: &str) -> AppResult<Tenant> {
    actor.check_platform()?;
    let name = Name::parse(name).on_field("name")?.into_string();
    let (actor, now) = (actor.clone(), app.now());
    let row = app
        .store
        .write(id, move |tx| {
            Box::pin(async move {
                let before = tenant::find(tx, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                let detail = json!({"before": before.name, "after": name});
                let after = Tenant { name, ..before };
                tenant::save(tx, &after).await?;
                audit::add(tx, &actor.record_with(Some(id), "tenant.renamed", (id.0, detail), now)).await?;
                Ok(after)
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(id), Note::StateChanged);
    Ok(row)
}
