//! The announcer: sends agents the lines of their lists that changed. It reads each line once however often
//! it changed meanwhile, and one after another, so that an older line never follows a newer one. The first
//! change is told at once; what follows it closely is told together, however many messages a second there are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::ids::{ConversationId, TenantId};
use tokio::time::{Instant, sleep_until};

use crate::actions::line;
use crate::app::App;

/// Shortest time between two rounds: each reads who is at work and what waits.
const ROUND: Duration = Duration::from_millis(100);

pub(super) async fn run(app: Arc<App>) {
    loop {
        let mut changed: HashMap<TenantId, Vec<ConversationId>> = HashMap::new();
        let due = app.announcer.wait().await;
        let next = Instant::now() + ROUND;
        for (tenant, conversation) in due {
            changed.entry(tenant).or_default().push(conversation);
        }
        for (tenant, conversations) in changed {
            if let Err(error) = line::announce(&app, tenant, &conversations).await {
                // Agents get the lines with their next full state.
                tracing::error!(%error, %tenant, "cannot announce changed conversations");
            }
        }
        sleep_until(next).await;
    }
}
