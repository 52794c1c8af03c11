//! The documents of the browser apps: the widget's frame, the hosted chat, the console.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use protocol::codec::to_json;
use protocol::site::FrameConfig;

use super::extract::{self, Account};
use super::{class, loader, page};
use crate::actions::view::{self, SiteNow};
use crate::app::App;
use crate::assets;
use crate::error::{AppError, AppResult};
use crate::i18n::{self, Texts};
use crate::store::EveryTenant;
use crate::store::site::{self, Site};

#[derive(Template)]
#[template(path = "web/app.html")]
struct Document {
    lang: &'static str,
    dir: &'static str,
    title: String,
    icon: String,
    style: String,
    script: String,
    wasm: String,
    /// The texts of the widget in the visitor's language.
    words: Option<String>,
    config: Option<String>,
    noscript: &'static str,
    /// Address and name of the page that does without script.
    plain: Option<(String, &'static str)>,
    missing: Option<&'static str>,
}

/// `GET /frame/{key}`: only the site's origins, and our own pages, may embed it (rule C-5).
///
/// # Errors
/// `not_found`; when the database fails.
pub async fn frame(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> AppResult<HttpResponse> {
    let (site, now) = find(&app, &key).await?;
    let policy = class::frame_policy(&app.config, &site.origins);
    let mut response = page::html(StatusCode::OK, &widget(&request, site, now))?;
    let policy =
        policy.parse().map_err(|_| AppError::Internal(anyhow::anyhow!("an origin cannot stand in a header")))?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// `GET /chat/{key}`: the same on a page of its own; nobody may embed it. Browsers without JavaScript go on to
/// the page that needs none.
///
/// # Errors
/// `not_found`; when the database fails.
pub async fn hosted(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> AppResult<HttpResponse> {
    let (site, now) = find(&app, &key).await?;
    let texts = texts_of(&request, site.config.locale.as_deref());
    let plain = (format!("/chat/{}/text?here=1", site.key), texts.get("chat.script"));
    let document = Document { plain: Some(plain), ..widget(&request, site, now) };
    page::html(StatusCode::OK, &document)
}

/// `GET /console`
///
/// # Errors
/// `unauthenticated`, which leads to the sign-in page.
pub async fn console(request: HttpRequest, _signed: Account) -> AppResult<HttpResponse> {
    let texts = extract::texts(&request);
    let document = Document {
        title: texts.get("console.title").to_owned(),
        noscript: texts.get("console.noscript"),
        ..document("console", texts)
    };
    page::html(StatusCode::OK, &document)
}

/// A site by its public key, and what its visitors find now.
pub(super) async fn find(app: &App, key: &str) -> AppResult<(Site, SiteNow)> {
    let mut conn = app.store.read(EveryTenant).await?;
    let site = site::find_by_key(&mut conn, key).await?.ok_or_else(|| AppError::not_found("site"))?;
    drop(conn);
    let now = view::site_now(app, &site).await?;
    Ok((site, now))
}

fn widget(request: &HttpRequest, site: Site, now: SiteNow) -> Document {
    let texts = texts_of(request, site.config.locale.as_deref());
    let title = texts.fill("chat.title", &[("site", &site.name)]);
    let config = FrameConfig {
        site: site.config,
        origins: site.origins,
        availability: now.availability,
        opens_at: now.opens_at,
        departments: now.departments,
        build: assets::build().to_owned(),
    };
    Document {
        title,
        config: Some(loader::inline(&to_json(&config))),
        noscript: texts.get("chat.noscript"),
        words: Some(assets::url(&format!("widget.{}.txt", texts.locale()))),
        ..document("widget", texts)
    }
}

/// The texts for a visitor: in the language the browser asks for, else the site's.
pub(super) fn texts_of(request: &HttpRequest, site: Option<&str>) -> &'static Texts {
    let asked = request.headers().get(actix_web::http::header::ACCEPT_LANGUAGE);
    let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or_default();
    i18n::texts(domain::locale::best(asked, site))
}

fn document(name: &str, texts: &'static Texts) -> Document {
    Document {
        lang: texts.locale(),
        dir: "ltr",
        title: String::new(),
        icon: assets::url("icon.svg"),
        style: assets::url(&format!("{name}.css")),
        script: assets::url(&format!("{name}.js")),
        wasm: assets::url(&format!("{name}.wasm")),
        words: None,
        config: None,
        noscript: "",
        plain: None,
        missing: assets::missing().map(|_| texts.get("assets.missing")),
    }
}
