//! Changes a department.

use domain::permission::Permission;
use protocol::ids::{DepartmentId, TenantId};
use serde_json::json;

use super::{Plan, rules, tell};
use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::audit;
use crate::store::department::{self, Department};

/// Makes a department as planned. Conversations in it go on; the dispatcher looks again.
///
/// # Errors
/// As [`Actor::check`]; `not_found` also for a removed one; `invalid`, `not_found` and `conflict` with the field.
pub async fn change_department(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    id: DepartmentId,
    plan: Plan,
) -> AppResult<Department> {
    actor.check(tenant, Permission::ManageRouting)?;
    let plan = rules::check(plan)?;
    let (now, actor) = (app.now(), actor.clone());
    let changed = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let live = rules::live(&rules::locked(tx, tenant).await?);
                let before = live.iter().find(|row| row.id == id).cloned();
                let before = before.ok_or_else(|| AppError::not_found("department"))?;
                rules::check_among(tx, tenant, id, &plan, &live).await?;
                let was = Plan::of(&before, &department::members(tx, tenant).await?);
                let after = plan.fill(before)?;
                department::save(tx, tenant, &after).await?;
                department::set_members(tx, tenant, id, &plan.stored_members()).await?;
                let detail = json!({
                    "before": rules::shown(tx, tenant, &was, &live).await?,
                    "after": rules::shown(tx, tenant, &plan, &live).await?,
                });
                audit::add(tx, &actor.record_with(Some(tenant), "department.changed", (id.0, detail), now)).await?;
                Ok(after)
            })
        })
        .await?;
    tell(app, tenant);
    Ok(changed)
}
