//! Stores since when visitors are gone, so that a conversation nobody returns to is closed one day, also
//! across restarts.

use std::sync::Arc;
use std::time::Duration;

use crate::actions::connected::note_visitor;
use crate::app::App;

/// How long after a failure it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>) {
    loop {
        let mut failed = Vec::new();
        for (tenant, visitor) in app.visitors.wait().await {
            match note_visitor(&app, tenant, visitor).await {
                Ok(()) => app.dispatcher.call(tenant),
                Err(error) => {
                    tracing::error!(%error, %tenant, "cannot store a visitor's presence, which is tried again");
                    failed.push((tenant, visitor));
                }
            }
        }
        if !failed.is_empty() {
            tokio::time::sleep(AGAIN_AFTER).await;
            failed.into_iter().for_each(|visitor| app.visitors.call(visitor));
        }
    }
}
