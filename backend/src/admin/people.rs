//! Members: list, change, disable, enable.

use actix_web::web;
use askama::Template;
use domain::permission::{self, Permission};
use protocol::error::ErrorCode;
use protocol::ids::AgentId;
use protocol::state::{Presence, Role};
use serde::Deserialize;

use super::field::{Control, Errors, Field};
use super::parts::{Pill, Time};
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::actions::change_agent::{AgentChange, change_agent};
use crate::actions::floor::Floor;
use crate::error::{AppError, AppResult};
use crate::store::agent::{self, Agent};
use crate::store::{account, login_link};

#[derive(Template)]
#[template(path = "admin/people.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    people: Vec<PersonView>,
    invitations: Vec<InvitationView>,
    may_manage: bool,
}

struct PersonView {
    id: AgentId,
    name: String,
    email: String,
    role: &'static str,
    presence: Pill,
    load: u32,
    capacity: i64,
    is_me: bool,
}

struct InvitationView {
    email: String,
    role: &'static str,
    /// The role as forms name it.
    role_word: &'static str,
    until: Time,
    /// Nobody can use it any more; it can be sent again.
    expired: bool,
}

/// How long an invitation that expired is still listed, in milliseconds (14 days).
const LISTED_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// `GET /admin/people`
pub(super) async fn list(member: Member) -> Reply {
    member.require(Permission::ViewReports)?;
    let (ui, tenant) = (member.ui, member.who.tenant);
    let mut conn = member.app.store.read(tenant).await?;
    let floor = Floor::read(&member.app, &mut conn, tenant).await?;
    let mut people = Vec::new();
    for row in agent::list(&mut conn, tenant).await? {
        let email = account::find(&mut conn, row.account_id).await?.map(|account| account.email);
        let now = floor.agent(row.id);
        people.push(PersonView {
            id: row.id,
            presence: presence(&ui, &row, now.map(|now| now.presence)),
            load: now.map_or(0, |now| now.counted),
            capacity: row.capacity,
            role: ui.word("role", row.role),
            is_me: row.id == member.who.agent,
            email: email.unwrap_or_default(),
            name: row.name,
        });
    }
    let at = member.app.now();
    let open = login_link::open_invitations(&mut conn, tenant, at - LISTED_MS).await?;
    drop(conn);
    let invitations = open
        .into_iter()
        .filter_map(|link| {
            let role = link.role?;
            Some(InvitationView {
                email: link.email?,
                role: ui.word("role", role),
                role_word: role.as_str(),
                until: Time(link.expires_at),
                expired: link.expires_at <= at,
            })
        })
        .collect();
    let may_manage = member.may(Permission::ManagePeople);
    page(&ListPage { ui, chrome: member.chrome(Area::People).await?, people, invitations, may_manage })
}

fn presence(ui: &Ui, agent: &Agent, presence: Option<Presence>) -> Pill {
    if agent.disabled_at.is_some() {
        return Pill { tone: "bad", text: ui.t("people.disabled") };
    }
    let presence = presence.unwrap_or(Presence::Offline);
    let tone = match presence {
        Presence::Online => "good",
        Presence::Away => "warn",
        _ => "",
    };
    match agent.away_reason.filter(|_| presence == Presence::Away) {
        Some(reason) => Pill { tone, text: ui.word("presence.away", reason) },
        None => Pill { tone, text: ui.word("presence", presence) },
    }
}

/// The roles somebody may give, as choices.
pub(super) fn roles(ui: &Ui, by: Role, present: &str) -> Vec<Choice> {
    let given = Role::ALL.iter().filter(|role| permission::may_manage(by, **role));
    given.map(|role| Choice::new(role.as_str(), ui.word("role_long", role), present)).collect()
}

#[derive(Template)]
#[template(path = "admin/person.html")]
struct PersonPage {
    ui: Ui,
    chrome: Chrome,
    heading: String,
    account_email: String,
    id: AgentId,
    failed: bool,
    name: Field,
    role: Field,
    capacity: Field,
    disabled: bool,
}

/// What the form sends.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PersonInput {
    name: String,
    role: String,
    capacity: String,
}

async fn find(member: &Member, id: &str) -> AppResult<Agent> {
    member.require(Permission::ManagePeople)?;
    let missing = || AppError::not_found("agent");
    let id = AgentId::parse(id).ok_or_else(missing)?;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    agent::find(&mut conn, member.who.tenant, id).await?.ok_or_else(missing)
}

/// `GET /admin/people/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let row = find(&member, &id).await?;
    let input =
        PersonInput { name: row.name.clone(), role: row.role.as_str().to_owned(), capacity: row.capacity.to_string() };
    page(&person_page(&member, &row, &input, &Errors::default()).await?)
}

async fn person_page(member: &Member, row: &Agent, input: &PersonInput, errors: &Errors) -> AppResult<PersonPage> {
    let ui = member.ui;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let email = account::find(&mut conn, row.account_id).await?.map(|account| account.email);
    drop(conn);
    let mut roles = roles(&ui, member.who.role, &input.role);
    if roles.iter().all(|choice| choice.value != row.role.as_str()) {
        // A role one may not give: shown, and kept when nothing else is chosen.
        roles.insert(0, Choice::new(row.role.as_str(), ui.word("role_long", row.role), &input.role));
    }
    Ok(PersonPage {
        ui,
        chrome: member.chrome(Area::People).await?,
        heading: row.name.clone(),
        account_email: email.unwrap_or_default(),
        id: row.id,
        failed: !errors.is_empty(),
        name: Field::line(&ui, "name", &input.name).help(ui.t("help.person_name")).error(errors),
        role: Field::line(&ui, "role", &input.role).control(Control::Select(roles)).error(errors),
        capacity: Field::line(&ui, "capacity", &input.capacity)
            .input("number", "off")
            .help(ui.t("help.capacity"))
            .error(errors),
        disabled: row.disabled_at.is_some(),
    })
}

/// `POST /admin/people/{id}`
pub(super) async fn update(member: Member, id: web::Path<String>, input: web::Form<PersonInput>) -> Reply {
    let row = find(&member, &id).await?;
    let ui = member.ui;
    let mut errors = Errors::default();
    errors.take(&ui, "name", domain::text::Name::parse(&input.name));
    let role = Role::from_text(&input.role);
    if role.is_none() {
        errors.add("role", ui.t("error.format"));
    }
    let capacity: Option<u32> = input.capacity.trim().parse().ok().filter(|capacity| (1..=50).contains(capacity));
    if capacity.is_none() {
        errors.add("capacity", ui.t("error.capacity"));
    }
    if errors.is_empty() {
        let change = AgentChange { name: Some(input.name.clone()), role, capacity, ..nothing(&member, row.id) };
        match change_agent(&member.app, &member.actor(), change).await {
            Ok(_) => return see("/admin/people", "done=person_saved"),
            Err(error) if is_last_owner(&error) => errors.add("role", ui.t("error.last_owner")),
            Err(error) => {
                let (field, text) = refused_field(&ui, error)?;
                errors.add(field, text);
            }
        }
    }
    again(&person_page(&member, &row, &input, &errors).await?)
}

fn nothing(member: &Member, agent: AgentId) -> AgentChange {
    AgentChange { tenant: member.who.tenant, agent, name: None, role: None, capacity: None, disabled: None }
}

fn is_last_owner(error: &AppError) -> bool {
    matches!(error, AppError::Refused(refusal) if refusal.code == ErrorCode::WrongState)
}

/// `POST /admin/people/{id}/{enable|disable}`
pub(super) async fn switch(member: Member, path: web::Path<(String, String)>) -> Reply {
    let (id, word) = path.into_inner();
    let row = find(&member, &id).await?;
    let disabled = match word.as_str() {
        "enable" => false,
        "disable" => true,
        _ => return Err(AppError::not_found("page")),
    };
    let change = AgentChange { disabled: Some(disabled), ..nothing(&member, row.id) };
    match change_agent(&member.app, &member.actor(), change).await {
        Ok(_) => see("/admin/people", if disabled { "done=person_disabled" } else { "done=person_enabled" }),
        Err(error) if is_last_owner(&error) => see(&format!("/admin/people/{id}"), "not=last_owner"),
        Err(error) => Err(error),
    }
}
