//! Asking for a new password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::page::{Field, FormPage, Notice};
use super::{extract, page};
use crate::actions::request_reset as action;
use crate::app::App;
use crate::error::{AppError, AppResult};

/// The form.
#[derive(Deserialize)]
pub struct Address {
    email: String,
}

/// `GET /forgot`
///
/// # Errors
/// When the page cannot be drawn.
pub async fn forgot_form(request: HttpRequest, app: web::Data<App>) -> AppResult<HttpResponse> {
    match app.config.smtp_url {
        Some(_) => page::html(StatusCode::OK, &form(&request, ("", None), None)),
        None => no_mail(&request),
    }
}

/// `POST /forgot`. The page is the same whether or not the address is known.
///
/// # Errors
/// `rate_limited`; when the database fails.
pub async fn request_reset(
    request: HttpRequest,
    app: web::Data<App>,
    web::Form(address): web::Form<Address>,
) -> AppResult<HttpResponse> {
    if app.config.smtp_url.is_none() {
        return no_mail(&request);
    }
    let texts = extract::texts(&request);
    let ip = extract::ip(&request, &app);
    match action::check_request(&app, &address.email, ip, texts.locale()).await {
        Ok(wanted) => {
            actix_web::rt::spawn(async move {
                if let Err(error) = action::send_link(&app, wanted).await {
                    tracing::error!(%error, "a link for a new password could not be written");
                }
            });
            let notice = Notice::good(texts.get("forgot.sent"));
            page::html(StatusCode::OK, &form(&request, (&address.email, None), Some(notice)))
        }
        Err(AppError::Refused(refusal)) if refusal.field == Some("email") => {
            let error = page::field_error(texts, &refusal, &address.email);
            page::html(StatusCode::UNPROCESSABLE_ENTITY, &form(&request, (&address.email, error), None))
        }
        Err(error) => Err(error),
    }
}

fn no_mail(request: &HttpRequest) -> AppResult<HttpResponse> {
    let texts = extract::texts(request);
    let heading = (texts.get("forgot.title"), texts.get("forgot.no_mail"));
    page::message(request, StatusCode::OK, heading, vec![("/sign-in", texts.get("forgot.back").to_owned())], None)
}

fn form(request: &HttpRequest, (email, error): (&str, Option<String>), notice: Option<Notice>) -> FormPage {
    let texts = extract::texts(request);
    let field = Field {
        name: "email",
        kind: "email",
        label: texts.get("signin.email").to_owned(),
        value: email.to_owned(),
        autocomplete: "username",
        error,
        focus: true,
        ..Field::default()
    };
    FormPage {
        ui: page::ui(request),
        title: texts.get("forgot.title").to_owned(),
        lead: texts.get("forgot.lead").to_owned(),
        notice,
        action: "/forgot".to_owned(),
        fields: vec![field],
        submit: texts.get("forgot.submit"),
        foot: Some(("/sign-in", texts.get("forgot.back"))),
    }
}
