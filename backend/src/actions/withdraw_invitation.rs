//! Takes an invitation back.

use domain::permission::Permission;
use protocol::ids::TenantId;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::AppResult;
use crate::store::{audit, login_link};

/// Voids the open invitations of an address. Doing it again changes nothing.
///
/// # Errors
/// As [`Actor::check`].
pub async fn withdraw_invitation(app: &App, actor: &Actor, tenant: TenantId, email: &str) -> AppResult<()> {
    actor.check(tenant, Permission::ManagePeople)?;
    let (actor, now, email) = (actor.clone(), app.now(), email.trim().to_ascii_lowercase());
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                if login_link::void_invitations(tx, tenant, &email, now).await? > 0 {
                    let detail = json!({ "email": email });
                    let record = actor.record_with(Some(tenant), "agent.uninvited", (tenant.0, detail), now);
                    audit::add(tx, &record).await?;
                }
                Ok(())
            })
        })
        .await
}
