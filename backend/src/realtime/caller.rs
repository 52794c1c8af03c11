//! Who is on the other end: a visitor by token, or an agent by the cookie of a signed-in browser.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use protocol::ids::TenantId;

use crate::app::App;
use crate::auth::keys::VisitorClaims;
use crate::auth::limiter::ip_key;
use crate::auth::{Principal, browser, visitor};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{client_ip, cookie};
use crate::metrics::Role;
use crate::realtime::hub::{ConnectionGuard, Hub, Transport};

/// Header that a page of another origin cannot send without asking first.
const OWN_HEADER: &str = "X-Frontdesk";

/// A connection is not looked at more often than this, however short its token lives.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// What a request says besides its body, however it reached us.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The other end of the connection.
    pub peer: Option<SocketAddr>,
}

impl<'a> From<&'a HttpRequest> for Head<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        Self { headers: request.headers(), peer: request.peer_addr() }
    }
}

/// Somebody whose token or cookie is good.
pub struct Caller {
    /// Who.
    pub(super) who: Principal,
    /// A token that lasts longer than the one brought.
    pub(super) fresh_token: Option<String>,
    /// What a visitor's newest token says: of the fresh one, if there is one.
    pub(super) claims: Option<VisitorClaims>,
    /// Where the request came from, as a key of limits.
    pub(super) place: Box<str>,
}

impl Caller {
    /// Counts a connection of this caller for as long as the guard lives.
    ///
    /// # Errors
    /// `rate_limited` when there are too many from one place, or of the visitors of one tenant.
    pub(super) fn enter(&self, hub: &Arc<Hub>, transport: Transport) -> Result<ConnectionGuard, Refusal> {
        let mut counted = hub.enter(transport, self.place.clone())?;
        match &self.who {
            Principal::Visitor(visitor) => counted.belongs_to(visitor.tenant)?,
            Principal::Agent(_) => counted.is_of(Role::Agent),
        }
        Ok(counted)
    }
}

/// Who a request claims to be from.
pub struct Credentials {
    /// The visitor token of the Authorization header.
    pub(super) bearer: Option<String>,
    /// The cookie of a signed-in browser.
    pub(super) cookie: Option<String>,
    /// Where the request came from, as a key of limits.
    pub(super) place: Box<str>,
}

impl Credentials {
    /// Reads the headers.
    pub(super) fn of(app: &App, head: Head) -> Self {
        let header = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Self {
            bearer: header.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned),
            cookie: cookie::find(head.headers, &app.config),
            place: ip_key(client_ip::resolve(head.peer, head.headers, &app.config)).into(),
        }
    }

    /// The visitor of `bearer`, or without one the agent of the cookie in `tenant`.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `tenant_suspended`.
    pub(super) async fn caller(&self, app: &App, tenant: Option<TenantId>) -> AppResult<Caller> {
        let place = self.place.clone();
        if let Some(token) = &self.bearer {
            return Ok(of_visitor(app, visitor::authenticate(app, token).await?, place));
        }
        let cookie = self.cookie.as_deref().ok_or_else(AppError::unauthenticated)?;
        let signed = browser::authenticate(app, cookie).await?;
        let agent = browser::agent(app, &signed.account, tenant).await?;
        Ok(Caller { who: Principal::Agent(agent), fresh_token: None, claims: None, place })
    }
}

/// The caller of a good token.
pub(super) fn of_visitor(app: &App, claims: VisitorClaims, place: Box<str>) -> Caller {
    let old = app.keys.is_old(claims.expires_at, app.now());
    let (fresh_token, claims) = if old {
        let (token, claims) = renew(app, claims);
        (Some(token), claims)
    } else {
        (None, claims)
    };
    Caller { who: Principal::Visitor(claims.identity.clone()), fresh_token, claims: Some(claims), place }
}

/// A fresh token for the visitor of an older one, and what it says.
pub(super) fn renew(app: &App, claims: VisitorClaims) -> (String, VisitorClaims) {
    let VisitorClaims { identity, version, origin, .. } = &claims;
    let (token, expires_at) = app.keys.sign_visitor(identity, origin.as_deref(), *version, app.now());
    (token, VisitorClaims { expires_at, ..claims })
}

/// How long a connection may be left alone before the token of its visitor is renewed (F30).
pub(super) fn until_renewal(app: &App, claims: &VisitorClaims) -> Duration {
    let renewal = u64::try_from(app.keys.renewal_at(claims.expires_at) - app.now()).unwrap_or(0);
    Duration::from_millis(renewal).max(LOOK_AT_MOST_EVERY)
}

/// Checks that a request comes from a page of ours. Our frame and console are on our own host, so their
/// origin is ours (rule C-4). Without an Origin header only a client without a cookie is let in: it is no
/// browser.
///
/// # Errors
/// `forbidden` for another origin.
pub(super) fn check_origin(app: &App, head: Head, credentials: &Credentials) -> AppResult<()> {
    let ours = match head.headers.get(ORIGIN) {
        Some(origin) => origin.as_bytes() == app.config.public_origin().as_bytes(),
        None => credentials.cookie.is_none(),
    };
    if ours { Ok(()) } else { Err(AppError::forbidden()) }
}

/// As [`check_origin`], for a request with a body: a cookie counts only together with our own header, which
/// a foreign page cannot add (rule C-2). A bearer token is proof by itself.
///
/// # Errors
/// `forbidden`.
pub(super) fn check_request(app: &App, head: Head, credentials: &Credentials) -> AppResult<()> {
    if credentials.bearer.is_some() {
        return Ok(());
    }
    let own = head.headers.get(OWN_HEADER).is_some_and(|value| value == "1");
    if !own {
        return Err(AppError::forbidden());
    }
    check_origin(app, head, credentials)
}
