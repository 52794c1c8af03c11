//! Tells sessions where conversations stand and which sites changed, again and again, because the note that told them
//! may be lost (C7). Every node does it for its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::actions::tell_positions::{tell_positions, tell_sites};
use crate::app::App;
use crate::bus::Deliver;

/// Half of the 20 seconds within which a lost note has to be repaired.
const EVERY: Duration = Duration::from_secs(10);
/// How far back a round looks beyond the last that worked, in milliseconds: other nodes' clocks differ.
const OVERLAP_MS: i64 = 30_000;

pub(super) async fn run(app: Arc<App>, sessions: Arc<dyn Deliver>) {
    let mut since = app.now() - OVERLAP_MS;
    let mut told = Vec::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = app.now();
        let round = async {
            tell_positions(&app, &*sessions, since).await?;
            tell_sites(&app, &*sessions, since, &told).await
        };
        match round.await {
            Ok(now_told) => (since, told) = (now - OVERLAP_MS, now_told),
            Err(error) => tracing::warn!(%error, "cannot read where conversations stand"),
        }
    }
}
