use domain::conversation::Command;
use domain::routing::{Assignment, Waiting, route};
use futures_util::{FutureExt, StreamExt, stream};
use protocol::ids::{ConversationId, TenantId};
use protocol::state::ConversationState;

use super::{AT_ONCE, call, lenient};
use crate::actions::change::{Asker, Request, carry_out};
use crate::actions::floor::{Floor, Rejections};
use crate::app::App;
use crate::clock::new_id;
use crate::error::AppResult;
use crate::store::routing_decision::{self, Decision};

/// What a round's decisions came to.
#[derive(Default)]
pub(super) struct Decided {
    /// Anything changed.
    pub(super) moved: bool,
    /// What nobody can take now, in order.
    pub(super) unserved: Vec<ConversationId>,
    /// When to route again even if nothing happens, Unix milliseconds.
    pub(super) wake_at: Option<i64>,
}

/// Routes what waits: makes offers, and calls whose turn it is.
pub(super) async fn decide(app: &App, floor: &Floor) -> AppResult<Decided> {
    let rejections = match floor.queue.is_empty() || floor.tenant.is_suspended() {
        true => return Ok(Decided::default()),
        false => floor.rejections(&mut app.store.read(floor.tenant.id).await?).await?,
    };
    let routing = route(&waiting(app, floor, &rejections), &floor.loads(), &floor.desks(), app.now());
    let offers = routing.decisions.iter().map(|assignment| offer(app, floor.tenant.id, assignment).boxed());
    let made: Vec<AppResult<bool>> = stream::iter(offers.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    let mut moved = false;
    for made in made {
        moved |= made?;
    }
    for called in &routing.calls {
        moved |= call::call(app, floor, called).await?;
    }
    let unserved = routing.unserved.into_iter().map(|skipped| skipped.conversation).collect();
    Ok(Decided { moved, unserved, wake_at: routing.wake_at })
}

fn waiting(app: &App, floor: &Floor, rejections: &Rejections) -> Vec<Waiting> {
    let rows = floor.queue.iter().filter(|row| row.state == ConversationState::Waiting);
    rows.map(|row| floor.waiting(app, row, rejections)).collect()
}

async fn offer(app: &App, tenant: TenantId, assignment: &Assignment) -> AppResult<bool> {
    let reasons = serde_json::to_string(&assignment.reasons).map_err(anyhow::Error::from)?;
    let command = Command::Offer { to: assignment.agents.clone(), deadline_at: assignment.deadline_at };
    let request = Request::new(Asker::System(tenant), assignment.conversation, command);
    lenient(carry_out(app, Request { offer_reasons: Some(reasons), ..request }).await)
}

/// Notes why conversations have to wait, once for each wait: when it began and nobody could take it.
pub(super) async fn note_waits(app: &App, floor: &Floor, unserved: &[ConversationId]) -> AppResult<()> {
    if unserved.is_empty() {
        return Ok(());
    }
    let tenant = floor.tenant.id;
    let mut conn = app.store.read(tenant).await?;
    let explained = routing_decision::explained(&mut conn, tenant).await?;
    let fresh: Vec<_> = unserved.iter().filter(|id| !explained.contains(id)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let rejections = floor.rejections(&mut conn).await?;
    drop(conn);
    let now = app.now();
    let mut decisions = Vec::new();
    for row in floor.queue.iter().filter(|row| fresh.contains(&&row.id) && row.state == ConversationState::Waiting) {
        let reasons = serde_json::to_string(&floor.explain(app, row, &rejections)).map_err(anyhow::Error::from)?;
        let kind = routing_decision::WAITS.to_owned();
        decisions.push(Decision { id: new_id(now), conversation_id: row.id, at: now, kind, reasons });
    }
    app.store
        .write(tenant, move |tx| {
            Box::pin(async move {
                for decision in &decisions {
                    routing_decision::insert(tx, tenant, decision).await?;
                }
                Ok(())
            })
        })
        .await
}
