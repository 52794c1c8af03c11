//! Whether an agent takes conversations.

use protocol::command::SetPresence;
use protocol::error::ErrorCode;
use protocol::state::Presence;

use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, Refusal};
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
                row.missed_offers = 0;
                agent::save(tx, tenant, &row).await
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    app.dispatcher.call(tenant);
    Ok(Done::default())
}
