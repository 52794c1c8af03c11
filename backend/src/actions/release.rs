//! Emptying an absent agent's list in one action.

use domain::conversation::Command;
use domain::permission::{Permission, allows};
use protocol::command::Release;
use protocol::error::ErrorCode;
use protocol::ids::AgentId;

use super::change::{Asker, Request, carry_out};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::{agent, conversation};

/// Sends everything that an agent holds back to the head of its queue.
///
/// # Errors
/// `forbidden` without the right to take over; `not_found` for the agent.
pub async fn release(app: &App, who: &Principal, command: Release) -> AppResult<Done> {
    release_agent(app, who, command.agent).await?;
    Ok(Done::default())
}

/// As [`release`]; says how many conversations went back. What the agent closed or gave away meanwhile is left alone.
///
/// # Errors
/// As [`release`].
pub async fn release_agent(app: &App, who: &Principal, id: AgentId) -> AppResult<u32> {
    let by = access::acting_agent(who)?;
    if !allows(by.role, Permission::TakeOver) {
        return Err(AppError::forbidden());
    }
    let mut conn = app.store.read(by.tenant).await?;
    if agent::find(&mut conn, by.tenant, id).await?.is_none() {
        return Err(Refusal::field("agent", ErrorCode::NotFound, "no such agent").into());
    }
    let held = conversation::of_agent(&mut conn, by.tenant, id).await?;
    drop(conn);
    let mut released = 0;
    for row in held {
        let request = Request::new(Asker::Person(who.clone()), row.id, Command::Release);
        match carry_out(app, request).await {
            Ok(_) => released += 1,
            Err(AppError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(released)
}
