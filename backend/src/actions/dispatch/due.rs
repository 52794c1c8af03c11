use domain::conversation::{Command, Receiver};
use domain::policy::Policy;
use protocol::entry::QueuedReason;
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::{ConversationState, Presence};

use crate::actions::floor::{AgentNow, Floor, inactive_at};
use crate::app::App;
use crate::presence::Who;
use crate::store::conversation::Conversation;

/// Of a visitor who is gone for so long and of whom it is not noted, the server that had the connection has died, in
/// milliseconds: everybody comes back sooner.
const UNNOTED_MS: i64 = 60_000;

/// A page may take so long until it is connected, in milliseconds.
const LOADING_MS: i64 = 10_000;

/// Has it noted since when visitors are gone of whom no server noted it, and that they are here where a conversation would be
/// over if it went by what is noted: that may have failed.
pub(super) fn note_gone(app: &App, floor: &Floor) {
    if !app.presence.is_sure() {
        // They may be at a server that is not heard.
        return;
    }
    let has_come = |at: i64| at <= app.now();
    for row in floor.queue.iter().chain(&floor.active) {
        let is_over = gone_at(row, floor.rules(row.department_id)).is_some_and(has_come);
        if (is_over && !is_gone(app, floor, row)) || unnoted(app, floor, row).is_some_and(has_come) {
            app.visitors.call((floor.tenant.id, row.visitor_id));
        }
    }
}

/// Whether the visitor is not here, as far as this server knows.
pub(super) fn is_gone(app: &App, floor: &Floor, row: &Conversation) -> bool {
    app.presence.gone_since(Who::Visitor(floor.tenant.id, row.visitor_id)).is_some()
}

/// When it is over because its visitor is gone; not while a place is kept. Being gone counts from when the conversation
/// began to wait or was taken, at the earliest: who writes into a closed one, and an agent who takes up what was left,
/// begins anew.
fn gone_at(row: &Conversation, policy: &Policy) -> Option<i64> {
    let left_at = row.visitor_left_at.filter(|_| row.kept_at.is_none())?;
    let went_on_at = if row.state == ConversationState::Active { row.assigned_at } else { row.waiting_since };
    Some(left_at.max(went_on_at.unwrap_or(left_at)) + policy.visitor_gone_ms)
}

/// When it is to be noted that a visitor is gone.
fn unnoted(app: &App, floor: &Floor, row: &Conversation) -> Option<i64> {
    if row.visitor_left_at.is_some() {
        return None;
    }
    let since = app.presence.gone_since(Who::Visitor(floor.tenant.id, row.visitor_id))?;
    Some(since + UNNOTED_MS)
}

/// When a visitor who keeps the place counts as away: not while another page of the shop is loading.
fn went_at(app: &App, floor: &Floor, row: &Conversation) -> Option<i64> {
    Some(app.presence.gone_since(Who::Visitor(floor.tenant.id, row.visitor_id))? + LOADING_MS)
}

/// When an agent who stays silent is set to away.
pub(super) fn silent_until(app: &App, floor: &Floor, now: &AgentNow) -> i64 {
    let heard = app.presence.active_at(Who::Agent(floor.tenant.id, now.agent.id));
    heard.max(now.agent.presence_at) + floor.policy.agent_idle_ms
}

/// What time or absence does to a conversation now, in order.
pub(super) fn due(app: &App, floor: &Floor, row: &Conversation) -> Vec<Command> {
    let (now, policy) = (app.now(), floor.rules(row.department_id));
    if let Some(successor) = moved_on(floor, row) {
        return vec![Command::Transfer { to: Receiver::Department(successor) }];
    }
    let kept = row.kept_at.is_some();
    // What is stored may be late; nobody is put out who is here.
    if gone_at(row, policy).is_some_and(|at| at <= now) && is_gone(app, floor, row) {
        return vec![Command::Close];
    }
    match row.state {
        ConversationState::Offered if row.offer_deadline_at.is_some_and(|at| at <= now) => vec![Command::OfferLapsed],
        ConversationState::Offered => {
            // Who keeps the place and went is called when it is their turn, and not offered.
            let is_away = kept && went_at(app, floor, row).is_some_and(|at| at <= now);
            let gone = row.offered().into_iter().filter(|agent| is_away || !takes(floor, *agent));
            gone.map(|from| Command::WithdrawOffer { from }).collect()
        }
        ConversationState::Waiting if kept => kept_due(app, floor, row).into_iter().collect(),
        ConversationState::Waiting => {
            let over = row.waiting_since.is_some_and(|since| now - since >= policy.max_wait_ms);
            over.then_some(Command::WaitedTooLong).into_iter().collect()
        }
        ConversationState::Active => held_due(app, floor, row).into_iter().collect(),
        ConversationState::Closed | ConversationState::Offline => vec![],
    }
}

/// Who took over from the department in whose queue it still waits: it began while that was being removed. What an
/// agent holds stays with the agent.
fn moved_on(floor: &Floor, row: &Conversation) -> Option<DepartmentId> {
    let waits = matches!(row.state, ConversationState::Waiting | ConversationState::Offered);
    let present = floor.department(row.department_id).filter(|_| waits)?.row.id;
    (present != row.department_id).then_some(present)
}

fn takes(floor: &Floor, agent: AgentId) -> bool {
    floor.agent(agent).is_some_and(|found| found.presence == Presence::Online)
}

/// Of a place that is kept: the visitor is back, or was called and did not come.
fn kept_due(app: &App, floor: &Floor, row: &Conversation) -> Option<Command> {
    if !is_gone(app, floor, row) {
        // While the visitor is still there the place is like any other; once called, coming is what was asked for.
        return row.call_deadline_at.map(|_| Command::CameBack);
    }
    let lapsed = row.call_deadline_at.is_some_and(|at| at <= app.now());
    lapsed.then(|| Command::CallLapsed { email: row.kept_email.clone() })
}

/// Of what an agent holds: the agent is no more, is gone, or did not reply.
fn held_due(app: &App, floor: &Floor, row: &Conversation) -> Option<Command> {
    let requeue = |reason| Some(Command::Requeue { reason });
    let Some(holder) = row.agent_id.and_then(|id| floor.agent(id)) else {
        return requeue(QueuedReason::AgentDisabled);
    };
    let who = Who::Agent(floor.tenant.id, holder.agent.id);
    if !app.presence.is_here(who, app.now(), floor.policy.agent_grace_ms) {
        return requeue(QueuedReason::AgentGone);
    }
    let late = row.reply_deadline_at.is_some_and(|at| at <= app.now());
    if late { requeue(QueuedReason::NoReply) } else { None }
}

/// When the next timer runs out, Unix milliseconds.
pub(super) fn next(app: &App, floor: &Floor) -> Option<i64> {
    let rows = floor.queue.iter().chain(&floor.active);
    let own = rows.flat_map(|row| {
        let policy = floor.rules(row.department_id);
        let is_kept_offer = row.state == ConversationState::Offered && row.kept_at.is_some();
        let went_at = is_kept_offer.then(|| went_at(app, floor, row)).flatten();
        [row.projection().wake_at(policy), gone_at(row, policy), unnoted(app, floor, row), went_at]
    });
    // A conversation that falls silent frees a place for whoever waits.
    let freed =
        floor.active.iter().map(|row| Some(inactive_at(row, &floor.policy)).filter(|_| !floor.queue.is_empty()));
    let absent = floor.agents.iter().map(|now| {
        let since = app.presence.gone_since(Who::Agent(floor.tenant.id, now.agent.id))?;
        Some(since + floor.policy.agent_grace_ms)
    });
    let online = floor.agents.iter().filter(|now| now.presence == Presence::Online);
    let silent = online.map(|now| Some(silent_until(app, floor, now)));
    let hours = floor.open_departments().map(|found| found.hours.as_ref()?.changes_at(app.now()));
    own.chain(freed).chain(absent).chain(silent).chain(hours).flatten().filter(|at| *at > app.now()).min()
}
