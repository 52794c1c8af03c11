//! Who is on the other end: a visitor by token, or an agent by the cookie of a signed-in browser.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, ORIGIN};
use protocol::ids::TenantId;

use crate::app::App;
use crate::auth::keys::{VISITOR_TOKEN_MS, VisitorClaims};
use crate::auth::limiter::ip_key;
use crate::auth::{Principal, VisitorIdentity, browser, visitor};
use crate::error::{AppError, AppResult};
use crate::http::client_ip::client_ip;
use crate::http::cookie;

/// A token with less than this left is renewed in the welcome, in milliseconds.
const RENEW_BELOW_MS: i64 = VISITOR_TOKEN_MS / 2;
/// Header that a page of another origin cannot send without asking first.
const OWN_HEADER: &str = "X-Frontdesk";

/// Somebody whose token or cookie is good.
pub(super) struct Caller {
    /// Who.
    pub(super) who: Principal,
    /// A token that lasts longer than the one brought.
    pub(super) fresh_token: Option<String>,
    /// When the token brought expires, Unix milliseconds.
    pub(super) expires_at: Option<i64>,
    /// Where the request came from, as a key of limits.
    pub(super) place: Box<str>,
}

/// What a request brought besides its body.
pub(super) struct Credentials {
    /// The visitor token of the Authorization header.
    pub(super) bearer: Option<String>,
    /// The cookie of a signed-in browser.
    pub(super) cookie: Option<String>,
    /// Where the request came from, as a key of limits.
    pub(super) place: Box<str>,
}

impl Credentials {
    /// Reads the headers.
    pub(super) fn of(app: &App, request: &HttpRequest) -> Self {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Self {
            bearer: header.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned),
            cookie: cookie::read(request, &app.config),
            place: ip_key(client_ip(request, &app.config)).into(),
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
        Ok(Caller { who: Principal::Agent(agent), fresh_token: None, expires_at: None, place })
    }
}

/// The caller of a good token.
pub(super) fn of_visitor(app: &App, claims: VisitorClaims, place: Box<str>) -> Caller {
    let VisitorClaims { identity, version, expires_at } = claims;
    let now = app.now();
    let fresh_token = (expires_at - now < RENEW_BELOW_MS).then(|| sign(app, &identity, version, now));
    Caller { who: Principal::Visitor(identity), fresh_token, expires_at: Some(expires_at), place }
}

fn sign(app: &App, identity: &VisitorIdentity, version: i64, now: i64) -> String {
    app.keys.sign_visitor(identity, version, now).0
}

/// Checks that a request comes from a page of ours. Our frame and console are on our own host, so their
/// origin is ours (rule C-4). Without an Origin header only a client without a cookie is let in: it is no
/// browser.
///
/// # Errors
/// `forbidden` for another origin.
pub(super) fn check_origin(app: &App, request: &HttpRequest, credentials: &Credentials) -> AppResult<()> {
    let ours = match request.headers().get(ORIGIN) {
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
pub(super) fn check_request(app: &App, request: &HttpRequest, credentials: &Credentials) -> AppResult<()> {
    if credentials.bearer.is_some() {
        return Ok(());
    }
    let own = request.headers().get(OWN_HEADER).is_some_and(|value| value == "1");
    if !own {
        return Err(AppError::forbidden());
    }
    check_origin(app, request, credentials)
}
