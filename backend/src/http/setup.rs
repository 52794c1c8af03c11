//! One-time links: set-up, invitation, new password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::error::ErrorCode;
use serde::Deserialize;

use super::page::{Field, FormPage};
use super::{extract, page};
use crate::actions::accept_link::{self, Answers, LinkView};
use crate::actions::sign_in;
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::login_link::Purpose;

/// The form. Which fields it has depends on the link.
#[derive(Deserialize)]
pub struct Filled {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    tenant: String,
}

/// `GET /setup/{token}`: shows the form and uses nothing up.
///
/// # Errors
/// `rate_limited`; when the database fails. A link that is no longer good has a page.
pub async fn setup_form(
    request: HttpRequest,
    app: web::Data<App>,
    token: web::Path<String>,
) -> AppResult<HttpResponse> {
    match accept_link::view_link(&app, &token, extract::ip(&request, &app)).await {
        Ok(view) => page::html(StatusCode::OK, &form(&request, &view, (&token, &Filled::empty(), None))),
        Err(error) => gone(&request, error),
    }
}

/// `POST /setup/{token}`
///
/// # Errors
/// As [`setup_form`]; what the person filled in wrong is in the page.
pub async fn accept(
    request: HttpRequest,
    app: web::Data<App>,
    token: web::Path<String>,
    web::Form(filled): web::Form<Filled>,
) -> AppResult<HttpResponse> {
    let ip = extract::ip(&request, &app);
    let view = match accept_link::view_link(&app, &token, ip).await {
        Ok(view) => view,
        Err(error) => return gone(&request, error),
    };
    let answers = Answers {
        email: filled.email.clone(),
        name: filled.name.clone(),
        password: filled.password.clone(),
        tenant: filled.tenant.clone(),
    };
    let accepted = match accept_link::accept_link(&app, &token, answers, ip).await {
        Ok(accepted) => accepted,
        Err(AppError::Refused(refusal)) if refusal.field.is_some() => {
            let form = form(&request, &view, (&token, &filled, Some(&refusal)));
            return page::html(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
        Err(error) => return gone(&request, error),
    };
    if accepted.purpose == Purpose::Reset {
        return Ok(page::see_other("/sign-in?done=reset"));
    }
    let step = sign_in::enter(&app, accepted.account, extract::browser(&request, &app)).await?;
    super::sign_in::entered(&app, step, "").await
}

impl Filled {
    fn empty() -> Self {
        Self { email: String::new(), name: String::new(), password: String::new(), tenant: String::new() }
    }

    fn value(&self, name: &str) -> &str {
        match name {
            "email" => &self.email,
            "name" => &self.name,
            "tenant" => &self.tenant,
            "password" => &self.password,
            _ => "",
        }
    }
}

fn gone(request: &HttpRequest, error: AppError) -> AppResult<HttpResponse> {
    if error.to_refusal().code != ErrorCode::NotFound {
        return Err(error);
    }
    let texts = extract::texts(request);
    let heading = (texts.get("setup.gone.title"), texts.get("setup.gone.lead"));
    let links = vec![("/sign-in", texts.get("forgot.back").to_owned())];
    page::message(request, StatusCode::NOT_FOUND, heading, links, None)
}

fn form(
    request: &HttpRequest,
    view: &LinkView,
    (token, filled, refusal): (&str, &Filled, Option<&Refusal>),
) -> FormPage {
    let texts = extract::texts(request);
    let tenant = view.tenant.as_deref().unwrap_or_default();
    let (word, lead) = match (view.purpose, view.known) {
        (Purpose::Setup, _) => ("setup", "setup.setup.lead"),
        (Purpose::Invite, false) => ("invite", "setup.invite.lead"),
        (Purpose::Invite, true) => ("invite", "setup.invite.known"),
        (Purpose::Reset, _) => ("reset", "setup.reset.lead"),
    };
    let field = |name: &'static str, kind: &'static str, autocomplete: &'static str| {
        let hint = texts.find(&format!("setup.{name}.hint")).map(str::to_owned);
        Field {
            name,
            kind,
            label: texts.get(&format!("setup.{name}")).to_owned(),
            value: if kind == "password" { String::new() } else { filled.value(name).to_owned() },
            autocomplete,
            hint: hint.filter(|_| !(name == "password" && view.purpose == Purpose::Invite && view.known)),
            error: refusal
                .filter(|refusal| refusal.field == Some(name))
                .and_then(|refusal| page::field_error(texts, refusal, filled.value(name))),
            ..Field::default()
        }
    };
    let fixed = |value: &str| Field { value: value.to_owned(), fixed: true, ..field("email", "email", "username") };
    let email = view.email.as_deref().unwrap_or_default();
    let fields = match (view.purpose, view.known) {
        (Purpose::Setup, _) => vec![
            field("tenant", "text", "organization"),
            field("name", "text", "name"),
            field("email", "email", "username"),
            field("password", "password", "new-password"),
        ],
        (Purpose::Invite, false) => {
            vec![fixed(email), field("name", "text", "name"), field("password", "password", "new-password")]
        }
        (Purpose::Invite, true) => vec![fixed(email), field("password", "password", "current-password")],
        (Purpose::Reset, _) => vec![fixed(email), field("password", "password", "new-password")],
    };
    FormPage {
        ui: page::ui(request),
        title: texts.fill(&format!("setup.{word}.title"), &[("tenant", tenant)]),
        lead: texts.fill(lead, &[("tenant", tenant)]),
        notice: None,
        action: format!("/setup/{token}"),
        fields,
        submit: texts.get("setup.submit"),
        foot: None,
    }
}
