//! Follows suspensions and sign-outs made by another process: the command line has no way to reach sessions of this one
//! (C20).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::actions::sign_in::follow_sign_outs;
use crate::actions::suspend_tenant::follow;
use crate::app::App;
use crate::bus::Deliver;

/// Half of the two seconds within which either has to be felt.
const EVERY: Duration = Duration::from_secs(1);
/// How far back a round looks for sign-outs, in milliseconds: another process may have another clock.
const OVERLAP_MS: i64 = 30_000;

pub(super) async fn run(app: Arc<App>, sessions: Arc<dyn Deliver>) {
    // What was suspended before this process began has no connections here.
    let mut known: Option<HashSet<_>> = None;
    let mut signed_out = Vec::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match follow(&app, &*sessions, known.as_ref()).await {
            Ok(now) => known = Some(now),
            Err(error) => tracing::warn!(%error, "cannot read which tenants are suspended"),
        }
        match follow_sign_outs(&app, &*sessions, app.now() - OVERLAP_MS, &signed_out).await {
            Ok(now) => signed_out = now,
            Err(error) => tracing::warn!(%error, "cannot read who was signed out"),
        }
    }
}
