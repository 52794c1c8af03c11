//! What screens are made of: entries after a position, and the state of a visitor or agent.

/// The state of an agent.
mod agent;
/// The state of a visitor, and whether a site can chat.
mod visitor;

pub use agent::{agent_state, visitor_profile};
pub use visitor::{SiteNow, availability_of, destination, site_now, visitor_state};

use domain::entry::{Audience, placeholder};
use protocol::entry::{Author, EntryBody, Item};
use protocol::event::{Entries, ResetReason};
use protocol::ids::{ConversationId, TenantId};
use protocol::limits::ENTRIES_PAGE;
use protocol::state::Cursor;
use sha2::{Digest, Sha256};

use super::access;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult};
use crate::planted::{Bug, planted};
use crate::store::Conn;
use crate::store::entry::{self, Entry};

/// Conversations of one visitor that are shown.
const HISTORY: i64 = 50;
/// A page of entries ends with the one that has it hold as many bytes: each reader has a copy of its own, and whoever
/// does not take it keeps it in memory (F28).
const PAGE_BYTES: usize = 32 * 1024;
/// The entries after a position as `who` may see them: at most [`ENTRIES_PAGE`], and no more after [`PAGE_BYTES`].
pub async fn entries_after(app: &App, who: &Principal, id: ConversationId, after: u64) -> AppResult<Entries> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = access::readable(&mut conn, who, id).await?;
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    let entries = entry::after(&mut conn, who.tenant(), id, from, i64::from(ENTRIES_PAGE)).await?;
    // The log may have grown since the row was read: what is sent here must not be sent again.
    let last_seq = entries.iter().map(|entry| entry.seq).max().unwrap_or(0).max(row.last_seq);
    let mut entries = planted_page(&mut conn, who.tenant(), id, from, entries).await?;
    let mut bytes = 0;
    let fits = entries.iter().take_while(|entry| {
        let fits = bytes < PAGE_BYTES;
        bytes += entry.body.as_ref().map_or(0, String::len);
        fits
    });
    entries.truncate(fits.count());
    let reader = match who {
        Principal::Visitor(_) => Audience::Everyone,
        Principal::Agent(_) => Audience::Agents,
    };
    Ok(Entries {
        conversation: id,
        epoch: app.epoch,
        from: after.saturating_add(1),
        last_seq: unsigned(last_seq),
        items: entries.into_iter().map(|entry| item(entry, reader)).collect(),
    })
}

/// The page as it is, unless a test build was told to spoil it.
async fn planted_page(
    conn: &mut Conn,
    tenant: TenantId,
    id: ConversationId,
    from: i64,
    mut entries: Vec<Entry>,
) -> AppResult<Vec<Entry>> {
    if planted(Bug::SkipInCatchUp) && entries.len() > 2 {
        entries.remove(1);
    }
    if planted(Bug::CatchUpBackwards) {
        entries.reverse();
    }
    if planted(Bug::ResumeByTime) {
        let last = entry::after(conn, tenant, id, from - 1, 1).await?;
        entries.retain(|entry| last.iter().all(|last| entry.at / 1_000 > last.at / 1_000));
    }
    Ok(entries)
}

/// An entry as a reader sees it.
pub(super) fn item(entry: Entry, reader: Audience) -> Item {
    let seq = unsigned(entry.seq);
    if entry.audience != Audience::Everyone.as_str() && reader == Audience::Everyone {
        return placeholder(seq);
    }
    // A body that this build cannot read was written by a newer one; a redacted one is gone.
    let body = entry.body.map(|body| serde_json::from_str(&body).unwrap_or(EntryBody::Unknown));
    let author = Author { kind: entry.author_kind, id: entry.author_id, name: entry.author_name };
    Item { seq, at: Some(entry.at), author: Some(author), cmid: entry.cmid, body }
}

/// Whether a cursor is a position of this history (C5).
pub async fn check_cursor(app: &App, who: &Principal, cursor: &Cursor) -> AppResult<Result<(), ResetReason>> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = match access::readable(&mut conn, who, cursor.conversation).await {
        Ok(row) => row,
        Err(AppError::Refused(_)) => return Ok(Err(ResetReason::NoAccess)),
        Err(error) => return Err(error),
    };
    Ok(if cursor.seq > 0 && cursor.epoch != app.epoch {
        Err(ResetReason::EpochChanged)
    } else if cursor.seq > unsigned(row.last_seq) {
        Err(ResetReason::AheadOfServer)
    } else {
        Ok(())
    })
}

/// Names a state by its content: a client that brings the same name has the same state.
fn version<T: serde::Serialize>(state: &T) -> AppResult<String> {
    let json = serde_json::to_vec(state).map_err(anyhow::Error::from)?;
    Ok(Sha256::digest(json).iter().take(12).map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
