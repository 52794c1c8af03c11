//! Pages of sign-in, set-up and errors: one form, or one message, on one card.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use protocol::error::ErrorCode;

use super::extract;
use crate::actions::second_factor;
use crate::app::App;
use crate::assets;
use crate::error::{AppError, AppResult, Refusal};
use crate::i18n::Texts;

/// What `base.html` asks for.
#[derive(Clone, Copy)]
pub(super) struct Ui {
    texts: &'static Texts,
}

impl Ui {
    pub(super) fn lang(&self) -> &'static str {
        self.texts.locale()
    }

    pub(super) fn dir(&self) -> &'static str {
        "ltr"
    }

    pub(super) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// A form on a card.
#[derive(Template)]
#[template(path = "web/form.html")]
pub(super) struct FormPage {
    pub(super) ui: Ui,
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) notice: Option<Notice>,
    pub(super) action: String,
    pub(super) fields: Vec<Field>,
    pub(super) submit: &'static str,
    pub(super) foot: Option<(&'static str, &'static str)>,
}

/// A sentence above a form.
pub(super) struct Notice {
    pub(super) kind: &'static str,
    pub(super) text: String,
}

impl Notice {
    pub(super) fn good(text: &str) -> Self {
        Self { kind: "good", text: text.to_owned() }
    }

    pub(super) fn bad(text: &str) -> Self {
        Self { kind: "bad", text: text.to_owned() }
    }

    pub(super) fn role(&self) -> &'static str {
        if self.kind == "bad" { "alert" } else { "status" }
    }
}

/// One input.
#[derive(Default)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) autocomplete: &'static str,
    pub(super) hint: Option<String>,
    pub(super) error: Option<String>,
    pub(super) fixed: bool,
    pub(super) focus: bool,
}

#[derive(Template)]
#[template(path = "web/message.html")]
struct MessagePage {
    ui: Ui,
    title: String,
    lead: String,
    links: Vec<(&'static str, String)>,
    foot: Option<String>,
}

#[derive(Template)]
#[template(path = "web/framed.html")]
struct FramedPage {
    ui: Ui,
    title: String,
    lead: String,
}

/// The language of a request's pages.
pub(super) fn ui(request: &HttpRequest) -> Ui {
    Ui { texts: extract::texts(request) }
}

/// Answers with a page.
pub(super) fn html(status: StatusCode, page: &impl Template) -> AppResult<HttpResponse> {
    let body = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// A message with links that lead on; the first is the main one.
pub(super) fn message(
    request: &HttpRequest,
    status: StatusCode,
    (title, lead): (&str, &str),
    links: Vec<(&'static str, String)>,
    foot: Option<String>,
) -> AppResult<HttpResponse> {
    let page = MessagePage { ui: ui(request), title: title.to_owned(), lead: lead.to_owned(), links, foot };
    html(status, &page)
}

/// Goes on to another page after something was done.
pub(super) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// The page of an error.
pub(super) fn error(request: &HttpRequest, status: StatusCode, framed: bool) -> HttpResponse {
    let texts = extract::texts(request);
    let number = match status.as_u16() {
        number @ (400 | 401 | 403 | 404 | 405 | 409 | 413 | 429) => number,
        400..=499 => 400,
        _ => 500,
    };
    let origin = extract::app(request).map(|app| app.config.public_origin()).unwrap_or_default();
    let title = texts.get(&format!("error.{number}.title")).to_owned();
    let lead = texts.fill(&format!("error.{number}.lead"), &[("origin", &origin)]);
    let page = if framed {
        html(status, &FramedPage { ui: ui(request), title, lead })
    } else {
        message(request, status, (&title, &lead), vec![("/", texts.get("error.home").to_owned())], None)
    };
    page.unwrap_or_else(|_| HttpResponse::build(status).finish())
}

/// Whatever has no route.
pub async fn not_found() -> AppResult<HttpResponse> {
    Err(AppError::not_found("page"))
}

/// A plain request for the address of sockets.
pub async fn upgrade_required() -> HttpResponse {
    HttpResponse::UpgradeRequired().insert_header((header::UPGRADE, "websocket")).finish()
}

/// What is said below a field that an action refused; `None` when the refusal is not about a field.
pub(super) fn field_error(texts: &Texts, refusal: &Refusal, value: &str) -> Option<String> {
    let field = refusal.field?;
    let limit = refusal.limit.map(|limit| limit.to_string()).unwrap_or_default();
    let key = match (field, refusal.code, refusal.limit) {
        _ if value.trim().is_empty() => "field.empty",
        (_, ErrorCode::Conflict, _) => "field.taken",
        ("password", ErrorCode::Unauthenticated, _) => "field.password.wrong",
        ("password", _, Some(8)) => "field.password.short",
        ("password", _, None) => "field.password.weak",
        (_, _, Some(_)) => "field.long",
        ("email", ..) => "field.email",
        _ => "field.invalid",
    };
    Some(texts.fill(key, &[("limit", &limit)]))
}

/// Where to go on after signing in: a page of ours, never another host (rule C-9).
pub(super) fn allowed_next(next: &str) -> Option<&str> {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let plain = path.starts_with('/')
        && !path.contains("//")
        && !path.contains("..")
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
    let ours = ["/console", "/admin", "/platform", "/second-factor"];
    let known =
        ours.iter().any(|start| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    (plain && known).then_some(path)
}

/// The start page of somebody who just signed in.
pub(super) async fn home(app: &App, account: &crate::store::account::Account) -> AppResult<&'static str> {
    if account.is_operator && !second_factor::operator_may_enter(app, account.id).await? {
        return Ok("/second-factor");
    }
    let mut conn = app.store.read(crate::store::EveryTenant).await?;
    let memberships = crate::store::agent::of_account(&mut conn, account.id).await?;
    Ok(match memberships.first().map(|membership| membership.role) {
        None if account.is_operator => "/platform",
        Some(protocol::state::Role::Owner | protocol::state::Role::Admin) => "/admin",
        _ => "/console",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_follow_a_sign_in() {
        for good in ["/console", "/admin", "/admin/sites/0190-a", "/platform/tenants"] {
            assert_eq!(allowed_next(good), Some(good));
        }
        assert_eq!(allowed_next("/admin?x=//evil.example"), Some("/admin"));
        for bad in [
            "",
            "/",
            "/sign-out",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/admin//evil",
            "/adminx",
            "/admin/../x",
            "javascript:alert(1)",
            "/admin\r\nx",
            " /admin",
            "/console%2f",
            "\\/evil.example",
        ] {
            assert_eq!(allowed_next(bad), None, "{bad}");
        }
    }
}
