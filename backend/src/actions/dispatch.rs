//! The dispatcher's round for one tenant: what lapsed, who is offered what, who stands where. One round at a
//! time per tenant; the job in `jobs/dispatcher.rs` sees to that and calls again when a round says so.

use domain::conversation::Command;
use domain::routing::{AgentLoad, Rejection, Routing, Waiting, route};
use protocol::entry::QueuedReason;
use protocol::ids::{AgentId, ConversationId, TenantId};
use protocol::state::{Availability, AwayReason, ConversationState, Presence};
use serde::{Deserialize, Serialize};

use super::change::{Asker, Request, carry_out};
use super::floor::{AgentNow, Floor};
use super::presence::set_idle;
use super::view;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::conversation::Conversation;
use crate::store::offer;

/// Of a visitor who is gone for so long and of whom it is not noted, the server that had the connection has died, in
/// milliseconds: everybody comes back sooner.
const UNNOTED_MS: i64 = 60_000;

/// What the last round published, so that the next one tells only what changed.
#[derive(Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    queue: Vec<ConversationId>,
    availability: Option<Availability>,
    agents: Vec<(AgentId, Presence, u32)>,
}

/// One round. Returns when to look again even if nothing happens, Unix milliseconds.
pub async fn round(app: &App, tenant: TenantId, told: &mut Told) -> AppResult<Option<i64>> {
    let mut floor = read(app, tenant).await?;
    note_gone(app, &floor);
    let moved = idle(app, &floor).await?;
    if expire(app, &floor).await? || moved {
        floor = read(app, tenant).await?;
    }
    let routing = offers(app, &floor).await?;
    for assignment in &routing.decisions {
        let command = Command::Offer { to: assignment.agent, deadline_at: assignment.deadline_at };
        let reasons = serde_json::to_string(&assignment.reasons).map_err(anyhow::Error::from)?;
        let request = Request {
            offer_reasons: Some(reasons),
            ..Request::new(Asker::System(tenant), assignment.conversation, command)
        };
        lenient(carry_out(app, request).await)?;
    }
    if !routing.decisions.is_empty() {
        floor = read(app, tenant).await?;
    }
    tell(app, &floor, told);
    Ok([routing.wake_at, next_timer(app, &floor)].into_iter().flatten().min())
}

async fn read(app: &App, tenant: TenantId) -> AppResult<Floor> {
    let mut conn = app.store.read(tenant).await?;
    Floor::read(app, &mut conn, tenant).await
}

/// A person may have been faster than the dispatcher: then the state machine refuses, and that is right.
fn lenient<T>(result: AppResult<T>) -> AppResult<()> {
    match result {
        Ok(_) | Err(AppError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Carries out every timer that has run out. True when there was one.
async fn expire(app: &App, floor: &Floor) -> AppResult<bool> {
    let mut any = false;
    for row in floor.queue.iter().chain(&floor.active) {
        let Some(command) = due(app, floor, row) else { continue };
        any = true;
        lenient(carry_out(app, Request::new(Asker::System(floor.tenant.id), row.id, command)).await)?;
    }
    Ok(any)
}

/// Has it noted since when visitors are gone of whom no server noted it.
fn note_gone(app: &App, floor: &Floor) {
    for row in floor.queue.iter().chain(&floor.active) {
        if unnoted(app, floor, row).is_some_and(|at| at <= app.now()) {
            app.visitors.call((floor.tenant.id, row.visitor_id));
        }
    }
}

/// When it is to be noted that a visitor is gone.
fn unnoted(app: &App, floor: &Floor, row: &Conversation) -> Option<i64> {
    if row.visitor_left_at.is_some() {
        return None;
    }
    let since = app.presence.gone_since(Who::Visitor(floor.tenant.id, row.visitor_id))?;
    Some(since + UNNOTED_MS)
}

/// Sets agents of whom nothing was heard for too long to away. True when there was one.
async fn idle(app: &App, floor: &Floor) -> AppResult<bool> {
    let mut any = false;
    for now in &floor.agents {
        let silent = now.presence == Presence::Online && silent_until(app, floor, now) <= app.now();
        if silent {
            set_idle(app, floor.tenant.id, now.agent.id, true).await?;
            any = true;
        }
        if silent || now.agent.away_reason == Some(AwayReason::Idle) {
            // Said again each time: the mark does not outlive the process.
            app.presence.mark_idle(Who::Agent(floor.tenant.id, now.agent.id));
        }
    }
    Ok(any)
}

/// When an agent who stays silent is set to away.
fn silent_until(app: &App, floor: &Floor, now: &AgentNow) -> i64 {
    let heard = app.presence.active_at(Who::Agent(floor.tenant.id, now.agent.id));
    heard.max(now.agent.presence_at) + floor.policy.agent_idle_ms
}

/// What time or absence does to a conversation now.
fn due(app: &App, floor: &Floor, row: &Conversation) -> Option<Command> {
    let (now, policy) = (app.now(), &floor.policy);
    if row.visitor_left_at.is_some_and(|at| now - at >= policy.visitor_gone_ms) {
        return Some(Command::Close);
    }
    match row.state {
        ConversationState::Offered => {
            if row.offer_deadline_at.is_some_and(|at| at <= now) {
                return Some(Command::OfferLapsed);
            }
            let there = row.offered_to.and_then(|id| floor.agent(id));
            (there.is_none_or(|agent| agent.presence != Presence::Online)).then_some(Command::WithdrawOffer)
        }
        ConversationState::Waiting => {
            let since = row.waiting_since?;
            (now - since >= policy.max_wait_ms).then_some(Command::WaitedTooLong)
        }
        ConversationState::Active => {
            let Some(holder) = row.agent_id.and_then(|id| floor.agent(id)) else {
                return Some(Command::Requeue { reason: QueuedReason::AgentDisabled });
            };
            let who = Who::Agent(floor.tenant.id, holder.agent.id);
            if !app.presence.is_here(who, now, policy.agent_grace_ms) {
                return Some(Command::Requeue { reason: QueuedReason::AgentGone });
            }
            let late = row.reply_deadline_at.is_some_and(|at| at <= now);
            late.then_some(Command::Requeue { reason: QueuedReason::NoReply })
        }
        ConversationState::Closed | ConversationState::Offline => None,
    }
}

/// When the next timer runs out.
fn next_timer(app: &App, floor: &Floor) -> Option<i64> {
    let policy = &floor.policy;
    let rows = floor.queue.iter().chain(&floor.active);
    let own = rows.flat_map(|row| {
        let gone = row.visitor_left_at.map(|at| at + policy.visitor_gone_ms);
        [row.projection().wake_at(policy), gone, unnoted(app, floor, row)]
    });
    let absent = floor.agents.iter().map(|now| {
        let since = app.presence.gone_since(Who::Agent(floor.tenant.id, now.agent.id))?;
        Some(since + policy.agent_grace_ms)
    });
    let online = floor.agents.iter().filter(|now| now.presence == Presence::Online);
    let silent = online.map(|now| Some(silent_until(app, floor, now)));
    own.chain(absent).chain(silent).flatten().filter(|at| *at > app.now()).min()
}

async fn offers(app: &App, floor: &Floor) -> AppResult<Routing> {
    if floor.tenant.is_suspended() {
        return Ok(Routing::default());
    }
    let mut conn = app.store.read(floor.tenant.id).await?;
    let rejections = offer::rejections(&mut conn, floor.tenant.id).await?;
    let waiting: Vec<Waiting> = floor
        .queue
        .iter()
        .filter(|row| row.state == ConversationState::Waiting)
        .map(|row| Waiting {
            conversation: row.id,
            // One department per tenant to begin with: every agent is in it.
            department: None,
            priority: u8::try_from(row.priority).unwrap_or(0),
            queued_at: row.queued_at.unwrap_or(row.created_at),
            waiting_since: row.waiting_since.unwrap_or(row.created_at),
            previous_agent: row.last_agent,
            rejections: rejections
                .iter()
                .filter(|rejected| rejected.conversation_id == row.id)
                .map(|rejected| Rejection { agent: rejected.agent_id, at: rejected.decided_at })
                .collect(),
        })
        .collect();
    let agents: Vec<AgentLoad> = floor.agents.iter().map(AgentNow::load).collect();
    Ok(route(&waiting, &agents, &floor.policy, app.now()))
}

/// Tells waiting visitors their places, all visitors whether somebody is there, and agents who of them is there
/// and how busy, where it changed.
fn tell(app: &App, floor: &Floor, told: &mut Told) {
    let tenant = floor.tenant.id;
    let queue: Vec<ConversationId> = floor.queue.iter().map(|row| row.id).collect();
    for (place, row) in floor.queue.iter().enumerate() {
        if told.queue.get(place) != Some(&row.id) {
            app.bus.publish(Topic::Visitor(tenant, row.visitor_id), Note::StateChanged);
            app.announcer.call((tenant, row.id));
        }
    }
    let availability = Some(view::floor_availability(floor));
    if told.availability != availability {
        app.bus.publish(Topic::Visitors(tenant), Note::StateChanged);
    }
    let agents = floor.agents.iter().map(|now| (now.agent.id, now.presence, now.counted)).collect();
    if told.agents != agents {
        app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    }
    *told = Told { queue, availability, agents };
}
