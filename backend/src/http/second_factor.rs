//! One's own second factor: taking one into use with an app, recovery codes, giving it up.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use protocol::error::ErrorCode;
use qrcode::{Color, QrCode};
use serde::Deserialize;

use super::extract::{self, Account};
use super::page::{self, Notice, Ui};
use crate::actions::second_factor::{self as action, Standing};
use crate::app::App;
use crate::auth::browser::Signed;
use crate::auth::totp;
use crate::error::{AppError, AppResult, Refusal};
use crate::i18n::Texts;

/// Modules of white around the picture, as its standard asks.
const QUIET: usize = 4;

#[derive(Template)]
#[template(path = "web/second_factor.html")]
struct SecondFactorPage {
    ui: Ui,
    texts: &'static Texts,
    notice: Option<Notice>,
    home: &'static str,
    view: View,
}

/// What the page shows.
enum View {
    Off,
    Offered { picture: Picture, secret: String },
    On { left: String },
    Codes { codes: Vec<String> },
}

/// A code for a camera as one path of squares.
struct Picture {
    side: usize,
    path: String,
}

/// The form of what changes something.
#[derive(Deserialize)]
pub struct Proof {
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

impl SecondFactorPage {
    fn t(&self, key: &'static str) -> &'static str {
        self.texts.get(key)
    }
}

/// `GET /second-factor`
///
/// # Errors
/// `unauthenticated`; when the database fails.
pub async fn show(request: HttpRequest, app: web::Data<App>, signed: Account) -> AppResult<HttpResponse> {
    draw(&request, &app, &signed, StatusCode::OK, None).await
}

/// `POST /second-factor/begin`
///
/// # Errors
/// As [`show`].
pub async fn begin(
    request: HttpRequest,
    app: web::Data<App>,
    signed: Account,
    web::Form(proof): web::Form<Proof>,
) -> AppResult<HttpResponse> {
    let done = action::begin(&app, &signed, proof.password).await;
    answer(&request, &app, &signed, done.map(|()| Vec::new())).await
}

/// `POST /second-factor/confirm`
///
/// # Errors
/// As [`show`].
pub async fn confirm(
    request: HttpRequest,
    app: web::Data<App>,
    signed: Account,
    web::Form(proof): web::Form<Proof>,
) -> AppResult<HttpResponse> {
    let done = action::confirm(&app, &signed, &proof.code).await;
    answer(&request, &app, &signed, done).await
}

/// `POST /second-factor/codes`
///
/// # Errors
/// As [`show`].
pub async fn renew_codes(
    request: HttpRequest,
    app: web::Data<App>,
    signed: Account,
    web::Form(proof): web::Form<Proof>,
) -> AppResult<HttpResponse> {
    let done = action::renew_codes(&app, &signed, proof.password).await;
    answer(&request, &app, &signed, done).await
}

/// `POST /second-factor/off`
///
/// # Errors
/// As [`show`].
pub async fn disable(
    request: HttpRequest,
    app: web::Data<App>,
    signed: Account,
    web::Form(proof): web::Form<Proof>,
) -> AppResult<HttpResponse> {
    let done = action::disable(&app, &signed, proof.password).await;
    answer(&request, &app, &signed, done.map(|()| Vec::new())).await
}

/// Shows new codes, goes back to the page, or says on it what was wrong.
async fn answer(
    request: &HttpRequest,
    app: &App,
    signed: &Signed,
    done: AppResult<Vec<String>>,
) -> AppResult<HttpResponse> {
    match done {
        Ok(codes) if codes.is_empty() => Ok(page::see_other("/second-factor")),
        Ok(codes) => {
            let page = whole(request, app, signed, (View::Codes { codes }, None)).await?;
            page::html(StatusCode::OK, &page)
        }
        Err(AppError::Refused(refusal)) => {
            let notice = Notice::bad(&words(extract::texts(request), &refusal));
            let status = AppError::from(refusal).status_code();
            draw(request, app, signed, status, Some(notice)).await
        }
        Err(error) => Err(error),
    }
}

fn words(texts: &Texts, refusal: &Refusal) -> String {
    let seconds = refusal.retry_after_ms.map(|wait| wait.div_ceil(1000).to_string());
    match (refusal.code, seconds) {
        (_, Some(seconds)) => texts.fill("signin.slow", &[("seconds", &seconds)]),
        (ErrorCode::Unauthenticated, _) => texts.get("field.password.wrong").to_owned(),
        (ErrorCode::Invalid, _) => texts.get("code.wrong").to_owned(),
        (ErrorCode::Forbidden, _) => texts.get("second.required").to_owned(),
        _ => texts.get("error.409.lead").to_owned(),
    }
}

async fn draw(
    request: &HttpRequest,
    app: &App,
    signed: &Signed,
    status: StatusCode,
    notice: Option<Notice>,
) -> AppResult<HttpResponse> {
    let view = match action::standing(app, signed.account.id).await? {
        Standing::Off => View::Off,
        Standing::On { codes_left, .. } => {
            let count = codes_left.to_string();
            View::On { left: extract::texts(request).fill("second.left", &[("count", &count)]) }
        }
        Standing::Offered { secret } => {
            let host = app.config.public_url.host_str().unwrap_or("Frontdesk");
            let picture = picture(&totp::uri(&secret, &signed.account.email, host))?;
            View::Offered { picture, secret: totp::typed(&secret) }
        }
    };
    page::html(status, &whole(request, app, signed, (view, notice)).await?)
}

async fn whole(
    request: &HttpRequest,
    app: &App,
    signed: &Signed,
    (view, notice): (View, Option<Notice>),
) -> AppResult<SecondFactorPage> {
    let (texts, home) = (extract::texts(request), page::home(app, &signed.account).await?);
    let required = home == "/second-factor";
    let notice = notice.or_else(|| required.then(|| Notice::bad(texts.get("second.required"))));
    Ok(SecondFactorPage { ui: page::ui(request), texts, notice, home: if required { "/" } else { home }, view })
}

fn picture(text: &str) -> AppResult<Picture> {
    let code = QrCode::new(text).map_err(|error| AppError::Internal(error.into()))?;
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let path = dark.map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET)).collect();
    Ok(Picture { side: width + 2 * QUIET, path })
}
