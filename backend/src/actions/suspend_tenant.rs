//! Suspends a tenant: widgets show "unavailable", agents only read, nothing is deleted.

use std::collections::HashSet;

use protocol::error::CloseCode;
use protocol::ids::TenantId;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::bus::{Deliver, Note, Topic};
use crate::error::{AppError, AppResult};
use crate::store::EveryTenant;
use crate::store::audit;
use crate::store::tenant::{self, Tenant, TenantState};

/// Suspends a tenant and closes its open connections (C20). Doing it again changes nothing.
///
/// # Errors
/// `forbidden` for anybody but operators; `not_found`.
pub async fn suspend_tenant(app: &App, actor: &Actor, id: TenantId) -> AppResult<Tenant> {
    let row = set_state(app, actor, id, TenantState::Suspended).await?;
    for topic in [Topic::Visitors(id), Topic::Agents(id)] {
        app.bus.publish(topic, Note::Revoked(CloseCode::Forbidden));
    }
    Ok(row)
}

/// Closes this node's connections of tenants that were suspended since `known` (when that is known) by another
/// process, such as the command line, and lets those of tenants that were resumed come back. Agents who connect again
/// to a suspended tenant only read; visitors are refused. Says which are suspended now.
///
/// # Errors
/// When the database fails.
pub async fn follow(
    app: &App,
    sessions: &dyn Deliver,
    known: Option<&HashSet<TenantId>>,
) -> AppResult<HashSet<TenantId>> {
    let mut conn = app.store.read(EveryTenant).await?;
    let now: HashSet<TenantId> = tenant::suspended(&mut conn).await?.into_iter().collect();
    let Some(known) = known else { return Ok(now) };
    for id in now.difference(known) {
        sessions.deliver(Topic::Visitors(*id), &Note::Revoked(CloseCode::Forbidden));
        sessions.deliver(Topic::Agents(*id), &Note::Revoked(CloseCode::Forbidden));
    }
    for id in known.difference(&now) {
        sessions.deliver(Topic::Agents(*id), &Note::Revoked(CloseCode::Restart));
        app.dispatcher.call(*id);
    }
    Ok(now)
}

/// Writes a tenant's state and the record. Nothing when it has that state.
pub(crate) async fn set_state(app: &App, actor: &Actor, id: TenantId, state: TenantState) -> AppResult<Tenant> {
    actor.check_platform()?;
    let (actor, now) = (actor.clone(), app.now());
    app.store
        .write(id, move |tx| {
            Box::pin(async move {
                let mut row = tenant::find(tx, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                if row.state == state {
                    return Ok(row);
                }
                let (action, at) = match state {
                    TenantState::Suspended => ("tenant.suspended", Some(now)),
                    TenantState::Active => ("tenant.resumed", None),
                };
                row.state = state;
                row.suspended_at = at;
                tenant::save(tx, &row).await?;
                audit::add(tx, &actor.record_with(Some(id), action, (id.0, json!({})), now)).await?;
                Ok(row)
            })
        })
        .await
}
