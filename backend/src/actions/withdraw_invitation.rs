//! Takes an invitation back.

use domain::permission::Permission;
use protocol::error::ErrorCode;
use protocol::ids::TenantId;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::{AppResult, Refusal};
use crate::store::{Conn, audit, login_link};

/// Voids the open invitations of an address. Doing it again changes nothing.
///
/// # Errors
/// As [`Actor::check`]; `forbidden` on `email` when one of them is above what the actor may give.
pub async fn withdraw_invitation(app: &App, actor: &Actor, tenant: TenantId, email: &str) -> AppResult<()> {
    actor.check(tenant, Permission::ManagePeople)?;
    let (actor, now, email) = (actor.clone(), app.now(), email.trim().to_ascii_lowercase());
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                check_open(tx, &actor, (tenant, &email), now).await?;
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

/// Goes on only when the actor might have made each of the open invitations of an address: whoever may not make an owner
/// may not undo one either.
///
/// # Errors
/// `forbidden` on `email`.
pub(super) async fn check_open(
    tx: &mut Conn,
    actor: &Actor,
    (tenant, email): (TenantId, &str),
    now: i64,
) -> AppResult<()> {
    let open = login_link::open_invitations(tx, tenant, now).await?;
    let mut roles = open.iter().filter(|link| link.email.as_deref() == Some(email)).filter_map(|link| link.role);
    if roles.all(|role| actor.check_role(tenant, role).is_ok()) {
        return Ok(());
    }
    Err(Refusal::field("email", ErrorCode::Forbidden, "somebody above you has invited this person").into())
}
