use std::collections::HashSet;

use domain::policy::Strategy;
use domain::routing::{Call, Reason, Waiting, route};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::{call, due, offers};
use crate::actions::floor::{Floor, Rejections};
use crate::app::App;
use crate::clock::new_id;
use crate::error::AppResult;
use crate::store::conversation::Conversation;
use crate::store::routing_decision::{self, Decision};

/// Most explanations in one write: nobody's message waits behind more.
const AT_ONCE: usize = 32;

/// What a round's decisions came to.
#[derive(Default)]
pub(super) struct Decided {
    /// Something changed that is not noted in the picture.
    pub(super) moved: bool,
    /// What nobody can take now.
    pub(super) unserved: HashSet<ConversationId>,
    /// When to route again even if nothing happens, Unix milliseconds.
    pub(super) wake_at: Option<i64>,
}

/// Routes what waits: makes offers, which are noted in `floor`, and calls whose turn it is.
pub(super) async fn decide(app: &App, floor: &mut Floor, rejections: &Rejections) -> AppResult<Decided> {
    if floor.queue.is_empty() || floor.tenant.is_suspended() {
        return Ok(Decided::default());
    }
    let routing = route(&waiting(app, floor, rejections), &floor.loads(), &floor.desks(), app.now());
    let mut moved = offers::make(app, floor, &routing.decisions).await?;
    for called in routing.calls.iter().chain(&stranded(app, floor)) {
        moved |= call::call(app, floor, called).await?;
    }
    let unserved = routing.unserved.into_iter().map(|skipped| skipped.conversation).collect();
    Ok(Decided { moved, unserved, wake_at: routing.wake_at })
}

/// Places that are kept where nobody's turn comes by itself any more: their visitors are called as soon as an agent is there,
/// and wait among the others for one to choose them.
fn stranded(app: &App, floor: &Floor) -> Vec<Call> {
    let kept = floor.queue.iter().filter(|row| {
        let is_kept = row.state == ConversationState::Waiting && row.kept_at.is_some();
        let is_uncalled = row.call_deadline_at.is_none() && due::is_gone(app, floor, row);
        let somebody_is_there = floor.online_members(row.department_id).next().is_some();
        is_kept && is_uncalled && somebody_is_there && floor.rules(row.department_id).strategy == Strategy::Manual
    });
    kept.map(|row| Call { conversation: row.id, reasons: vec![Reason::Kept, Reason::Manual] }).collect()
}

fn waiting(app: &App, floor: &Floor, rejections: &Rejections) -> Vec<Waiting> {
    let rows = floor.queue.iter().filter(|row| row.state == ConversationState::Waiting);
    rows.map(|row| floor.waiting(app, row, rejections)).collect()
}

/// Notes why conversations have to wait, once for each wait: when it began and nobody could take it.
pub(super) async fn note_waits(
    app: &App,
    floor: &Floor,
    rejections: &Rejections,
    unserved: &HashSet<ConversationId>,
) -> AppResult<()> {
    if unserved.is_empty() {
        return Ok(());
    }
    let tenant = floor.tenant.id;
    let mut conn = app.store.read(tenant).await?;
    let explained = routing_decision::explained(&mut conn, tenant).await?;
    let waits = |row: &&Conversation| row.state == ConversationState::Waiting && unserved.contains(&row.id);
    let fresh: Vec<_> = floor.queue.iter().filter(waits).filter(|row| !explained.contains(&row.id)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    drop(conn);
    let now = app.now();
    for rows in fresh.chunks(AT_ONCE) {
        let mut decisions = Vec::with_capacity(rows.len());
        for (conversation_id, reasons) in floor.explain(app, rows.iter().copied(), rejections) {
            let reasons = serde_json::to_string(&reasons).map_err(anyhow::Error::from)?;
            let kind = routing_decision::WAITS.to_owned();
            decisions.push(Decision { id: new_id(now), conversation_id, at: now, kind, reasons });
        }
        let write = app
            .store
            .write(tenant, move |tx| Box::pin(async move { routing_decision::insert(tx, tenant, &decisions).await }));
        write.await?;
    }
    Ok(())
}
