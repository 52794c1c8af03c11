//! Whether an agent takes conversations: what the agent chose, and what follows when nothing is heard of the agent.

use protocol::command::{Command, SetPresence};
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, TenantId};
use protocol::state::{AwayReason, Presence};

use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, Refusal};
use crate::presence::Who;
use crate::store::agent;

/// Sets what an agent chose. An offer to an agent who goes away moves on; what the agent holds stays.
pub async fn set_presence(app: &App, who: &Principal, command: SetPresence) -> AppResult<Done> {
    let by = access::acting_agent(who)?;
    if command.presence == Presence::Unknown {
        return Err(Refusal::field("presence", ErrorCode::Invalid, "choose online, away or offline").into());
    }
    let (tenant, id, now) = (by.tenant, by.agent, app.now());
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let row = agent::find(tx, tenant, id).await?;
                let mut row = row.ok_or_else(AppError::unauthenticated)?;
                row.chosen_presence = command.presence;
                row.presence_at = now;
                row.away_reason = None;
                row.pause = command.pause.filter(|_| command.presence == Presence::Away);
                row.missed_offers = 0;
                agent::save(tx, tenant, &row).await
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    app.dispatcher.call(tenant);
    Ok(Done::default())
}

/// Whether a command is a sign of the person. What a console asks for by itself is none: entries, profiles, and
/// read marks of what comes while the page is shown.
pub fn is_sign_of_life(command: &Command) -> bool {
    match command {
        Command::Typing(typing) => typing.active,
        Command::Active(_)
        | Command::Post(_)
        | Command::Close(_)
        | Command::SetPresence(_)
        | Command::Accept(_)
        | Command::Decline(_)
        | Command::Pick(_)
        | Command::Transfer(_)
        | Command::Release(_) => true,
        _ => false,
    }
}

/// Notes that an agent does something. Whoever was set to away for silence is back.
pub async fn note_activity(app: &App, who: &Principal) -> AppResult<()> {
    let Principal::Agent(agent) = who else { return Ok(()) };
    if app.presence.active(Who::Agent(agent.tenant, agent.agent), app.now()) {
        set_idle(app, agent.tenant, agent.agent, false).await?;
        app.bus.publish(Topic::Agents(agent.tenant), Note::StateChanged);
        app.dispatcher.call(agent.tenant);
    }
    Ok(())
}

/// Sets an agent of whom nothing was heard to away, and one who is back to online. Who chose something in the
/// meantime keeps it.
pub(super) async fn set_idle(app: &App, tenant: TenantId, id: AgentId, idle: bool) -> AppResult<()> {
    let now = app.now();
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                let Some(mut row) = agent::find(tx, tenant, id).await? else { return Ok(()) };
                let is_idle = row.chosen_presence == Presence::Away && row.away_reason == Some(AwayReason::Idle);
                if (idle && row.chosen_presence != Presence::Online) || (!idle && !is_idle) {
                    return Ok(());
                }
                row.chosen_presence = if idle { Presence::Away } else { Presence::Online };
                row.away_reason = idle.then_some(AwayReason::Idle);
                row.presence_at = now;
                agent::save(tx, tenant, &row).await
            })
        })
        .await
}
