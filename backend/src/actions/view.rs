//! What screens are made of: entries after a position, and the state of a visitor or agent.

use domain::entry::{Audience, placeholder};
use domain::queue::{availability, estimate};
use protocol::entry::{Author, EntryBody, Item};
use protocol::error::ErrorCode;
use protocol::event::{Entries, ResetReason};
use protocol::ids::{ConversationId, TenantId, VisitorId};
use protocol::limits::ENTRIES_PAGE;
use protocol::state::{
    AgentCard, AgentState, Availability, ConversationState, Cursor, Earlier, Estimate, ReadMark, VisitorConversation,
    VisitorProfile, VisitorState,
};
use sha2::{Digest, Sha256};

use super::access;
use super::floor::Floor;
use super::line;
use crate::app::App;
use crate::auth::{AgentIdentity, Principal, VisitorIdentity};
use crate::error::{AppError, AppResult, Refusal};
use crate::planted::{Bug, planted};
use crate::presence::Who;
use crate::store::conversation::{self, Conversation};
use crate::store::entry::{self, Entry};
use crate::store::{Conn, read_mark, summary, visitor};

/// A page of entries ends with the one that has it hold as many bytes: each reader has a copy of its own, and whoever
/// does not take it keeps it in memory (F28).
const PAGE_BYTES: usize = 32 * 1024;
/// Conversations of one visitor that are shown.
const HISTORY: i64 = 50;
/// Closed conversations in the agents' lists.
const CLOSED: i64 = 50;
/// Service times older than this say nothing about today, in milliseconds (7 days).
const RECENT: i64 = 7 * 24 * 60 * 60 * 1000;

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

/// Whether visitors of the tenant can chat now.
pub async fn availability_of(app: &App, tenant: TenantId) -> AppResult<Availability> {
    let mut conn = app.store.read(tenant).await?;
    let floor = Floor::read(app, &mut conn, tenant).await?;
    Ok(floor_availability(&floor))
}

/// Availability from the picture of the floor.
pub(super) fn floor_availability(floor: &Floor) -> Availability {
    if floor.tenant.is_suspended() {
        return Availability::Unavailable;
    }
    let agents: Vec<_> = floor.agents.iter().map(super::floor::AgentNow::load).collect();
    availability(&agents, u32::try_from(floor.queue.len()).unwrap_or(u32::MAX), &floor.policy)
}

/// Everything a visitor's screen needs besides the logs.
pub async fn visitor_state(app: &App, who: &VisitorIdentity) -> AppResult<VisitorState> {
    let mut conn = app.store.read(who.tenant).await?;
    let seen = visitor::find(&mut conn, who.tenant, who.visitor).await?.ok_or_else(AppError::unauthenticated)?;
    let floor = Floor::read(app, &mut conn, who.tenant).await?;
    let rows = conversation::of_visitor(&mut conn, who.tenant, who.visitor, HISTORY).await?;
    let waits = rows.iter().any(|row| row.state == ConversationState::Waiting);
    let service_times = if waits {
        conversation::recent_service_times(&mut conn, who.tenant, app.now() - RECENT).await?
    } else {
        Vec::new()
    };
    let mut conversations = Vec::with_capacity(rows.len());
    for row in rows {
        let position = floor.position(row.id);
        let estimate = position
            .filter(|_| row.state == ConversationState::Waiting)
            .and_then(|position| estimate(position, &service_times, floor.capacity()));
        conversations.push(visitor_line(&mut conn, who.tenant, &floor, row, estimate).await?);
    }
    let mut state = VisitorState {
        version: String::new(),
        visitor: who.visitor,
        name: seen.name,
        email: seen.email,
        availability: floor_availability(&floor),
        conversations,
        opens_at: None,
        departments: None,
    };
    state.version = version(&state)?;
    Ok(state)
}

async fn visitor_line(
    conn: &mut Conn,
    tenant: TenantId,
    floor: &Floor,
    row: Conversation,
    estimate: Option<Estimate>,
) -> AppResult<VisitorConversation> {
    let unread = if row.last_seq > row.visitor_read_seq {
        entry::agent_messages_after(conn, tenant, row.id, row.visitor_read_seq).await?
    } else {
        0
    };
    let held = row.agent_id.filter(|_| row.state == ConversationState::Active);
    let agent = held.and_then(|id| floor.agent(id)).map(|now| AgentCard {
        id: now.agent.id,
        name: now.agent.name.clone(),
        presence: now.presence,
    });
    Ok(VisitorConversation {
        id: row.id,
        state: row.state,
        last_seq: unsigned(row.last_seq),
        created_at: row.created_at,
        updated_at: row.updated_at,
        position: floor.position(row.id),
        estimate,
        agent,
        visitor_read_seq: unsigned(row.visitor_read_seq),
        agent_read_seq: unsigned(row.agent_read_seq),
        unread: u32::try_from(unread).unwrap_or(u32::MAX),
        preview: row.preview,
        rating: row.rating.and_then(|score| u8::try_from(score).ok()),
        can_keep: None,
        kept: None,
    })
}

/// Everything an agent's screen needs besides the logs.
pub async fn agent_state(app: &App, who: &AgentIdentity) -> AppResult<AgentState> {
    let mut conn = app.store.read(who.tenant).await?;
    let floor = Floor::read(app, &mut conn, who.tenant).await?;
    check_membership(&floor, who)?;
    let mut rows = summary::open(&mut conn, who.tenant).await?;
    rows.extend(summary::closed(&mut conn, who.tenant, CLOSED).await?);
    let oldest = rows.iter().map(|row| row.updated_at).min().unwrap_or(0);
    let marks = read_mark::of_agent(&mut conn, who.tenant, who.agent, oldest).await?;
    let marks = rows.iter().filter_map(|row| {
        let mark = marks.iter().find(|mark| mark.conversation_id == row.id)?;
        Some(ReadMark {
            conversation: row.id,
            seq: unsigned(mark.seq),
            unread: u32::try_from(row.visitor_messages - mark.visitor_messages).unwrap_or(0),
        })
    });
    let mut state = AgentState {
        version: String::new(),
        me: who.agent,
        tenant: who.tenant,
        tenant_name: floor.tenant.name.clone(),
        suspended: floor.tenant.is_suspended(),
        colleagues: floor.agents.iter().map(super::floor::AgentNow::colleague).collect(),
        marks: marks.collect(),
        conversations: rows
            .into_iter()
            .map(|row| line::summary(app, who.tenant, floor.position(row.id), row))
            .collect(),
        departments: None,
    };
    state.version = version(&state)?;
    Ok(state)
}

/// Whether an agent still is what a session took them for: the note that ends it may be lost (C20).
fn check_membership(floor: &Floor, who: &AgentIdentity) -> AppResult<()> {
    let now = floor.agent(who.agent).ok_or_else(|| Refusal::new(ErrorCode::Forbidden, "the membership has ended"))?;
    if now.agent.role != who.role {
        return Err(Refusal::new(ErrorCode::Unavailable, "the role is another now: connect again").into());
    }
    Ok(())
}

/// What an agent sees beside a conversation.
pub async fn visitor_profile(app: &App, who: &AgentIdentity, id: VisitorId) -> AppResult<VisitorProfile> {
    let mut conn = app.store.read(who.tenant).await?;
    let seen = visitor::find(&mut conn, who.tenant, id).await?.ok_or_else(|| AppError::not_found("visitor"))?;
    let rows = conversation::of_visitor(&mut conn, who.tenant, id, HISTORY).await?;
    Ok(VisitorProfile {
        id,
        name: seen.name,
        email: seen.email,
        browser: seen.browser,
        language: seen.language,
        page_url: seen.page_url,
        page_title: seen.page_title,
        referrer: seen.referrer,
        first_seen_at: seen.first_seen_at,
        last_seen_at: seen.last_seen_at,
        online: app.presence.gone_since(Who::Visitor(who.tenant, id)).is_none(),
        conversations: rows
            .into_iter()
            .map(|row| Earlier {
                id: row.id,
                state: row.state,
                created_at: row.created_at,
                preview: row.preview,
                rating: row.rating.and_then(|score| u8::try_from(score).ok()),
            })
            .collect(),
        external_id: None,
        vip: None,
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
