//! A member: change, disable, enable.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::{Presence, Role};

use super::field::{Control, Errors, Field};
use super::memberships::{self, Memberships, Row};
use super::pairs::Pairs;
use super::people::roles;
use super::reply::{Reply, again, page, refused_field, see};
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::actions::change_agent::{AgentChange, LANGUAGES, SKILLS, capacities, change_agent};
use crate::actions::departments::rules;
use crate::actions::disable_agent::disable_agent;
use crate::actions::floor::Floor;
use crate::error::{AppError, AppResult};
use crate::store::agent::{self, Agent};
use crate::store::department::{self, Department};
use crate::store::{account, conversation};

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
    languages: Field,
    skills: Field,
    departments: Memberships,
    disabled: bool,
    /// Conversations the person holds, in words, and where they may go.
    holds: Option<(String, Field)>,
}

/// What the form holds. `None` leaves what there is.
#[derive(Debug, Clone)]
struct PersonInput {
    name: String,
    role: String,
    capacity: String,
    languages: Option<String>,
    skills: Option<String>,
    /// `None`: something was sent that is no choice.
    departments: Option<Vec<(DepartmentId, u8)>>,
}

impl PersonInput {
    fn of(row: &Agent, departments: &[(DepartmentId, u8)]) -> Self {
        Self {
            name: row.name.clone(),
            role: row.role.as_str().to_owned(),
            capacity: row.own_capacity.map(|own| own.to_string()).unwrap_or_default(),
            languages: Some(row.languages.0.join(", ")),
            skills: Some(row.skills.0.join(", ")),
            departments: Some(departments.to_vec()),
        }
    }

    fn sent(pairs: &Pairs, departments: &[(DepartmentId, u8)]) -> Self {
        Self {
            name: pairs.get("name").to_owned(),
            role: pairs.get("role").to_owned(),
            capacity: pairs.get("capacity").trim().to_owned(),
            languages: pairs.find("languages").map(str::to_owned),
            skills: pairs.find("skills").map(str::to_owned),
            departments: memberships::read(pairs, "department-", departments, DepartmentId::parse),
        }
    }

    /// The change that was typed, or what is wrong with it. The action checks again.
    fn read(&self, ui: &Ui, row: &Agent) -> Result<AgentChange, Errors> {
        let mut errors = Errors::default();
        errors.take(ui, "name", domain::text::Name::parse(&self.name));
        let role = Role::from_text(&self.role);
        if role.is_none() {
            errors.add("role", ui.t("error.format"));
        }
        let (min, max) = capacities();
        let own = match self.capacity.as_str() {
            "" => Some(None),
            text => text.parse().ok().filter(|own| (min..=max).contains(&i64::from(*own))).map(Some),
        };
        if own.is_none() {
            errors.add(
                "capacity",
                ui.texts().fill("error.range", &[("min", &min.to_string()), ("max", &max.to_string())]),
            );
        }
        if self.departments.is_none() {
            errors.add("departments", ui.t("error.format"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(AgentChange {
            name: Some(self.name.clone()),
            role,
            own_capacity: own,
            languages: self.languages.as_deref().map(words),
            skills: self.skills.as_deref().map(words),
            departments: self.departments.clone(),
            ..AgentChange::nothing(row.tenant_id, row.id)
        })
    }
}

/// Words with commas, semicolons or line ends between.
fn words(text: &str) -> Vec<String> {
    let parts = text.split([',', ';', '\n', '\u{ff0c}', '\u{ff1b}', '\u{3001}']).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A member, and what a form needs to know besides.
struct Found {
    row: Agent,
    live: Vec<Department>,
    departments: Vec<(DepartmentId, u8)>,
}

async fn find(member: &Member, id: &str) -> AppResult<Found> {
    member.require(Permission::ManagePeople)?;
    let missing = || AppError::not_found("agent");
    let (id, tenant) = (AgentId::parse(id).ok_or_else(missing)?, member.who.tenant);
    let mut conn = member.app.store.read(tenant).await?;
    let row = agent::find(&mut conn, tenant, id).await?.ok_or_else(missing)?;
    let live = rules::live(&department::list(&mut conn, tenant).await?);
    let own = department::members(&mut conn, tenant).await?.into_iter().filter(|own| own.agent_id == id);
    let departments = own.map(|own| (own.department_id, u8::try_from(own.priority).unwrap_or(0))).collect();
    Ok(Found { row, live, departments })
}

/// `GET /admin/people/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let found = find(&member, &id).await?;
    let input = PersonInput::of(&found.row, &found.departments);
    page(&person_page(&member, &found, &input, &Errors::default()).await?)
}

async fn person_page(member: &Member, found: &Found, input: &PersonInput, errors: &Errors) -> AppResult<PersonPage> {
    let (ui, row) = (member.ui, &found.row);
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let email = account::find(&mut conn, row.account_id).await?.map(|account| account.email);
    let floor = Floor::read(&member.app, &mut conn, member.who.tenant).await?;
    let held = conversation::of_agent(&mut conn, member.who.tenant, row.id).await?.len();
    drop(conn);
    let mut roles = roles(&ui, member.who.role, &input.role);
    if roles.iter().all(|choice| choice.value != row.role.as_str()) {
        // A role one may not give: shown, and kept when nothing else is chosen.
        roles.insert(0, Choice::new(row.role.as_str(), ui.word("role_long", row.role), &input.role));
    }
    let usual = floor.policy.capacity;
    let text = |name, text: &Option<String>| {
        Field::line(&ui, name, text.clone().unwrap_or_default()).optional(&ui).help(ui.t(&format!("help.{name}")))
    };
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
            .empty_is(usual.to_string())
            .help(ui.t1("help.own_capacity", usual))
            .error(errors),
        languages: text("languages", &input.languages).error(errors),
        skills: text("skills", &input.skills).error(errors),
        departments: memberships(&ui, found, input, errors),
        disabled: row.disabled_at.is_some(),
        holds: (held > 0 && row.disabled_at.is_none()).then(|| {
            let count = i64::try_from(held).unwrap_or(i64::MAX);
            (ui.texts().count("person.holds", count), receivers(&ui, &floor, row.id, errors))
        }),
    })
}

fn memberships(ui: &Ui, found: &Found, input: &PersonInput, errors: &Errors) -> Memberships {
    let priority = |id| input.departments.iter().flatten().find(|(own, _)| *own == id).map(|(_, priority)| *priority);
    let row =
        |row: &Department| Row::new(ui, format!("department-{}", row.id), (row.name.clone(), None), priority(row.id));
    Memberships {
        legend: ui.t("departments.title"),
        help: ui.t("person.departments_help"),
        none: ui.t("person.no_department"),
        error: errors.of("departments"),
        rows: found.live.iter().map(row).collect(),
    }
}

/// Where conversations may go: to the queue, or to a colleague who is there.
fn receivers(ui: &Ui, floor: &Floor, from: AgentId, errors: &Errors) -> Field {
    let there = floor.agents.iter().filter(|now| now.agent.id != from && now.presence != Presence::Offline);
    let colleagues = there.map(|now| {
        let (load, capacity) = (now.counted.to_string(), now.agent.capacity(floor.policy.capacity).to_string());
        let values = [("name", now.agent.name.as_str()), ("load", &load), ("capacity", &capacity)];
        Choice::new(now.agent.id.to_string(), ui.texts().fill("person.to_colleague", &values), "")
    });
    let choices = std::iter::once(Choice::new("", ui.t("person.to_queue"), "")).chain(colleagues).collect();
    let field = Field { label: ui.t("person.to"), required: false, ..Field::line(ui, "to", "") };
    field.control(Control::Select(choices)).error(errors)
}

/// `POST /admin/people/{id}`
pub(super) async fn update(member: Member, id: web::Path<String>, pairs: web::Form<Pairs>) -> Reply {
    let found = find(&member, &id).await?;
    let ui = member.ui;
    let input = PersonInput::sent(&pairs, &found.departments);
    let errors = match input.read(&ui, &found.row) {
        Ok(change) => match change_agent(&member.app, &member.actor(), change).await {
            Ok(_) => return see("/admin/people", "done=person_saved"),
            Err(error) => refused(&ui, error)?,
        },
        Err(errors) => errors,
    };
    again(&person_page(&member, &found, &input, &errors).await?)
}

fn refused(ui: &Ui, error: AppError) -> AppResult<Errors> {
    let mut errors = Errors::default();
    let field = if let AppError::Refused(refusal) = &error { refusal.field } else { None };
    match field {
        _ if is_last_owner(&error) => errors.add("role", ui.t("error.last_owner")),
        Some("languages") => errors.add("languages", ui.t1("error.languages", LANGUAGES)),
        Some("skills") => errors.add("skills", ui.t1("error.skills", SKILLS)),
        Some("departments") => errors.add("departments", ui.t("error.department")),
        _ => {
            let (field, text) = refused_field(ui, error)?;
            errors.add(field, text);
        }
    }
    Ok(errors)
}

fn is_last_owner(error: &AppError) -> bool {
    matches!(error, AppError::Refused(refusal) if refusal.code == ErrorCode::WrongState && refusal.field.is_none())
}

/// `POST /admin/people/{id}/{enable|disable}`
pub(super) async fn switch(member: Member, path: web::Path<(String, String)>, pairs: web::Form<Pairs>) -> Reply {
    let (id, word) = path.into_inner();
    let found = find(&member, &id).await?;
    let (tenant, agent) = (member.who.tenant, found.row.id);
    let outcome = match word.as_str() {
        "enable" => {
            let change = AgentChange { disabled: Some(false), ..AgentChange::nothing(tenant, agent) };
            change_agent(&member.app, &member.actor(), change).await.map(|_| "done=person_enabled")
        }
        "disable" => {
            let to = match pairs.get("to") {
                "" => None,
                text => Some(AgentId::parse(text).ok_or_else(|| AppError::not_found("agent"))?),
            };
            disable_agent(&member.app, &member.actor(), (tenant, agent), to).await.map(|_| "done=person_disabled")
        }
        _ => return Err(AppError::not_found("page")),
    };
    match outcome {
        Ok(flash) => see("/admin/people", flash),
        Err(error) if is_last_owner(&error) => see(&format!("/admin/people/{id}"), "not=last_owner"),
        Err(AppError::Refused(refusal)) if refusal.field == Some("to") => {
            let mut errors = Errors::default();
            errors.add("to", member.ui.t("error.colleague"));
            let input = PersonInput::of(&found.row, &found.departments);
            again(&person_page(&member, &found, &input, &errors).await?)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_taken_apart_as_people_write_them() {
        assert_eq!(super::words("en, de;zh-CN，fr、it\n ja,,"), ["en", "de", "zh-CN", "fr", "it", "ja"]);
        assert!(super::words(" , ").is_empty());
    }
}
