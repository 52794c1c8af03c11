//! Visitors, known by a token. The signature says who; the database says whether it still holds.

use protocol::error::ErrorCode;
use tracing::Span;
use tracing::field::display;

use super::keys::VisitorClaims;
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::{tenant, visitor};

/// Whose token this is.
///
/// # Errors
/// `unauthenticated` for a token that is not ours, expired or revoked, or whose visitor is gone;
/// `tenant_suspended` when the tenant is.
pub async fn authenticate(app: &App, token: &str) -> AppResult<VisitorClaims> {
    let claims = app.keys.read_visitor(token, app.now())?;
    Span::current().record("tenant", display(claims.identity.tenant));
    check(app, &claims).await?;
    Ok(claims)
}

/// Whether what a token said still holds, read again: a connection that lives long asks this.
///
/// # Errors
/// As [`authenticate`].
pub async fn check(app: &App, claims: &VisitorClaims) -> AppResult<()> {
    let who = &claims.identity;
    let mut conn = app.store.read(who.tenant).await?;
    let row = visitor::find(&mut conn, who.tenant, who.visitor).await?;
    if row.is_none_or(|row| row.token_version != claims.version) {
        return Err(AppError::unauthenticated());
    }
    let tenant = tenant::find(&mut conn, who.tenant).await?.ok_or_else(AppError::unauthenticated)?;
    if tenant.is_suspended() {
        return Err(Refusal::new(ErrorCode::TenantSuspended, "this tenant is suspended").into());
    }
    Ok(())
}
