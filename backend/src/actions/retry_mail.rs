//! Tries a mail again that waits or was given up.

use domain::permission::Permission;
use protocol::ids::TenantId;
use serde_json::json;
use uuid::Uuid;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::{audit, outbox};

/// Puts a mail in front of the queue.
///
/// # Errors
/// As [`Actor::check`]; `not_found` when it was sent or does not exist.
pub async fn retry_mail(app: &App, actor: &Actor, tenant: TenantId, id: Uuid) -> AppResult<()> {
    actor.check(tenant, Permission::ManagePeople)?;
    let (actor, now) = (actor.clone(), app.now());
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                if !outbox::retry(tx, tenant, id, now).await? {
                    return Err(AppError::not_found("mail"));
                }
                audit::add(tx, &actor.record_with(Some(tenant), "mail.retried", (id, json!({})), now)).await
            })
        })
        .await?;
    app.mailer.call(());
    Ok(())
}
