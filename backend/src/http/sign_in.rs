//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::error::ErrorCode;
use serde::Deserialize;

use super::page::{Field, FormPage, Notice};
use super::{cookie, extract, page};
use crate::actions::sign_in as action;
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};

/// The form.
#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// What the address of the form may carry.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

/// `GET /sign-in`
///
/// # Errors
/// When the page cannot be drawn.
pub async fn sign_in_form(request: HttpRequest, asked: web::Query<Asked>) -> AppResult<HttpResponse> {
    let texts = extract::texts(&request);
    let notice = (asked.done == "reset").then(|| Notice::good(texts.get("signin.done_reset")));
    page::html(StatusCode::OK, &form(&request, "", &asked.next, notice))
}

/// `POST /sign-in`
///
/// # Errors
/// When the database fails; what the person did wrong is in the page.
pub async fn sign_in(
    request: HttpRequest,
    app: web::Data<App>,
    web::Form(credentials): web::Form<Credentials>,
) -> AppResult<HttpResponse> {
    let browser = extract::browser(&request, &app);
    match action::sign_in(&app, &credentials.email, credentials.password, browser).await {
        Ok(signed) => {
            let path = match page::allowed_next(&credentials.next) {
                Some(next) => next.to_owned(),
                None => page::home(&app, &signed.account).await?.to_owned(),
            };
            let mut response = page::see_other(&path);
            let cookie = cookie::signed_in(&app.config, signed.token);
            response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
            Ok(response)
        }
        Err(AppError::Refused(refusal)) => {
            let notice = refused(&request, &refusal);
            let status = AppError::from(refusal);
            let status = actix_web::ResponseError::status_code(&status);
            page::html(status, &form(&request, &credentials.email, &credentials.next, Some(notice)))
        }
        Err(error) => Err(error),
    }
}

/// `GET /sign-out`: asks first, because a link that is followed changes nothing.
///
/// # Errors
/// When the page cannot be drawn.
pub async fn sign_out_form(request: HttpRequest) -> AppResult<HttpResponse> {
    let texts = extract::texts(&request);
    let form = FormPage {
        ui: page::ui(&request),
        title: texts.get("signout.title").to_owned(),
        lead: texts.get("signout.question").to_owned(),
        notice: None,
        action: "/sign-out".to_owned(),
        fields: Vec::new(),
        submit: texts.get("signout"),
        foot: Some(("/", texts.get("error.home"))),
    };
    page::html(StatusCode::OK, &form)
}

/// `POST /sign-out`. Whoever is not signed in is signed out already.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(request: HttpRequest, app: web::Data<App>) -> AppResult<HttpResponse> {
    match extract::signed(&request).await {
        Ok(signed) => action::sign_out(&app, &signed).await?,
        Err(AppError::Refused(_)) => {}
        Err(error) => return Err(error),
    }
    let mut response = page::see_other("/sign-in");
    let cookie = cookie::signed_out(&app.config);
    response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

fn refused(request: &HttpRequest, refusal: &Refusal) -> Notice {
    let texts = extract::texts(request);
    match (refusal.code, refusal.retry_after_ms) {
        (ErrorCode::RateLimited | ErrorCode::Unavailable, Some(wait)) => {
            let seconds = wait.div_ceil(1000).to_string();
            Notice::bad(&texts.fill("signin.slow", &[("seconds", &seconds)]))
        }
        _ => Notice::bad(texts.get("signin.wrong")),
    }
}

fn form(request: &HttpRequest, email: &str, next: &str, notice: Option<Notice>) -> FormPage {
    let texts = extract::texts(request);
    let email = Field {
        name: "email",
        kind: "email",
        label: texts.get("signin.email").to_owned(),
        value: email.to_owned(),
        autocomplete: "username",
        focus: email.is_empty(),
        ..Field::default()
    };
    let password = Field {
        name: "password",
        kind: "password",
        label: texts.get("signin.password").to_owned(),
        autocomplete: "current-password",
        focus: !email.value.is_empty(),
        ..Field::default()
    };
    let mut fields = vec![email, password];
    if let Some(next) = page::allowed_next(next) {
        fields.push(Field { name: "next", kind: "hidden", value: next.to_owned(), ..Field::default() });
    }
    FormPage {
        ui: page::ui(request),
        title: texts.get("signin.title").to_owned(),
        lead: texts.get("signin.lead").to_owned(),
        notice,
        action: "/sign-in".to_owned(),
        fields,
        submit: texts.get("signin.submit"),
        foot: Some(("/forgot", texts.get("signin.forgot"))),
    }
}
