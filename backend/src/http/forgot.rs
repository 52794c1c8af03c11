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
    let texts = extract::texts(&request);
    let notice = app.config.smtp_url.is_none().then(|| Notice::bad(texts.get("forgot.no_mail")));
    page::html(StatusCode::OK, &form(&request, ("", None), notice))
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
    let texts = extract::texts(&request);
    let ip = extract::ip(&request, &app);
    match action::request_reset(&app, &address.email, ip, texts.locale()).await {
        Ok(()) if app.config.smtp_url.is_none() => {
            let notice = Notice::bad(texts.get("forgot.no_mail"));
            page::html(StatusCode::OK, &form(&request, (&address.email, None), Some(notice)))
        }
        Ok(()) => {
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
