//! Sites: list, create, change, preview.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use domain::permission::Permission;
use protocol::ids::SiteId;

use super::field::Errors;
use super::pairs::Pairs;
use super::parts::{Pill, Swatch, Time};
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::site_form::{SiteForm, SiteInput};
use super::ui::{Chrome, Ui};
use crate::actions::create_site::{NewSite, Setup, set_up_site};
use crate::actions::departments::rules;
use crate::actions::site_rules::snippet;
use crate::actions::update_site::{SiteChange, update_site};
use crate::error::{AppError, AppResult};
use crate::store::department::{self, Department};
use crate::store::overview;
use crate::store::site::{self, Site};

#[derive(Template)]
#[template(path = "admin/sites.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    sites: Vec<SiteView>,
}

struct SiteView {
    id: SiteId,
    name: String,
    color: String,
    origins: Vec<String>,
    visitors: i64,
    last_seen: Option<Time>,
    state: Pill,
}

impl SiteView {
    fn swatch(&self) -> Swatch<'_> {
        Swatch(&self.color)
    }
}

/// `GET /admin/sites`
pub(super) async fn list(member: Member) -> Reply {
    member.require(Permission::ManageSites)?;
    let ui = member.ui;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let sites = site::list(&mut conn, member.who.tenant).await?;
    let seen = overview::site_use(&mut conn, member.who.tenant).await?;
    drop(conn);
    let seen: HashMap<SiteId, _> = seen.into_iter().map(|used| (used.site_id, used)).collect();
    let view = |site: Site| {
        let used = seen.get(&site.id);
        let state = match (site.disabled_at, used) {
            (Some(_), _) => Pill { tone: "", text: ui.t("site.off") },
            (None, Some(_)) => Pill { tone: "good", text: ui.t("site.on") },
            (None, None) => Pill { tone: "warn", text: ui.t("site.not_installed") },
        };
        SiteView {
            id: site.id,
            name: site.name,
            color: site.config.color,
            origins: site.origins,
            visitors: used.map_or(0, |used| used.visitors),
            last_seen: used.and_then(|used| used.last_seen_at).map(Time),
            state,
        }
    };
    page(&ListPage { ui, chrome: member.chrome(Area::Sites).await?, sites: sites.into_iter().map(view).collect() })
}

#[derive(Template)]
#[template(path = "admin/site.html")]
struct SitePage {
    ui: Ui,
    chrome: Chrome,
    heading: String,
    action: String,
    failed: bool,
    form: SiteForm,
    saved: Option<Saved>,
}

/// What only a site that exists has.
struct Saved {
    key: String,
    snippet: String,
    preview: String,
    chat_page: String,
    last_seen: Option<Time>,
    disabled: bool,
}

/// `GET /admin/sites/new`
pub(super) async fn new(member: Member) -> Reply {
    member.require(Permission::ManageSites)?;
    page(&new_page(&member, &SiteInput::fresh(), &Errors::default()).await?)
}

/// The tenant's departments that are not removed.
async fn live(member: &Member) -> AppResult<Vec<Department>> {
    let mut conn = member.app.store.read(member.who.tenant).await?;
    Ok(rules::live(&department::list(&mut conn, member.who.tenant).await?))
}

async fn new_page(member: &Member, input: &SiteInput, errors: &Errors) -> AppResult<SitePage> {
    let ui = member.ui;
    Ok(SitePage {
        ui,
        chrome: member.chrome(Area::Sites).await?,
        heading: ui.t("sites.new").to_owned(),
        action: "/admin/sites".to_owned(),
        failed: !errors.is_empty(),
        form: input.form(&ui, &live(member).await?, errors),
        saved: None,
    })
}

/// `POST /admin/sites`
pub(super) async fn create(member: Member, pairs: web::Form<Pairs>) -> Reply {
    member.require(Permission::ManageSites)?;
    let input = SiteInput::sent(&pairs);
    let mut errors = input.check(&member.ui);
    if errors.is_empty() {
        let new = NewSite { tenant: member.who.tenant, name: input.name().to_owned(), origins: input.origins() };
        let setup = Setup { config: input.config(&Setup::default().config), department: input.department() };
        match set_up_site(&member.app, &member.actor(), new, setup).await {
            Ok(site) => return see(&format!("/admin/sites/{}", site.id), "done=site_created"),
            Err(error) => refused(&member.ui, error, &mut errors)?,
        }
    }
    again(&new_page(&member, &input, &errors).await?)
}

fn refused(ui: &Ui, error: AppError, errors: &mut Errors) -> AppResult<()> {
    let (field, text) = refused_field(ui, error)?;
    let about_departments = matches!(field, "department" | "departments");
    errors.add(field, if about_departments { ui.t("error.department").to_owned() } else { text });
    Ok(())
}

fn change(site: &Site, input: &SiteInput) -> SiteChange {
    SiteChange {
        tenant: site.tenant_id,
        site: site.id,
        name: input.name().to_owned(),
        origins: input.origins(),
        config: input.config(&site.config),
        department: input.department(),
        enabled: site.disabled_at.is_none(),
    }
}

async fn find(member: &Member, id: &str) -> AppResult<Site> {
    member.require(Permission::ManageSites)?;
    let missing = || AppError::not_found("site");
    let id = SiteId::parse(id).ok_or_else(missing)?;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    site::find(&mut conn, member.who.tenant, id).await?.ok_or_else(missing)
}

/// `GET /admin/sites/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let site = find(&member, &id).await?;
    page(&site_page(&member, &site, &SiteInput::of(&site), &Errors::default()).await?)
}

async fn site_page(member: &Member, site: &Site, input: &SiteInput, errors: &Errors) -> AppResult<SitePage> {
    let ui = member.ui;
    let origin = member.app.config.public_origin();
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let seen = overview::site_use(&mut conn, member.who.tenant).await?;
    drop(conn);
    let last_seen = seen.iter().find(|used| used.site_id == site.id).and_then(|used| used.last_seen_at);
    Ok(SitePage {
        ui,
        chrome: member.chrome(Area::Sites).await?,
        heading: site.name.clone(),
        action: format!("/admin/sites/{}", site.id),
        failed: !errors.is_empty(),
        form: input.form(&ui, &live(member).await?, errors),
        saved: Some(Saved {
            key: site.key.clone(),
            snippet: snippet(&origin, &site.key),
            preview: format!("/admin/sites/{}/preview", site.id),
            chat_page: format!("{origin}/chat/{}", site.key),
            last_seen: last_seen.map(Time),
            disabled: site.disabled_at.is_some(),
        }),
    })
}

/// `POST /admin/sites/{id}`
pub(super) async fn update(member: Member, id: web::Path<String>, pairs: web::Form<Pairs>) -> Reply {
    let site = find(&member, &id).await?;
    let input = SiteInput::sent(&pairs);
    let mut errors = input.check(&member.ui);
    if errors.is_empty() {
        match update_site(&member.app, &member.actor(), change(&site, &input)).await {
            Ok(_) => return see(&format!("/admin/sites/{}", site.id), "done=site_saved"),
            Err(error) => refused(&member.ui, error, &mut errors)?,
        }
    }
    again(&site_page(&member, &site, &input, &errors).await?)
}

/// `POST /admin/sites/{id}/{enable|disable}`
pub(super) async fn switch(member: Member, path: web::Path<(String, String)>) -> Reply {
    let (id, word) = path.into_inner();
    let site = find(&member, &id).await?;
    let enabled = match word.as_str() {
        "enable" => true,
        "disable" => false,
        _ => return Err(AppError::not_found("page")),
    };
    let same = SiteChange { enabled, ..change(&site, &SiteInput::of(&site)) };
    update_site(&member.app, &member.actor(), same).await?;
    see(&format!("/admin/sites/{id}"), if enabled { "done=site_enabled" } else { "done=site_disabled" })
}

#[derive(Template)]
#[template(path = "admin/preview.html")]
struct PreviewPage {
    ui: Ui,
    loader: String,
}

/// `GET /admin/sites/{id}/preview`: a make-believe shop with the real snippet, shown inside our own page.
pub(super) async fn preview(member: Member, id: web::Path<String>) -> Reply {
    let site = find(&member, &id).await?;
    let html = PreviewPage { ui: member.ui, loader: format!("/w/{}.js", site.key) }
        .render()
        .map_err(|error| AppError::Internal(error.into()))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PREVIEW_POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// Our own pages may embed the preview, which may load our loader and frame and nothing else.
const PREVIEW_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";
