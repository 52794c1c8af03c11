//! Changes a membership: role, capacity, languages, skills, departments, name, ending it and taking it up again.

use std::collections::HashSet;

use domain::policy::{Kind, SETTINGS};
use domain::text::{Locale, Name, Skill, TextError};
use protocol::error::{CloseCode, ErrorCode};
use protocol::ids::{AgentId, DepartmentId, TenantId};
use protocol::state::{Presence, Role};
use serde_json::{Value, json};

use crate::actions::actor::{Actor, Right};
use crate::actions::departments::LAST_PRIORITY;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::agent::{self, Agent};
use crate::store::words::Words;
use crate::store::{Conn, audit, department, tenant};

/// Most languages of an agent.
pub const LANGUAGES: usize = 10;
/// Most skills of an agent.
pub const SKILLS: usize = 20;

/// What to change; `None` leaves it.
#[derive(Debug, Clone)]
pub struct AgentChange {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose membership.
    pub agent: AgentId,
    /// Display name.
    pub name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// The agent's own number of conversations at once, 1 to 50; `Some(None)`: as the tenant's setting.
    pub own_capacity: Option<Option<u32>>,
    /// Languages the agent writes, BCP 47, at most [`LANGUAGES`].
    pub languages: Option<Vec<String>>,
    /// What the agent can do, at most [`SKILLS`].
    pub skills: Option<Vec<String>>,
    /// The departments the agent is a member of, each with a priority of 0 to [`LAST_PRIORITY`].
    pub departments: Option<Vec<(DepartmentId, u8)>>,
    /// True ends the membership, false takes it up again.
    pub disabled: Option<bool>,
}

impl AgentChange {
    /// Nothing is changed.
    pub const fn nothing(tenant: TenantId, agent: AgentId) -> Self {
        Self {
            tenant,
            agent,
            name: None,
            role: None,
            own_capacity: None,
            languages: None,
            skills: None,
            departments: None,
            disabled: None,
        }
    }
}

/// The range of an agent's capacity.
pub fn capacities() -> (i64, i64) {
    let kind = SETTINGS.iter().find(|setting| setting.name == "capacity").map(|setting| setting.kind);
    if let Some(Kind::Number { min, max, .. }) = kind { (min, max) } else { (1, 1) }
}

/// Changes a membership. Open connections of the person close or start again at once (C20). What somebody held whose
/// membership ends goes back to the head of the queue at once, by the dispatcher.
///
/// # Errors
/// As [`Actor::check_role`], for the role the person has and the one given; `not_found`; `invalid` with the
/// field; `wrong_state` for the last owner, and for ending one's own membership.
pub async fn change_agent(app: &App, actor: &Actor, change: AgentChange) -> AppResult<Agent> {
    let change = checked(change)?;
    let (tenant, id, now) = (change.tenant, change.agent, app.now());
    let by = actor.clone();
    let (before, after) = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let before = agent::find(tx, tenant, id).await?.ok_or_else(|| AppError::not_found("agent"))?;
                let row = tenant::find(tx, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                let after = changed(&before, &change, row.policy().capacity, now);
                check(tx, &by, &before, &after).await?;
                let was = departments(tx, tenant, id).await?;
                if let Some(departments) = &change.departments {
                    set_departments(tx, tenant, id, departments).await?;
                }
                agent::save(tx, tenant, &after).await?;
                let detail = json!({
                    "before": shown(&before, &was),
                    "after": shown(&after, &departments(tx, tenant, id).await?),
                });
                audit::add(tx, &by.record_with(Some(tenant), "agent.changed", (id.0, detail), now)).await?;
                Ok((before, after))
            })
        })
        .await?;
    if after.disabled_at.is_some() && before.disabled_at.is_none() {
        app.bus.publish(Topic::Agent(tenant, id), Note::Revoked(CloseCode::Forbidden));
    } else if after.role != before.role {
        // A session knows its role from when it began.
        app.bus.publish(Topic::Agent(tenant, id), Note::Revoked(CloseCode::Restart));
    }
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    app.dispatcher.call(tenant);
    Ok(after)
}

/// The same within its limits and tidied.
fn checked(change: AgentChange) -> AppResult<AgentChange> {
    let (min, max) = capacities();
    if change.own_capacity.flatten().is_some_and(|own| !(min..=max).contains(&i64::from(own))) {
        let refusal = Refusal::field("capacity", ErrorCode::Invalid, format!("must be {min} to {max}"));
        return Err(Refusal { limit: u64::try_from(max).ok(), ..refusal }.into());
    }
    let name = change.name.as_deref().map(Name::parse).transpose().on_field("name")?.map(Name::into_string);
    let languages = change.languages.as_deref().map(languages).transpose()?;
    let skills = change.skills.as_deref().map(skills).transpose()?;
    if change.departments.iter().flatten().any(|(_, priority)| *priority > LAST_PRIORITY) {
        let message = format!("a priority must be 0 to {LAST_PRIORITY}");
        let refusal = Refusal::field("departments", ErrorCode::Invalid, message);
        return Err(Refusal { limit: Some(u64::from(LAST_PRIORITY)), ..refusal }.into());
    }
    Ok(AgentChange { name, languages, skills, ..change })
}

/// Languages, each once, in the order given.
fn languages(texts: &[String]) -> AppResult<Vec<String>> {
    words(texts, |text| Locale::parse(text).map(Locale::into_string), ("languages", LANGUAGES))
}

/// Skills, each once, in the order given.
fn skills(texts: &[String]) -> AppResult<Vec<String>> {
    words(texts, |text| Skill::parse(text).map(Skill::into_string), ("skills", SKILLS))
}

fn words(
    texts: &[String],
    parse: impl Fn(&str) -> Result<String, TextError>,
    (field, most): (&'static str, usize),
) -> AppResult<Vec<String>> {
    let mut seen = HashSet::new();
    let mut words = Vec::new();
    for text in texts {
        let word = parse(text).on_field(field)?;
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    if words.len() > most {
        let refusal = Refusal::field(field, ErrorCode::Invalid, format!("there may be at most {most}"));
        return Err(Refusal { limit: u64::try_from(most).ok(), ..refusal }.into());
    }
    Ok(words)
}

fn changed(before: &Agent, change: &AgentChange, usual: u32, now: i64) -> Agent {
    let disabled_at = match change.disabled {
        Some(true) => before.disabled_at.or(Some(now)),
        Some(false) => None,
        None => before.disabled_at,
    };
    let gone = disabled_at.is_some() && before.disabled_at.is_none();
    let after = Agent {
        name: change.name.clone().unwrap_or_else(|| before.name.clone()),
        role: change.role.unwrap_or(before.role),
        own_capacity: change.own_capacity.map_or(before.own_capacity, |own| own.map(i64::from)),
        languages: change.languages.clone().map_or_else(|| before.languages.clone(), Words),
        skills: change.skills.clone().map_or_else(|| before.skills.clone(), Words),
        chosen_presence: if gone { Presence::Offline } else { before.chosen_presence },
        presence_at: if gone { now } else { before.presence_at },
        disabled_at,
        ..before.clone()
    };
    // The column that the release before reads.
    Agent { capacity: i64::from(after.capacity(usual)), ..after }
}

/// What may be done to whom: also for whoever only wants to know beforehand.
pub(super) async fn check(conn: &mut Conn, by: &Actor, before: &Agent, after: &Agent) -> AppResult<()> {
    let tenant = before.tenant_id;
    by.check_role(tenant, before.role)?;
    by.check_role(tenant, after.role)?;
    let ended = after.disabled_at.is_some();
    if let Right::Member(me) = &by.right
        && me.agent == before.id
        && ended
    {
        return Err(Refusal::new(ErrorCode::WrongState, "you cannot end your own membership").into());
    }
    let was_owner = before.role == Role::Owner && before.disabled_at.is_none();
    if was_owner && (ended || after.role != Role::Owner) {
        let others = agent::list(conn, tenant).await?;
        let owners = others.iter().filter(|other| other.role == Role::Owner && other.disabled_at.is_none());
        if owners.count() < 2 {
            return Err(Refusal::new(ErrorCode::WrongState, "a tenant keeps at least one owner").into());
        }
    }
    Ok(())
}

async fn set_departments(
    tx: &mut Conn,
    tenant: TenantId,
    agent: AgentId,
    departments: &[(DepartmentId, u8)],
) -> AppResult<()> {
    let rows = department::list(tx, tenant).await?;
    let is_live = |id| rows.iter().any(|row| row.id == id && row.removed_at.is_none());
    if departments.iter().any(|(id, _)| !is_live(*id)) {
        return Err(Refusal::field("departments", ErrorCode::NotFound, "no such department").into());
    }
    let mut seen = HashSet::new();
    let once: Vec<(DepartmentId, i64)> = departments
        .iter()
        .filter(|(id, _)| seen.insert(*id))
        .map(|(id, priority)| (*id, i64::from(*priority)))
        .collect();
    department::set_departments(tx, tenant, agent, &once).await
}

/// An agent's departments for the audit log: name and priority.
async fn departments(conn: &mut Conn, tenant: TenantId, agent: AgentId) -> AppResult<Vec<String>> {
    let rows = department::list(conn, tenant).await?;
    let members = department::members(conn, tenant).await?;
    let name = |id| rows.iter().find(|row| row.id == id).map_or("?", |row| row.name.as_str());
    let own = members.iter().filter(|member| member.agent_id == agent);
    Ok(own.map(|member| format!("{} ({})", name(member.department_id), member.priority)).collect())
}

fn shown(agent: &Agent, departments: &[String]) -> Value {
    json!({
        "name": agent.name,
        "role": agent.role,
        "capacity": agent.own_capacity,
        "languages": agent.languages.0,
        "skills": agent.skills.0,
        "departments": departments,
        "disabled": agent.disabled_at.is_some(),
    })
}
