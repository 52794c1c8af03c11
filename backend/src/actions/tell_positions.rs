//! Telling this node's sessions where conversations stand and which sites changed, for those that missed it on the
//! bus (C7).

use protocol::ids::TenantId;

use crate::app::App;
use crate::bus::{Deliver, Note, Topic};
use crate::error::AppResult;
use crate::store::{EveryTenant, conversation, site};

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

/// Tells the visitors of this node that a site changed after `since` (Unix milliseconds): whoever is in a page that it
/// no longer allows is closed (F33). Says which changes were told; those in `told` are not told again.
///
/// # Errors
/// When they cannot be read.
pub async fn tell_sites(app: &App, sessions: &dyn Deliver, since: i64, told: &[Change]) -> AppResult<Vec<Change>> {
    let changed = site::changed_since(&mut app.store.read(EveryTenant).await?, since).await?;
    for (tenant, _) in changed.iter().filter(|change| !told.contains(change)) {
        sessions.deliver(Topic::Visitors(*tenant), &Note::StateChanged);
    }
    Ok(changed)
}

/// A tenant, and when a site of it was changed last.
pub type Change = (TenantId, i64);
