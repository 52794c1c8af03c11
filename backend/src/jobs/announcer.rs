//! The announcer: sends agents the lines of their lists that changed. It reads each line once however often
//! it changed meanwhile, and one after another, so that an older line never follows a newer one.
//!
//! What an agent acts upon (state, holder, offer, place, presence) is told at once. That a conversation has grown,
//! its watchers hear by the entries themselves; in the lists it is a preview and a count, and told at most ten
//! times a second, the first time at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::{ConversationId, TenantId};
use tokio::time::{Instant, sleep_until};

use crate::actions::line;
use crate::app::App;

/// Shortest time between two rounds of conversations that only grew.
const ROUND: Duration = Duration::from_millis(100);

pub(super) async fn run(app: Arc<App>) {
    let mut next = Instant::now();
    loop {
        let changed = tokio::select! {
            moved = app.announcer.wait() => moved,
            grown = grown(&app, next) => {
                next = Instant::now() + ROUND;
                grown
            }
        };
        announce(&app, changed).await;
    }
}

/// Waits until conversations have grown, and it is time to say so.
async fn grown(app: &App, from: Instant) -> HashSet<(TenantId, ConversationId)> {
    // Not called before: the alarm does not have to ring for every message.
    sleep_until(from).await;
    app.grown.wait().await
}

async fn announce(app: &App, changed: HashSet<(TenantId, ConversationId)>) {
    let mut tenants: HashMap<TenantId, Vec<ConversationId>> = HashMap::new();
    for (tenant, conversation) in changed {
        tenants.entry(tenant).or_default().push(conversation);
    }
    for (tenant, conversations) in tenants {
        if let Err(error) = line::announce(app, tenant, &conversations).await {
            // Agents get the lines with their next full state.
            tracing::error!(%error, %tenant, "cannot announce changed conversations");
        }
    }
}
