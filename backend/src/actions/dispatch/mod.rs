//! The dispatcher's round for one tenant: what lapsed, who is offered what, who stands where. One round at a
//! time per tenant; the job in `jobs/dispatcher.rs` sees to that and calls again when a round says so.

/// What time or absence does now, and when it does next.
mod due;
/// Writing to a visitor whose turn it is.
mod call;
/// Offers, calls, and why somebody has to wait.
mod decide;
/// Making offers.
mod offers;
/// Telling people what changed for them.
mod tell;
#[cfg(test)]
mod tests;

pub use tell::Told;

use domain::conversation::{Command, Receiver};
use futures_util::{FutureExt, StreamExt, stream};
use protocol::ids::{ConversationId, TenantId};
use protocol::state::{AwayReason, Presence};

use super::change::{Asker, Request, carry_out};
use super::floor::{Floor, Rejections};
use super::presence::set_idle;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::presence::Who;

/// Writes of a round that are on their way at once: they share commits.
const AT_ONCE: usize = 16;

/// One round. Returns when to look again even if nothing happens, Unix milliseconds.
///
/// # Errors
/// When the database fails; what was done until then stays done, and the next round goes on from there.
pub async fn round(app: &App, tenant: TenantId, told: &mut Told) -> AppResult<Option<i64>> {
    let (mut floor, mut rejections) = read(app, tenant).await?;
    due::note_gone(app, &floor);
    // What is offered to who is away now is taken back in the same round.
    if idle(app, &floor).await? {
        (floor, rejections) = read(app, tenant).await?;
    }
    if expire(app, &floor).await? {
        (floor, rejections) = read(app, tenant).await?;
    }
    let decided = decide::decide(app, &mut floor, &rejections).await?;
    if decided.moved {
        (floor, rejections) = read(app, tenant).await?;
    }
    decide::note_waits(app, &floor, &rejections, &decided.unserved).await?;
    tell::note_presence(app, &floor, told).await?;
    tell::tell(app, &floor, told);
    Ok([decided.wake_at, due::next(app, &floor)].into_iter().flatten().min())
}

async fn read(app: &App, tenant: TenantId) -> AppResult<(Floor, Rejections)> {
    let mut conn = app.store.read(tenant).await?;
    let floor = Floor::read(app, &mut conn, tenant).await?;
    let rejections = floor.rejections(&mut conn).await?;
    Ok((floor, rejections))
}

/// A person may have been faster than the dispatcher: then the state machine refuses, and that is right. True when
/// it did not.
fn lenient<T>(result: AppResult<T>) -> AppResult<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(AppError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Carries out what is due of everything in the queue or in progress. True when there was anything.
async fn expire(app: &App, floor: &Floor) -> AppResult<bool> {
    let rows = floor.queue.iter().chain(&floor.active);
    let due = rows.flat_map(|row| due::due(app, floor, row).into_iter().map(|command| (row.id, command)));
    let carried: Vec<_> = due.map(|(id, command)| carry(app, floor.tenant.id, id, command).boxed()).collect();
    let any = !carried.is_empty();
    let results: Vec<AppResult<bool>> = stream::iter(carried).buffered(AT_ONCE).collect().await;
    results.into_iter().collect::<AppResult<Vec<_>>>()?;
    Ok(any)
}

async fn carry(app: &App, tenant: TenantId, id: ConversationId, command: Command) -> AppResult<bool> {
    // The dispatcher itself gives nothing to a department but what waits in one that was removed.
    if let Command::Transfer { to: Receiver::Department(successor) } = command {
        return lenient(super::departments::succeed::succeed(app, tenant, id, successor).await);
    }
    lenient(carry_out(app, Request::new(Asker::System(tenant), id, command)).await)
}

/// Sets agents of whom nothing was heard for too long to away. True when there was one.
async fn idle(app: &App, floor: &Floor) -> AppResult<bool> {
    let mut any = false;
    if !app.presence.is_sure() {
        // They may be busy at a server that is not heard.
        return Ok(any);
    }
    for now in &floor.agents {
        let silent = now.presence == Presence::Online && due::silent_until(app, floor, now) <= app.now();
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
