//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::error::ErrorCode;
use serde::Deserialize;

use super::page::{Field, FormPage, Notice};
use super::{cookie, extract, page};
use crate::actions::sign_in::{self as action, Step};
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
    let notice = match asked.done.as_str() {
        "reset" => Some(Notice::good(texts.get("signin.done_reset"))),
        "code" => Some(Notice::bad(texts.get("code.over"))),
        _ => None,
    };
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
        Ok(step) => entered(&app, step, &credentials.next).await,
        Err(AppError::Refused(refusal)) => {
            let notice = refused(&request, &refusal);
            let status = AppError::from(refusal);
            let status = actix_web::ResponseError::status_code(&status);
            page::html(status, &form(&request, &credentials.email, &credentials.next, Some(notice)))
        }
        Err(error) => Err(error),
    }
}

/// Goes on after a right password: in, or to the page that asks for the code.
pub(super) async fn entered(app: &App, step: Step, next: &str) -> AppResult<HttpResponse> {
    let next = page::allowed_next(next);
    let (path, cookie) = match step {
        Step::Done(signed) => {
            let home = page::home(app, &signed.account).await?;
            // Where a second factor is asked of operators, nothing else comes first.
            let path = next.filter(|_| home != "/second-factor").unwrap_or(home).to_owned();
            (path, cookie::signed_in(&app.config, signed.token))
        }
        Step::Code(token) => {
            let next = next.map(|next| format!("?next={next}")).unwrap_or_default();
            (format!("/sign-in/code{next}"), cookie::waiting(&app.config, token))
        }
    };
    let mut response = page::see_other(&path);
    response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

/// `GET /sign-in/code`
///
/// # Errors
/// When the page cannot be drawn.
pub async fn code_form(request: HttpRequest, asked: web::Query<Asked>) -> AppResult<HttpResponse> {
    page::html(StatusCode::OK, &code_page(&request, &asked.next, None))
}

/// The form of the second step.
#[derive(Deserialize)]
pub struct Code {
    code: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in/code`
///
/// # Errors
/// When the database fails; what the person did wrong is in the page.
pub async fn code(
    request: HttpRequest,
    app: web::Data<App>,
    web::Form(form): web::Form<Code>,
) -> AppResult<HttpResponse> {
    let Some(waiting) = cookie::read_waiting(&request, &app.config) else {
        return Ok(page::see_other("/sign-in"));
    };
    match action::finish(&app, &waiting, &form.code, extract::browser(&request, &app)).await {
        Ok(signed) => {
            let mut response = entered(&app, Step::Done(signed), &form.next).await?;
            let cookie = cookie::no_longer_waiting(&app.config);
            response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
            Ok(response)
        }
        // Too late, or too many tries: from the beginning.
        Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::Unauthenticated => {
            Ok(page::see_other("/sign-in?done=code"))
        }
        Err(AppError::Refused(refusal)) => {
            let notice = match refusal.retry_after_ms {
                Some(_) => refused(&request, &refusal),
                None => Notice::bad(extract::texts(&request).get("code.wrong")),
            };
            let status = actix_web::ResponseError::status_code(&AppError::from(refusal));
            page::html(status, &code_page(&request, &form.next, Some(notice)))
        }
        Err(error) => Err(error),
    }
}

fn code_page(request: &HttpRequest, next: &str, notice: Option<Notice>) -> FormPage {
    let texts = extract::texts(request);
    let code = Field {
        name: "code",
        kind: "text",
        label: texts.get("code.label").to_owned(),
        hint: Some(texts.get("code.hint").to_owned()),
        autocomplete: "one-time-code",
        focus: true,
        ..Field::default()
    };
    let next = page::allowed_next(next).map(|next| Field {
        name: "next",
        kind: "hidden",
        value: next.to_owned(),
        ..Field::default()
    });
    FormPage {
        ui: page::ui(request),
        title: texts.get("code.title").to_owned(),
        lead: texts.get("code.lead").to_owned(),
        notice,
        action: "/sign-in/code".to_owned(),
        fields: [Some(code), next].into_iter().flatten().collect(),
        submit: texts.get("signin.submit"),
        foot: Some(("/sign-in", texts.get("code.again"))),
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
