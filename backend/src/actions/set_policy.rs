//! Changes a tenant's queue and routing settings.

use domain::permission::Permission;
use domain::policy::Policy;
use protocol::ids::TenantId;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::actions::departments::rules::refused_setting;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult};
use crate::store::{agent, audit, tenant};

/// Stores the settings and lets the dispatcher look again. A setting out of its range is refused by name.
///
/// # Errors
/// `invalid` naming the setting and its greatest value, or whatever [`Actor::check`] refuses.
pub async fn set_policy(app: &App, actor: &Actor, id: TenantId, policy: Policy) -> AppResult<()> {
    actor.check(id, Permission::ManageRouting)?;
    policy.check().map_err(|error| refused_setting(&error))?;
    let (actor, now) = (actor.clone(), app.now());
    app.store
        .write(id, move |tx| {
            Box::pin(async move {
                let mut row = tenant::find(tx, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                let before = row.policy();
                row.settings = serde_json::to_string(&policy).map_err(anyhow::Error::from)?;
                tenant::save(tx, &row).await?;
                agent::set_usual_capacity(tx, id, policy.capacity).await?;
                let detail = json!({"before": before, "after": policy});
                audit::add(tx, &actor.record_with(Some(id), "tenant.settings_changed", (id.0, detail), now)).await
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(id), Note::StateChanged);
    app.bus.publish(Topic::Visitors(id), Note::StateChanged);
    app.dispatcher.call(id);
    Ok(())
}
