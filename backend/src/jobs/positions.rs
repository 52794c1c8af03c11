//! Tells sessions where conversations stand and which sites changed, again and again, because the note that told them
//! may be lost (C7). Every node does it for its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::actions::tell_positions::{tell_positions, tell_sites};
use crate::app::App;
use crate::bus::{Deliver, Lost};

/// Half of the 20 seconds within which a lost note has to be repaired.
const EVERY: Duration = Duration::from_secs(10);
/// How far back a round looks beyond the last that worked, in milliseconds: other nodes' clocks differ.
const OVERLAP_MS: i64 = 30_000;

/// Shortest time between two rounds that a loss calls for: one disturbance shows in many places.
const AT_MOST_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(app: Arc<App>, sessions: Arc<dyn Deliver>) {
    let mut since = app.now() - OVERLAP_MS;
    let mut told = Vec::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // While nothing is heard, everybody looks: at where the queue stands, and whether they may still be here
            // (C20).
            _ = ticks.tick() => if !app.bus.works() {
                sessions.lost(&Lost::Anything);
            },
            lost = app.bus.lost() => {
                // Everything besides the logs is state: who may have missed a change reads it again.
                sessions.lost(&lost);
                sleep(AT_MOST_EVERY).await;
            }
        }
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
