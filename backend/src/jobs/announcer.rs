//! The announcer: sends agents the lines of their lists that changed. It reads each line once however often
//! it changed meanwhile, and one after another, so that an older line never follows a newer one.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::ids::{ConversationId, TenantId};

use crate::actions::line;
use crate::app::App;

pub(super) async fn run(app: Arc<App>) {
    loop {
        let mut changed: HashMap<TenantId, Vec<ConversationId>> = HashMap::new();
        for (tenant, conversation) in app.announcer.wait().await {
            changed.entry(tenant).or_default().push(conversation);
        }
        for (tenant, conversations) in changed {
            if let Err(error) = line::announce(&app, tenant, &conversations).await {
                // Agents get the lines with their next full state.
                tracing::error!(%error, %tenant, "cannot announce changed conversations");
            }
        }
    }
}
