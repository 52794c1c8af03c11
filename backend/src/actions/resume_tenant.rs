//! Ends a tenant's suspension.

use protocol::error::CloseCode;
use protocol::ids::TenantId;

use crate::actions::actor::Actor;
use crate::actions::suspend_tenant::set_state;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::AppResult;
use crate::store::tenant::{Tenant, TenantState};

/// Resumes a tenant. Agents who read along connect again and may write.
///
/// # Errors
/// `forbidden` for anybody but operators; `not_found`.
pub async fn resume_tenant(app: &App, actor: &Actor, id: TenantId) -> AppResult<Tenant> {
    let row = set_state(app, actor, id, TenantState::Active).await?;
    app.bus.publish(Topic::Agents(id), Note::Revoked(CloseCode::Restart));
    app.dispatcher.call(id);
    Ok(row)
}
