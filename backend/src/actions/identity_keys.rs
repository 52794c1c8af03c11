//! Keys by which a merchant's server signs who a visitor is: create, revoke.

use domain::permission::Permission;
use domain::text::Name;
use protocol::error::ErrorCode;
use protocol::ids::TenantId;
use serde_json::json;
use uuid::Uuid;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::auth::identity::{self, Way};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::audit;
use crate::store::identity_key::{self, IdentityKey};

/// Most keys of a tenant that are not revoked: enough to renew each while the one before is still in use.
pub const MOST: usize = 10;

/// A key that was made, and its secret, which is shown this once.
pub struct Created {
    /// Its row.
    pub key: IdentityKey,
    /// What the merchant's server signs with.
    pub secret: String,
}

/// Makes a key that signs in one way.
///
/// # Errors
/// As [`Actor::check`]; `invalid` on `name`; `wrong_state` on `keys` when there are [`MOST`] already.
pub async fn create_identity_key(
    app: &App,
    actor: &Actor,
    tenant: TenantId,
    (name, way): (&str, Way),
) -> AppResult<Created> {
    actor.check(tenant, Permission::ManageIdentityKeys)?;
    let name = Name::parse(name).on_field("name")?.into_string();
    let (id, now, actor) = (app.id(), app.now(), actor.clone());
    let made = identity::new_secret(&app.keys, (tenant, id), way)?;
    let key = IdentityKey { id, name, secret: made.sealed, created_at: now, revoked_at: None };
    let key = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let rows = identity_key::list(tx, tenant).await?;
                if rows.iter().filter(|row| row.revoked_at.is_none()).count() >= MOST {
                    let message = format!("a tenant has at most {MOST} keys that are not revoked");
                    let refusal = Refusal::field("keys", ErrorCode::WrongState, message);
                    return Err(Refusal { limit: Some(MOST as u64), ..refusal }.into());
                }
                identity_key::insert(tx, tenant, &key).await?;
                let detail = json!({"name": key.name, "signs": way.as_str()});
                audit::add(tx, &actor.record_with(Some(tenant), "identity_key.created", (id, detail), now)).await?;
                Ok(key)
            })
        })
        .await?;
    Ok(Created { key, secret: made.shown })
}

/// Ends a key: what is signed with it says nothing any more. Visitors known by it stay who they are until their token
/// ends.
///
/// # Errors
/// As [`Actor::check`]; `not_found`, also for one that is revoked already.
pub async fn revoke_identity_key(app: &App, actor: &Actor, tenant: TenantId, id: Uuid) -> AppResult<()> {
    actor.check(tenant, Permission::ManageIdentityKeys)?;
    let (now, actor) = (app.now(), actor.clone());
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let found = identity_key::find(tx, tenant, id).await?.filter(|key| key.revoked_at.is_none());
                let key = found.ok_or_else(|| AppError::not_found("key"))?;
                identity_key::revoke(tx, tenant, id, now).await?;
                let detail = json!({"name": key.name});
                audit::add(tx, &actor.record_with(Some(tenant), "identity_key.revoked", (id, detail), now)).await
            })
        })
        .await
}

/// What a key is for; `None` when its secret cannot be opened, so that it is for nothing.
pub fn way_of(app: &App, tenant: TenantId, key: &IdentityKey) -> Option<Way> {
    app.keys.open_identity_secret(tenant, key.id, &key.secret).ok().map(|secret| Way::of(&secret))
}
