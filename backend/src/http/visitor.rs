//! `POST /v1/visitor`: become a visitor of a site, or stay the one of a token.

use actix_web::http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use actix_web::{HttpRequest, web};
use protocol::frame::{VisitorReply, VisitorRequest};

use super::extract;
use crate::actions::issue_visitor::{Arrival, issue_visitor};
use crate::app::App;
use crate::error::AppResult;

/// Issues or renews a visitor token. An identity that is not valid is ignored, and the reply says so.
///
/// # Errors
/// `not_found` for the site; `tenant_suspended`; `forbidden` on `origin`; `rate_limited`; `malformed`.
pub async fn issue(
    request: HttpRequest,
    app: web::Data<App>,
    web::Json(body): web::Json<VisitorRequest>,
) -> AppResult<web::Json<VisitorReply>> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let arrival = Arrival {
        site: body.site,
        token: body.token,
        origin: body.origin,
        identity: body.identity,
        prepared: false,
        ip: extract::ip(&request, &app),
        user_agent: header(USER_AGENT),
        language: header(ACCEPT_LANGUAGE),
    };
    Ok(web::Json(issue_visitor(&app, arrival).await?))
}
