//! Changes a membership: role, capacity, name, ending it and taking it up again.

use domain::text::Name;
use protocol::error::{CloseCode, ErrorCode};
use protocol::ids::{AgentId, TenantId};
use protocol::state::{Presence, Role};
use serde_json::{Value, json};

use crate::actions::actor::{Actor, Right};
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::agent::{self, Agent};
use crate::store::{Conn, audit};

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
    /// Conversations at once, 1 to 50.
    pub capacity: Option<u32>,
    /// True ends the membership, false takes it up again.
    pub disabled: Option<bool>,
}

/// Changes a membership. Open connections of the person close or start again at once (C20).
///
/// # Errors
/// As [`Actor::check_role`], for the role the person has and the one given; `not_found`; `invalid` with the
/// field; `wrong_state` for the last owner, and for ending one's own membership.
pub async fn change_agent(app: &App, actor: &Actor, change: AgentChange) -> AppResult<Agent> {
    let name = change.name.as_deref().map(Name::parse).transpose().on_field("name")?.map(Name::into_string);
    if change.capacity.is_some_and(|capacity| !(1..=50).contains(&capacity)) {
        return Err(
            Refusal { limit: Some(50), ..Refusal::field("capacity", ErrorCode::Invalid, "must be 1 to 50") }.into()
        );
    }
    let (tenant, id, now) = (change.tenant, change.agent, app.now());
    let by = actor.clone();
    let (before, after) = app
        .store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let before = agent::find(tx, tenant, id).await?.ok_or_else(|| AppError::not_found("agent"))?;
                let after = changed(&before, &change, name, now);
                check(tx, &by, &before, &after).await?;
                agent::save(tx, tenant, &after).await?;
                let detail = json!({"before": shown(&before), "after": shown(&after)});
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

fn changed(before: &Agent, change: &AgentChange, name: Option<String>, now: i64) -> Agent {
    let disabled_at = match change.disabled {
        Some(true) => before.disabled_at.or(Some(now)),
        Some(false) => None,
        None => before.disabled_at,
    };
    let gone = disabled_at.is_some() && before.disabled_at.is_none();
    Agent {
        name: name.unwrap_or_else(|| before.name.clone()),
        role: change.role.unwrap_or(before.role),
        capacity: change.capacity.map_or(before.capacity, i64::from),
        chosen_presence: if gone { Presence::Offline } else { before.chosen_presence },
        presence_at: if gone { now } else { before.presence_at },
        disabled_at,
        ..before.clone()
    }
}

async fn check(tx: &mut Conn, by: &Actor, before: &Agent, after: &Agent) -> AppResult<()> {
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
        let others = agent::list(tx, tenant).await?;
        let owners = others.iter().filter(|other| other.role == Role::Owner && other.disabled_at.is_none());
        if owners.count() < 2 {
            return Err(Refusal::new(ErrorCode::WrongState, "a tenant keeps at least one owner").into());
        }
    }
    Ok(())
}

fn shown(agent: &Agent) -> Value {
    json!({"name": agent.name, "role": agent.role, "capacity": agent.capacity, "disabled": agent.disabled_at.is_some()})
}
