//! Visitors, known by a token. The signature says who; the database says whether it still holds.

use protocol::error::ErrorCode;
use tracing::Span;
use tracing::field::display;

use super::VisitorIdentity;
use super::keys::VisitorClaims;
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::{Conn, site, tenant, visitor};

/// Whose token this is.
///
/// # Errors
/// `unauthenticated` for a token that is not ours, expired or revoked, or whose visitor is gone;
/// `tenant_suspended` when the tenant is; `forbidden` on `origin` when the site no longer allows the page around.
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
    let mut conn = app.store.read(claims.identity.tenant).await?;
    stands(&mut conn, claims).await?;
    allows(&mut conn, &claims.identity, claims.origin.as_deref()).await
}

/// Whose token this was, for giving that visitor a new one: it may have expired, though not too long ago, and was
/// issued in whatever page.
///
/// # Errors
/// `unauthenticated`, `tenant_suspended`.
pub async fn recognize(app: &App, token: &str) -> AppResult<VisitorClaims> {
    let claims = app.keys.read_late_visitor(token, app.now())?;
    stands(&mut app.store.read(claims.identity.tenant).await?, &claims).await?;
    Ok(claims)
}

/// Whether the site of a visitor still allows to be embedded in pages of `origin` (F33).
///
/// # Errors
/// `forbidden` on `origin`.
pub async fn check_origin(app: &App, who: &VisitorIdentity, origin: &str) -> AppResult<()> {
    allows(&mut app.store.read(who.tenant).await?, who, Some(origin)).await
}

async fn allows(conn: &mut Conn, who: &VisitorIdentity, origin: Option<&str>) -> AppResult<()> {
    let Some(origin) = origin else { return Ok(()) };
    let allowed = site::origins(conn, who.tenant, who.site).await?;
    if allowed.iter().any(|allowed| allowed == origin) { Ok(()) } else { Err(not_here().into()) }
}

/// The refusal of a page whose origin the site does not allow.
pub fn not_here() -> Refusal {
    Refusal::field("origin", ErrorCode::Forbidden, "the site does not allow this page")
}

async fn stands(conn: &mut Conn, claims: &VisitorClaims) -> AppResult<()> {
    let who = &claims.identity;
    let row = visitor::find(conn, who.tenant, who.visitor).await?;
    if row.is_none_or(|row| row.token_version != claims.version) {
        return Err(AppError::unauthenticated());
    }
    let tenant = tenant::find(conn, who.tenant).await?.ok_or_else(AppError::unauthenticated)?;
    if tenant.is_suspended() {
        return Err(Refusal::new(ErrorCode::TenantSuspended, "this tenant is suspended").into());
    }
    Ok(())
}
