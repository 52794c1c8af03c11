//! Telling this node's sessions where conversations stand, for those that missed it on the bus (C7).

use crate::app::App;
use crate::bus::{Deliver, Note, Topic};
use crate::error::AppResult;
use crate::store::{EveryTenant, conversation};

/// Tells this node's sessions the position of every conversation that changed after `since` (Unix
/// milliseconds). Whoever is behind reads the log; whoever is not drops it.
///
/// # Errors
/// When they cannot be read.
pub async fn tell_positions(app: &App, sessions: &dyn Deliver, since: i64) -> AppResult<()> {
    let grown = conversation::changed_since(&mut app.store.read(EveryTenant).await?, since).await?;
    for row in grown {
        let note = Note::position(row.id, u64::try_from(row.last_seq).unwrap_or(0));
        sessions.deliver(Topic::Conversation(row.tenant_id, row.id), &note);
        sessions.deliver(Topic::Visitor(row.tenant_id, row.visitor_id), &note);
    }
    Ok(())
}
