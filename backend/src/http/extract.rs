//! Who asks: extractors that let a handler run only for the right people.

use std::net::IpAddr;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use protocol::ids::TenantId;
use serde::Deserialize;

use super::{client_ip, cookie};
use crate::actions::second_factor;
use crate::actions::sign_in::Browser;
use crate::app::App;
use crate::auth::browser::Signed;
use crate::auth::limiter::ip_key;
use crate::auth::{AgentIdentity, Principal, browser, visitor};
use crate::error::{AppError, AppResult};
use crate::i18n::{self, Texts};

/// Somebody who is signed in.
pub struct Account(pub Signed);

/// A signed-in operator.
pub struct Operator(pub Signed);

/// A signed-in member of the tenant in `?tenant=`; of the only or oldest one without.
pub struct AgentAuth(pub AgentIdentity);

/// A visitor by bearer token, or an agent by cookie.
pub struct Caller(pub Principal);

#[derive(Deserialize)]
struct Wanted {
    tenant: Option<TenantId>,
}

impl Deref for Account {
    type Target = Signed;
    fn deref(&self) -> &Signed {
        &self.0
    }
}

impl Deref for Operator {
    type Target = Signed;
    fn deref(&self) -> &Signed {
        &self.0
    }
}

impl Deref for AgentAuth {
    type Target = AgentIdentity;
    fn deref(&self) -> &AgentIdentity {
        &self.0
    }
}

/// Implements the extractor with an async function of the request.
macro_rules! extractor {
    ($($name:ident: $find:expr;)*) => {$(
        impl FromRequest for $name {
            type Error = AppError;
            type Future = LocalBoxFuture<'static, AppResult<Self>>;
            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { $find(&request).await.map(Self) })
            }
        }
    )*};
}

extractor! {
    Account: signed;
    Operator: operator;
    AgentAuth: agent;
    Caller: caller;
}

/// The application.
///
/// # Errors
/// When the server was put together without it.
pub fn app(request: &HttpRequest) -> AppResult<&web::Data<App>> {
    request.app_data::<web::Data<App>>().ok_or_else(|| AppError::Internal(anyhow::anyhow!("no application data")))
}

/// Who is signed in.
///
/// # Errors
/// `unauthenticated`.
pub async fn signed(request: &HttpRequest) -> AppResult<Signed> {
    let app = app(request)?;
    let cookie = cookie::read(request, &app.config).ok_or_else(AppError::unauthenticated)?;
    let signed = browser::authenticate(app, &cookie).await?;
    let ip = ip_key(client_ip::client_ip(request, &app.config));
    Ok(Signed { ip: Some(ip), ..signed })
}

async fn operator(request: &HttpRequest) -> AppResult<Signed> {
    let signed = signed(request).await?;
    operator_again(app(request)?, &signed).await?;
    Ok(signed)
}

/// Goes on only for an operator who has the second factor this installation asks of operators.
///
/// # Errors
/// `forbidden`.
pub async fn operator_again(app: &App, signed: &Signed) -> AppResult<()> {
    let account = &signed.account;
    let may = account.is_operator && second_factor::operator_may_enter(app, account.id).await?;
    if may { Ok(()) } else { Err(AppError::forbidden()) }
}

async fn agent(request: &HttpRequest) -> AppResult<AgentIdentity> {
    let signed = signed(request).await?;
    let wanted = web::Query::<Wanted>::from_query(request.query_string());
    // An id that is none belongs to nobody.
    let tenant = wanted.map_err(|_| AppError::not_found("tenant"))?.tenant;
    browser::agent(app(request)?, &signed.account, tenant).await
}

async fn caller(request: &HttpRequest) -> AppResult<Principal> {
    match request.headers().get(AUTHORIZATION) {
        Some(value) => {
            let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
            let token = token.ok_or_else(AppError::unauthenticated)?;
            Ok(Principal::Visitor(visitor::authenticate(app(request)?, token).await?.identity))
        }
        None => Ok(Principal::Agent(agent(request).await?)),
    }
}

/// The address of the client.
pub fn ip(request: &HttpRequest, app: &App) -> IpAddr {
    client_ip::client_ip(request, &app.config)
}

/// The browser that asks, for signing in.
pub fn browser(request: &HttpRequest, app: &App) -> Browser {
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Browser {
        ip: ip(request, app),
        user_agent: user_agent.map(str::to_owned),
        cookie: cookie::read(request, &app.config),
    }
}

/// The texts in the language the browser asks for.
pub fn texts(request: &HttpRequest) -> &'static Texts {
    let asked = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    i18n::negotiated(asked.unwrap_or_default())
}
