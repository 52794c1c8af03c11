//! `GET /`: where to go from here.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{extract, page};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::EveryTenant;
use crate::store::agent;

/// The start page: sign in, or what the account can open.
///
/// # Errors
/// When the database fails.
pub async fn landing(request: HttpRequest, app: web::Data<App>) -> AppResult<HttpResponse> {
    let texts = extract::texts(&request);
    let text = |key: &'static str| texts.get(key).to_owned();
    let heading = (texts.get("landing.title"), texts.get("landing.lead"));
    let signed = match extract::signed(&request).await {
        Ok(signed) => signed,
        Err(AppError::Refused(_)) => {
            let links = vec![("/sign-in", text("landing.signin"))];
            return page::message(&request, StatusCode::OK, heading, links, None);
        }
        Err(error) => return Err(error),
    };
    let mut conn = app.store.read(EveryTenant).await?;
    let member = !agent::of_account(&mut conn, signed.account.id).await?.is_empty();
    let mut links = Vec::new();
    if member {
        links.push(("/console", text("landing.console")));
        links.push(("/admin", text("landing.admin")));
    }
    if signed.account.is_operator {
        links.push(("/platform", text("landing.platform")));
    }
    links.push(("/sign-out", text("signout")));
    let foot = texts.fill("landing.signed_in", &[("name", &signed.account.name)]);
    page::message(&request, StatusCode::OK, heading, links, Some(foot))
}
