//! Keeps the clock at the database's time, so that nodes whose machines' clocks differ agree on deadlines (C16).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::clock::Clock;
use crate::error::AppResult;
use crate::store::Store;

/// Clocks of machines go apart by less than a millisecond in this time.
const EVERY: Duration = Duration::from_secs(10);
/// Attempts, of which the quickest answer counts.
const ATTEMPTS: usize = 3;
/// An answer that took longer says too little, in milliseconds.
const TOO_SLOW_MS: i64 = 500;
/// A difference that is worth telling, in milliseconds.
const TOLD_MS: i64 = 2_000;

/// Sets the clock to the database's time; nothing on a database without a clock of its own.
///
/// # Errors
/// When the database does not answer.
pub async fn follow(clock: &Clock, store: &Store) -> AppResult<()> {
    let mut best: Option<(i64, i64, i64)> = None;
    for _ in 0..ATTEMPTS {
        let asked = clock.monotonic();
        let Some(now) = store.time().await? else { return Ok(()) };
        let answered = clock.monotonic();
        let took = answered - asked;
        if best.is_none_or(|(quickest, ..)| took < quickest) {
            best = Some((took, now, asked + took / 2));
        }
    }
    if let Some((_, now, at)) = best.filter(|(took, ..)| *took <= TOO_SLOW_MS) {
        let behind = clock.set(now, at);
        if behind.abs() >= TOLD_MS {
            tracing::warn!(behind_ms = behind, "the clock differs from the database's, which counts");
        }
    }
    Ok(())
}

pub(super) async fn run(app: Arc<App>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = follow(&app.clock, &app.store).await {
            tracing::warn!(%error, "cannot read the database's time");
        }
    }
}
