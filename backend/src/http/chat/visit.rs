//! Who asks, by a cookie that only these pages get. Every form carries a proof that it was made for this
//! cookie: a foreign page cannot read the cookie and so cannot make the proof. Browsers that say where a form
//! comes from are checked for that as well, as everywhere (rule C-2).

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Place;
use crate::actions::issue_visitor::{Arrival, issue_visitor, prepare_visitor};
use crate::app::App;
use crate::auth::keys::{VISITOR_TOKEN_MS, VisitorClaims};
use crate::auth::{VisitorIdentity, visitor};
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::http::extract;

/// Somebody who looks at a page, or sends a form.
pub struct Visit {
    /// A visitor token of this site: the one brought, or one prepared for somebody new.
    token: String,
    /// The browser has to be told the token.
    is_new: bool,
    /// The request brought a token of ours.
    came: bool,
    known: Option<VisitorClaims>,
}

impl Visit {
    /// Who asks. Somebody new gets a token, and nothing is stored.
    ///
    /// # Errors
    /// `tenant_suspended`; when the database fails.
    pub async fn of(app: &App, request: &HttpRequest, place: &Place) -> AppResult<Self> {
        let brought = request.cookie(name(&app.config)).map(|cookie| cookie.value().to_owned());
        let ours = |token: &String| {
            let claims = app.keys.read_visitor(token, app.now()).ok();
            claims.is_some_and(|claims| claims.identity.tenant == place.tenant && claims.identity.site == place.site)
        };
        let Some(token) = brought.filter(ours) else {
            let token = prepare_visitor(app, place.tenant, place.site);
            return Ok(Self { token, is_new: true, came: false, known: None });
        };
        let known = match visitor::authenticate(app, &token).await {
            Ok(claims) => Some(claims),
            // Signed by us and unknown: prepared, and no form was sent yet.
            Err(AppError::Refused(refusal)) if refusal.code == protocol::error::ErrorCode::Unauthenticated => None,
            Err(error) => return Err(error),
        };
        Ok(Self { token, is_new: false, came: true, known })
    }

    /// The visitor, once there is one.
    pub fn known(&self) -> Option<&VisitorClaims> {
        self.known.as_ref()
    }

    /// Whether the browser brought the cookie of an earlier page.
    pub fn came_with_cookie(&self) -> bool {
        self.came
    }

    /// Stores somebody new as a visitor; who is known stays the same.
    ///
    /// # Errors
    /// `rate_limited`, `tenant_suspended`; when the database fails.
    pub async fn settle(&mut self, app: &App, request: &HttpRequest, place: &Place) -> AppResult<VisitorIdentity> {
        if let Some(known) = &self.known {
            return Ok(known.identity.clone());
        }
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let arrival = Arrival {
            site: place.config.key.clone(),
            token: Some(self.token.clone()),
            origin: None,
            identity: None,
            prepared: true,
            ip: extract::ip(request, app),
            user_agent: header(USER_AGENT),
            language: header(ACCEPT_LANGUAGE),
        };
        let reply = issue_visitor(app, arrival).await?;
        let same = app.keys.read_visitor(&self.token, app.now())?.identity.visitor == reply.visitor;
        if !same {
            (self.token, self.is_new) = (reply.token, true);
        }
        let claims = app.keys.read_visitor(&self.token, app.now())?;
        Ok(self.known.insert(claims).identity.clone())
    }

    /// Takes a fresh token when the one brought has not much time left.
    pub fn renew(&mut self, app: &App) {
        let now = app.now();
        if let Some(known) = self.known.as_ref().filter(|known| app.keys.is_old(known.expires_at, now)) {
            self.token = app.keys.sign_visitor(&known.identity, None, known.version, now).0;
            self.is_new = true;
        }
    }

    /// What a form made for this visit carries.
    pub fn proof(&self) -> String {
        let digest = Sha256::new().chain_update("frontdesk form\0").chain_update(&self.token).finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Whether a form was made for this visit.
    pub fn made(&self, proof: &str) -> bool {
        // Hashed, so that the time this takes tells nothing about the proof.
        Sha256::digest(proof) == Sha256::digest(self.proof())
    }

    /// The cookie to set, if any.
    pub fn cookie(&self, app: &App, place: &Place) -> Option<Cookie<'static>> {
        self.is_new.then(|| visitor_cookie(&app.config, &place.config.key, self.token.clone()))
    }
}

/// The cookie of a visitor of a site: for these pages alone, out of reach of scripts and of other sites' requests.
pub(in crate::http) fn visitor_cookie(config: &Config, site: &str, token: String) -> Cookie<'static> {
    Cookie::build(name(config), token)
        .path(format!("/chat/{site}"))
        .http_only(true)
        .secure(config.is_https())
        .same_site(SameSite::Strict)
        .max_age(Duration::milliseconds(VISITOR_TOKEN_MS))
        .finish()
}

/// Name of the cookie: on https with the prefix that makes browsers refuse one set without encryption. It is
/// bound to a path, which the stricter prefix `__Host-` does not allow.
fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Secure-frontdesk-visitor" } else { "frontdesk-visitor" }
}
