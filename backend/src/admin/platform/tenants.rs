//! Tenants: list, create with the first owner's invitation, rename, suspend, resume.

use std::collections::HashMap;

use actix_web::web;
use askama::Template;
use domain::text::{EmailAddress, Name, Slug};
use protocol::ids::TenantId;
use protocol::state::Role;
use serde::Deserialize;

use crate::actions::create_tenant::{NewTenant, create_tenant};
use crate::actions::invite_agent::{Invitation, OneTimeLink, invite_agent};
use crate::actions::rename_tenant::rename_tenant;
use crate::actions::resume_tenant::resume_tenant;
use crate::actions::suspend_tenant::suspend_tenant;
use crate::admin::field::{Errors, Field};
use crate::admin::parts::{Pill, Time};
use crate::admin::reply::{Reply, again, page, refused_field, see};
use crate::admin::scope::Operator;
use crate::admin::ui::{Chrome, Ui};
use crate::error::{AppError, AppResult};
use crate::store::tenant::{self, Tenant};
use crate::store::{EveryTenant, agent, overview};

#[derive(Template)]
#[template(path = "platform/tenants.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    tenants: Vec<TenantView>,
}

struct TenantView {
    id: TenantId,
    name: String,
    slug: String,
    state: Pill,
    sites: i64,
    agents: i64,
    conversations: i64,
    last: Option<Time>,
}

fn state(ui: &Ui, tenant: &Tenant) -> Pill {
    if tenant.is_suspended() {
        Pill { tone: "bad", text: ui.t("tenant.suspended") }
    } else {
        Pill { tone: "good", text: ui.t("tenant.active") }
    }
}

/// `GET /platform`
pub(super) async fn list(operator: Operator) -> Reply {
    let ui = operator.ui;
    let mut conn = operator.app.store.read(EveryTenant).await?;
    let tenants = tenant::list(&mut conn).await?;
    let used = overview::tenant_use(&mut conn).await?;
    drop(conn);
    let used: HashMap<TenantId, _> = used.into_iter().map(|used| (used.tenant_id, used)).collect();
    let view = |tenant: Tenant| {
        let used = used.get(&tenant.id);
        TenantView {
            id: tenant.id,
            state: state(&ui, &tenant),
            name: tenant.name,
            slug: tenant.slug,
            sites: used.map_or(0, |used| used.sites),
            agents: used.map_or(0, |used| used.agents),
            conversations: used.map_or(0, |used| used.conversations),
            last: used.and_then(|used| used.last_at).map(Time),
        }
    };
    let tenants = tenants.into_iter().map(view).collect();
    page(&ListPage { ui, chrome: operator.chrome("/platform"), tenants })
}

#[derive(Template)]
#[template(path = "platform/new_tenant.html")]
struct NewPage {
    ui: Ui,
    chrome: Chrome,
    failed: bool,
    name: Field,
    slug: Field,
    email: Field,
    link: Option<String>,
    lead: String,
    mailed: bool,
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct NewInput {
    name: String,
    slug: String,
    email: String,
}

fn new_page(operator: &Operator, input: &NewInput, errors: &Errors, made: Option<OneTimeLink>) -> NewPage {
    let ui = operator.ui;
    let until = made.as_ref().map(|made| crate::admin::time::minute(made.expires_at)).unwrap_or_default();
    NewPage {
        ui,
        chrome: operator.chrome("/platform"),
        failed: !errors.is_empty(),
        name: Field::line(&ui, "name", &input.name).error(errors),
        slug: Field::line(&ui, "slug", &input.slug).optional(&ui).help(ui.t("help.slug")).error(errors),
        email: Field::line(&ui, "email", &input.email).input("email", "off").help(ui.t("help.owner")).error(errors),
        lead: ui.texts().fill("invite.lead", &[("email", &input.email), ("until", &until)]),
        mailed: made.as_ref().is_some_and(|made| made.mailed),
        link: made.map(|made| made.url),
    }
}

/// `GET /platform/tenants/new`
pub(super) async fn new(operator: Operator) -> Reply {
    page(&new_page(&operator, &NewInput::default(), &Errors::default(), None))
}

/// `POST /platform/tenants`: answers with the owner's link instead of a redirect, because it exists only here.
pub(super) async fn create(operator: Operator, input: web::Form<NewInput>) -> Reply {
    let ui = operator.ui;
    let mut errors = Errors::default();
    errors.take(&ui, "name", Name::parse(&input.name));
    if !input.slug.trim().is_empty() {
        errors.take(&ui, "slug", Slug::parse(&input.slug));
    }
    errors.take(&ui, "email", EmailAddress::parse(&input.email));
    if errors.is_empty() {
        let actor = operator.actor()?;
        let new = NewTenant { name: input.name.clone(), slug: Some(input.slug.clone()) };
        match create_tenant(&operator.app, &actor, new).await {
            Ok(tenant) => {
                let invitation = owner(&operator, tenant.id, &input.email);
                let link = invite_agent(&operator.app, &actor, invitation).await?;
                return page(&new_page(&operator, &input, &errors, Some(link)));
            }
            Err(error) => {
                let (field, text) = refused_field(&ui, error)?;
                errors.add(field, text);
            }
        }
    }
    again(&new_page(&operator, &input, &errors, None))
}

/// An invitation as owner.
pub(super) fn owner(operator: &Operator, tenant: TenantId, email: &str) -> Invitation {
    Invitation { tenant, email: email.to_owned(), role: Role::Owner, locale: operator.ui.lang().to_owned() }
}

/// The tenant with the id in an address.
pub(super) async fn find(operator: &Operator, id: &str) -> AppResult<Tenant> {
    let missing = || AppError::not_found("tenant");
    let id = TenantId::parse(id).ok_or_else(missing)?;
    let mut conn = operator.app.store.read(id).await?;
    tenant::find(&mut conn, id).await?.ok_or_else(missing)
}

#[derive(Template)]
#[template(path = "platform/tenant.html")]
struct TenantPage {
    ui: Ui,
    chrome: Chrome,
    id: TenantId,
    heading: String,
    state: Pill,
    suspended: bool,
    name: Field,
    facts: Vec<(&'static str, String)>,
    created: Time,
    people: Vec<(String, &'static str)>,
}

/// `GET /platform/tenants/{id}`
pub(super) async fn show(operator: Operator, id: web::Path<String>) -> Reply {
    let tenant = find(&operator, &id).await?;
    page(&tenant_page(&operator, &tenant, &tenant.name, &Errors::default()).await?)
}

async fn tenant_page(operator: &Operator, row: &Tenant, name: &str, errors: &Errors) -> AppResult<TenantPage> {
    let ui = operator.ui;
    let mut conn = operator.app.store.read(row.id).await?;
    let totals = overview::totals(&mut conn, row.id).await?;
    let people = agent::list(&mut conn, row.id).await?;
    drop(conn);
    let people = people.into_iter().filter(|agent| agent.disabled_at.is_none());
    Ok(TenantPage {
        ui,
        chrome: operator.chrome("/platform"),
        id: row.id,
        heading: row.name.clone(),
        state: state(&ui, row),
        suspended: row.is_suspended(),
        name: Field::line(&ui, "name", name).error(errors),
        facts: vec![
            (ui.t("label.slug"), row.slug.clone()),
            (ui.t("tenants.sites"), totals.sites.to_string()),
            (ui.t("tenants.agents"), totals.agents.to_string()),
            (ui.t("tenants.conversations"), totals.conversations.to_string()),
        ],
        created: Time(row.created_at),
        people: people.map(|agent| (agent.name, ui.word("role", agent.role))).collect(),
    })
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Rename {
    name: String,
}

/// `POST /platform/tenants/{id}`
pub(super) async fn rename(operator: Operator, id: web::Path<String>, input: web::Form<Rename>) -> Reply {
    let tenant = find(&operator, &id).await?;
    let mut errors = Errors::default();
    errors.take(&operator.ui, "name", Name::parse(&input.name));
    if errors.is_empty() {
        rename_tenant(&operator.app, &operator.actor()?, tenant.id, &input.name).await?;
        return see(&format!("/platform/tenants/{}", tenant.id), "done=tenant_renamed");
    }
    again(&tenant_page(&operator, &tenant, &input.name, &errors).await?)
}

#[derive(Template)]
#[template(path = "platform/suspend.html")]
struct SuspendPage {
    ui: Ui,
    chrome: Chrome,
    id: TenantId,
    name: String,
    heading: String,
}

/// `GET /platform/tenants/{id}/suspend`
pub(super) async fn confirm(operator: Operator, id: web::Path<String>) -> Reply {
    let tenant = find(&operator, &id).await?;
    page(&SuspendPage {
        ui: operator.ui,
        chrome: operator.chrome("/platform"),
        id: tenant.id,
        heading: operator.ui.t1("tenant.suspend_question", &tenant.name),
        name: tenant.name,
    })
}

/// `POST /platform/tenants/{id}/suspend`
pub(super) async fn suspend(operator: Operator, id: web::Path<String>) -> Reply {
    let tenant = find(&operator, &id).await?;
    suspend_tenant(&operator.app, &operator.actor()?, tenant.id).await?;
    see(&format!("/platform/tenants/{}", tenant.id), "done=tenant_suspended")
}

/// `POST /platform/tenants/{id}/resume`
pub(super) async fn resume(operator: Operator, id: web::Path<String>) -> Reply {
    let tenant = find(&operator, &id).await?;
    resume_tenant(&operator.app, &operator.actor()?, tenant.id).await?;
    see(&format!("/platform/tenants/{}", tenant.id), "done=tenant_resumed")
}
