//! Answers of the panels: pages and redirects. Errors become pages in `http/guard.rs`.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;
use domain::text::TextError;
use protocol::error::ErrorCode;

use super::ui::Ui;
use crate::error::{AppError, AppResult};

/// The answer of a handler.
pub type Reply = AppResult<HttpResponse>;

/// A page. Never stored by caches: it belongs to one person.
///
/// # Errors
/// When the template fails.
pub fn page(template: &impl Template) -> Reply {
    page_with(StatusCode::OK, template)
}

/// A form shown again because something in it is wrong.
///
/// # Errors
/// When the template fails.
pub fn again(template: &impl Template) -> Reply {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page that says why nothing was done: what the form was about has changed since it was drawn (409).
///
/// # Errors
/// When the template fails.
pub fn stale(template: &impl Template) -> Reply {
    page_with(StatusCode::CONFLICT, template)
}

fn page_with(status: StatusCode, template: &impl Template) -> Reply {
    let html = template.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Goes on to another page after something was done (303). `flash` is `done=WORD` or `not=WORD`, a message of
/// the text table.
///
/// # Errors
/// None; a result, so that handlers can end with it.
pub fn see(path: &str, flash: &str) -> Reply {
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, format!("{path}?{flash}"))).finish())
}

/// What a form is told when an action refused it: the field and the words for it. Anything that is not about a
/// field is passed on as an error.
///
/// # Errors
/// The error itself, when it names no field.
pub fn refused_field(ui: &Ui, error: AppError) -> AppResult<(&'static str, String)> {
    let AppError::Refused(refusal) = &error else { return Err(error) };
    let Some(field) = refusal.field else { return Err(error) };
    let text = match (refusal.code, refusal.limit) {
        (ErrorCode::Conflict, _) => ui.t("error.taken").to_owned(),
        // Other limits are those of numbers: of how many, or of how much.
        (_, Some(limit)) if refusal.message == (TextError::TooLong { limit }).to_string() => {
            ui.t1("error.too_long", limit)
        }
        (_, Some(limit)) => ui.t1("error.at_most", limit),
        _ => ui.t("error.format").to_owned(),
    };
    Ok((field, text))
}
