//! Settings of queue and routing.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use domain::policy::{Policy, SETTINGS};

use super::field::Errors;
use super::pairs::Pairs;
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::settings::{self, GroupView};
use super::ui::{Chrome, Ui};
use crate::actions::set_policy::set_policy;
use crate::error::{AppError, AppResult};
use crate::store::{department, tenant};

#[derive(Template)]
#[template(path = "admin/routing.html")]
struct RoutingPage {
    ui: Ui,
    chrome: Chrome,
    failed: bool,
    groups: Vec<GroupView>,
    /// Departments with settings of their own: id and name.
    own: Vec<(String, String)>,
}

async fn policy(member: &Member) -> AppResult<Policy> {
    member.require(Permission::ManageRouting)?;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let row = tenant::find(&mut conn, member.who.tenant).await?;
    Ok(row.ok_or_else(|| AppError::not_found("tenant"))?.policy())
}

/// The page, with in each field what `text` says.
async fn routing_page(member: &Member, text: impl Fn(&str) -> String, errors: &Errors) -> AppResult<RoutingPage> {
    let ui = member.ui;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let rows = department::list(&mut conn, member.who.tenant).await?;
    drop(conn);
    let differ = rows.into_iter().filter(|row| row.removed_at.is_none() && !row.overrides().is_empty());
    Ok(RoutingPage {
        ui,
        chrome: member.chrome(Area::Routing).await?,
        failed: !errors.is_empty(),
        groups: settings::groups(&ui, |setting| Some(settings::field(&ui, setting, &text(setting.name), errors))),
        own: differ.map(|row| (row.id.to_string(), row.name)).collect(),
    })
}

/// `GET /admin/routing`
pub(super) async fn show(member: Member) -> Reply {
    let policy = policy(&member).await?;
    let text = |name: &str| {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        setting.zip(policy.get(name)).map(|(setting, value)| settings::typed(&member.ui, setting, &value))
    };
    page(&routing_page(&member, |name| text(name).unwrap_or_default(), &Errors::default()).await?)
}

/// `POST /admin/routing`
pub(super) async fn update(member: Member, pairs: web::Form<Pairs>) -> Reply {
    let mut policy = policy(&member).await?;
    let ui = member.ui;
    let mut errors = Errors::default();
    for setting in SETTINGS {
        match settings::read(&ui, setting, pairs.get(setting.name)).map(|value| policy.set(setting.name, value)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => errors.add(setting.name, ui.t("error.format")),
            Err(error) => errors.add(setting.name, error),
        }
    }
    if errors.is_empty() {
        match set_policy(&member.app, &member.actor(), member.who.tenant, policy).await {
            Ok(()) => return see("/admin/routing", "done=routing_saved"),
            Err(error) => {
                let (field, text) = refused_field(&ui, error)?;
                errors.add(field, text);
            }
        }
    }
    again(&routing_page(&member, |name| pairs.get(name).to_owned(), &errors).await?)
}
