//! Stores since when visitors are gone, so that a conversation nobody returns to is closed one day, also
//! across restarts.

use std::sync::Arc;

use crate::actions::connected::note_visitor;
use crate::app::App;

pub(super) async fn run(app: Arc<App>) {
    loop {
        for (tenant, visitor) in app.visitors.wait().await {
            match note_visitor(&app, tenant, visitor).await {
                Ok(()) => app.dispatcher.call(tenant),
                // The dispatcher asks again when something depends on it.
                Err(error) => tracing::error!(%error, %tenant, "cannot store a visitor's presence"),
            }
        }
    }
}
