//! Ends a membership, and says first where the conversations go that the person holds.

use protocol::command::Transfer;
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, TenantId};

use crate::actions::actor::{Actor, Right};
use crate::actions::change_agent::{AgentChange, change_agent, check};
use crate::actions::transfer::transfer_conversation;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::agent::{self, Agent};
use crate::store::conversation;

/// Ends a membership. What the agent holds goes to the colleague `to`, who must be there, or with `None` back to the
/// head of its queue. Whatever the agent still holds when the membership has ended goes to the queue too.
///
/// # Errors
/// As [`change_agent`]; `not_found` and `wrong_state` on `to` for a colleague who is not there, and `forbidden` for
/// anybody but members to name one. Nothing is ended then.
pub async fn disable_agent(
    app: &App,
    actor: &Actor,
    (tenant, agent): (TenantId, AgentId),
    to: Option<AgentId>,
) -> AppResult<Agent> {
    if let Some(to) = to {
        hand_over(app, actor, (tenant, agent), to).await?;
    }
    change_agent(app, actor, AgentChange { disabled: Some(true), ..AgentChange::nothing(tenant, agent) }).await
}

async fn hand_over(app: &App, actor: &Actor, (tenant, agent): (TenantId, AgentId), to: AgentId) -> AppResult<()> {
    let mut conn = app.store.read(tenant).await?;
    let before = agent::find(&mut conn, tenant, agent).await?.ok_or_else(|| AppError::not_found("agent"))?;
    let ended = Agent { disabled_at: Some(app.now()), ..before.clone() };
    check(&mut conn, actor, &before, &ended).await?;
    let held = conversation::of_agent(&mut conn, tenant, agent).await?;
    drop(conn);
    let Right::Member(me) = &actor.right else { return Err(AppError::forbidden()) };
    if to == agent {
        return Err(Refusal::field("to", ErrorCode::NotFound, "the agent whose membership ends").into());
    }
    let who = Principal::Agent(me.clone());
    for row in held {
        let transfer = Transfer { conversation: row.id, to: Some(to), note: None, department: None };
        match transfer_conversation(app, &who, transfer).await {
            // It ended or went elsewhere since.
            Err(AppError::Refused(refusal)) if refusal.field.is_none() && refusal.code != ErrorCode::Forbidden => {}
            other => other.map(drop)?,
        }
    }
    Ok(())
}
