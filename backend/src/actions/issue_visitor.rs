//! Makes somebody a visitor of a site, or renews the token of one (rule J2).

use std::net::IpAddr;

use domain::text::Locale;
use protocol::error::ErrorCode;
use protocol::frame::{Identity, VisitorReply};
use protocol::ids::{SiteId, TenantId, VisitorId};

use super::identify::{self, Said};
use crate::app::App;
use crate::auth::limiter::{Rule, ip_key};
use crate::auth::{VisitorIdentity, visitor as tokens};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::EveryTenant;
use crate::store::site::{self, Site};
use crate::store::tenant;
use crate::store::visitor::{self, Visitor};

/// Version of the first token of a visitor.
const FIRST_VERSION: i64 = 1;

/// Somebody who opened the widget.
#[derive(Clone)]
pub struct Arrival {
    /// Key of the site.
    pub site: String,
    /// Token of an earlier visit.
    pub token: Option<String>,
    /// Origin of the page around the chat, if there is one.
    pub origin: Option<String>,
    /// Who the visitor is in the merchant's own system, as the merchant signed it.
    pub identity: Option<Identity>,
    /// The token may be one of [`prepare_visitor`], whose visitor is stored now.
    pub prepared: bool,
    /// Where from.
    pub ip: IpAddr,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// `Accept-Language`.
    pub language: Option<String>,
}

/// A token for somebody who has not done anything yet. Nothing is stored: the visitor comes to be when
/// [`issue_visitor`] gets it back, however often.
pub fn prepare_visitor(app: &App, tenant: TenantId, site: SiteId) -> String {
    let identity = VisitorIdentity { tenant, site, visitor: VisitorId(app.id()) };
    app.keys.sign_visitor(&identity, None, FIRST_VERSION, app.now()).0
}

/// A token for the visitor. One of an earlier visit may have expired, though not too long ago; one that is not good
/// for that either, or of another site or person, makes a new visitor.
///
/// # Errors
/// `rate_limited`; `not_found` for the site; `tenant_suspended`; `forbidden` on `origin`.
pub async fn issue_visitor(app: &App, arrival: Arrival) -> AppResult<VisitorReply> {
    app.limiter.take_everywhere(Rule::NewVisitor, &ip_key(arrival.ip), app.clock.monotonic()).await?;
    let mut conn = app.store.read(EveryTenant).await?;
    let site = site::find_by_key(&mut conn, &arrival.site).await?.ok_or_else(|| AppError::not_found("site"))?;
    let of = tenant::find(&mut conn, site.tenant_id).await?.ok_or_else(|| AppError::not_found("site"))?;
    drop(conn);
    if of.is_suspended() {
        return Err(Refusal::new(ErrorCode::TenantSuspended, "this tenant is suspended").into());
    }
    let origin = arrival.origin.as_deref();
    if origin.is_some_and(|origin| !site.origins.iter().any(|allowed| allowed == origin)) {
        return Err(tokens::not_here().into());
    }
    let said = match &arrival.identity {
        Some(identity) => Some(identify::check(app, site.tenant_id, identity).await?),
        None => None,
    };
    if let Some((known, version)) = known(app, &site, arrival.token.as_deref(), said.as_ref()).await? {
        return Ok(reply(app, &known, (origin, version), said.as_ref()));
    }
    let mut row = new_visitor(app, &site, &arrival);
    if let Some(said) = &said {
        said.describe(&mut row);
    }
    if arrival.prepared
        && let Some(id) = prepared(app, &site, arrival.token.as_deref()).await?
    {
        row.id = id;
    }
    let identity = VisitorIdentity { tenant: site.tenant_id, site: site.id, visitor: row.id };
    let version = row.token_version;
    let write = app.store.write((site.tenant_id, row.id), move |tx| {
        Box::pin(async move {
            // The same form sent twice at once prepares the same visitor.
            if visitor::find(tx, site.tenant_id, row.id).await?.is_some() {
                return Ok(());
            }
            visitor::insert(tx, site.tenant_id, &row).await
        })
    });
    write.await?;
    Ok(reply(app, &identity, (origin, version), said.as_ref()))
}

/// The visitor that a token of ours was prepared for, unless there is one with this id.
async fn prepared(app: &App, site: &Site, token: Option<&str>) -> AppResult<Option<VisitorId>> {
    let Some(claims) = token.and_then(|token| app.keys.read_visitor(token, app.now()).ok()) else { return Ok(None) };
    let VisitorIdentity { tenant, site: of, visitor: id } = claims.identity;
    if claims.version != FIRST_VERSION || tenant != site.tenant_id || of != site.id {
        return Ok(None);
    }
    let mut conn = app.store.read(tenant).await?;
    let known = visitor::find(&mut conn, tenant, id).await?;
    Ok(known.is_none_or(|row| row.token_version == FIRST_VERSION).then_some(id))
}

/// The visitor of an earlier visit to the site, if the identity is not somebody else's.
async fn known(
    app: &App,
    site: &Site,
    token: Option<&str>,
    said: Option<&Said>,
) -> AppResult<Option<(VisitorIdentity, i64)>> {
    let Some(token) = token else { return Ok(None) };
    let claims = match tokens::recognize(app, token).await {
        Ok(claims) if claims.identity.tenant == site.tenant_id && claims.identity.site == site.id => claims,
        Ok(_) | Err(AppError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let stays = match said {
        Some(said) => identify::stays(app, &claims.identity, said).await?,
        None => true,
    };
    Ok(stays.then_some((claims.identity, claims.version)))
}

fn reply(
    app: &App,
    identity: &VisitorIdentity,
    (origin, version): (Option<&str>, i64),
    said: Option<&Said>,
) -> VisitorReply {
    let (token, expires_at) = app.keys.sign_visitor(identity, origin, version, app.now());
    let ignored = said.filter(|said| said.is_ignored()).map(|_| "identity".to_owned());
    VisitorReply { token, visitor: identity.visitor, expires_at, ignored }
}

fn new_visitor(app: &App, site: &Site, arrival: &Arrival) -> Visitor {
    let now = app.now();
    let first = arrival.language.as_deref().and_then(|header| header.split([',', ';']).next());
    Visitor {
        browser: arrival.user_agent.as_deref().and_then(domain::browser::describe),
        language: first.and_then(|tag| Locale::parse(tag).ok()).map(Locale::into_string),
        ..Visitor::new(VisitorId(app.id()), site.id, now)
    }
}
