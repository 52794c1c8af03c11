//! `/back/{token}`: the way back to a kept place in the queue. Looking changes nothing, because scanners of mail follow
//! links; the button does. The place is taken in whatever browser opens the mail: it gets the visitor's token where the
//! chat's own page keeps it, or, without a script, the cookie of the page that needs none.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::chat::{Place, Ui, visitor_cookie};
use super::{extract, page};
use crate::actions::come_back::{self, Returned};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::store::site::Site;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

#[derive(Template)]
#[template(path = "web/back.html")]
struct BackPage<'a> {
    ui: Ui<'a>,
    title: String,
    lead: String,
    refresh: Option<String>,
    view: View,
}

/// What the page offers.
enum View {
    /// The button.
    Asks {
        /// Where its form goes.
        action: String,
    },
    /// The way on.
    Here {
        /// Where the page of the chat keeps the token.
        key: String,
        /// The visitor's token.
        token: String,
        /// The page of the chat.
        chat: String,
        /// The page that needs no script.
        plain: String,
    },
    /// The way to where the conversation began.
    Gone {
        /// Its address.
        link: String,
    },
}

/// `GET /back/{token}`: shows a button, and uses nothing up.
///
/// # Errors
/// `rate_limited`; `tenant_suspended`; when the database fails. A link that is no longer good has a page.
pub async fn back_form(request: HttpRequest, app: web::Data<App>, token: web::Path<String>) -> AppResult<HttpResponse> {
    let way = come_back::look(&app, &token, extract::ip(&request, &app)).await?;
    let (Some(site), Some(kept_ms)) = (&way.site, way.kept_ms) else {
        return gone(&request, &app, way.site.as_ref()).await;
    };
    let place = Place::of(&app, &request, &site.key).await?;
    let minutes = kept_ms.div_euclid(MINUTE_MS).max(1);
    let words = (place.texts.get("back.title").to_owned(), place.texts.count("back.held", minutes));
    show(&place, StatusCode::OK, words, View::Asks { action: format!("/back/{token}") })
}

/// `POST /back/{token}`: takes the place again and leads to the chat. The token itself proves that the form is ours to
/// answer: nobody else has it.
///
/// # Errors
/// As [`back_form`].
pub async fn back(request: HttpRequest, app: web::Data<App>, token: web::Path<String>) -> AppResult<HttpResponse> {
    let ip = extract::ip(&request, &app);
    let Returned { site, token: visitor } = match come_back::come_back(&app, &token, ip).await? {
        Ok(returned) => returned,
        Err(site) => return gone(&request, &app, site.as_ref()).await,
    };
    let place = Place::of(&app, &request, &site.key).await?;
    let words = (place.texts.get("back.here.title").to_owned(), place.texts.get("back.here.lead").to_owned());
    let view = View::Here {
        // `platform.js` of the widget knows the same name.
        key: format!("frontdesk:{}", site.key),
        token: visitor.clone(),
        chat: format!("/chat/{}", site.key),
        plain: format!("{}?here=1", place.address()),
    };
    let mut response = show(&place, StatusCode::OK, words, view)?;
    let cookie = visitor_cookie(&app.config, &site.key, visitor);
    response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

/// The link was used, or is over. The thread is where it began: in the merchant's shop, if there is one.
async fn gone(request: &HttpRequest, app: &App, site: Option<&Site>) -> AppResult<HttpResponse> {
    let Some(site) = site else {
        let texts = extract::texts(request);
        let words = (texts.get("back.gone.title"), texts.get("back.gone.unknown"));
        return page::message(request, StatusCode::NOT_FOUND, words, Vec::new(), None);
    };
    let place = Place::of(app, request, &site.key).await?;
    let words = (place.texts.get("back.gone.title").to_owned(), place.texts.get("back.gone.lead").to_owned());
    let link = site.origins.first().cloned().unwrap_or_else(|| format!("/chat/{}", site.key));
    show(&place, StatusCode::GONE, words, View::Gone { link })
}

fn show(place: &Place, status: StatusCode, (title, lead): (String, String), view: View) -> AppResult<HttpResponse> {
    let page = BackPage { ui: Ui { place, proof: "" }, title, lead, refresh: None, view };
    page::html(status, &page)
}
