//! Creates a department.

use domain::permission::Permission;
use protocol::error::ErrorCode;
use protocol::ids::{DepartmentId, TenantId};

use super::{MOST, Plan, rules, tell};
use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::{AppResult, Refusal};
use crate::store::audit;
use crate::store::department::{self, Department};

/// Creates a department.
///
/// # Errors
/// As [`Actor::check`]; `invalid`, `not_found` and `conflict` with the field; `wrong_state` on `departments`
/// when there are [`MOST`] already.
pub async fn create_department(app: &App, actor: &Actor, tenant: TenantId, plan: Plan) -> AppResult<Department> {
    actor.check(tenant, Permission::ManageRouting)?;
    let plan = rules::check(plan)?;
    let (id, now, actor) = (DepartmentId(app.id()), app.now(), actor.clone());
    let made = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let live = rules::live(&rules::locked(tx, tenant).await?);
                if live.len() >= MOST {
                    let message = format!("a tenant has at most {MOST} departments");
                    let refusal = Refusal::field("departments", ErrorCode::WrongState, message);
                    return Err(Refusal { limit: Some(MOST as u64), ..refusal }.into());
                }
                rules::check_among(tx, tenant, id, &plan, &live).await?;
                let row = plan.fill(Department::new(id, &plan.name, now))?;
                department::insert(tx, tenant, &row).await?;
                department::set_members(tx, tenant, id, &plan.stored_members()).await?;
                let detail = rules::shown(tx, tenant, &plan, &live).await?;
                audit::add(tx, &actor.record_with(Some(tenant), "department.created", (id.0, detail), now)).await?;
                Ok(row)
            })
        })
        .await?;
    tell(app, tenant);
    Ok(made)
}
