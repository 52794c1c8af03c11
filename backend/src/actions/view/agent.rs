use protocol::error::ErrorCode;
use protocol::ids::VisitorId;
use protocol::state::{AgentState, Earlier, ReadMark, VisitorProfile};

use super::{HISTORY, unsigned, version};
use crate::actions::floor::{AgentNow, Floor};
use crate::actions::line;
use crate::app::App;
use crate::auth::AgentIdentity;
use crate::error::{AppError, AppResult, Refusal};
use crate::presence::Who;
use crate::store::{conversation, read_mark, summary, visitor};

/// Closed conversations in the agents' lists.
const CLOSED: i64 = 50;

/// Everything an agent's screen needs besides the logs.
///
/// # Errors
/// `forbidden` when the membership has ended; `unavailable` when the role is another; when the database fails.
pub async fn agent_state(app: &App, who: &AgentIdentity) -> AppResult<AgentState> {
    let floor = Floor::now(app, who.tenant).await?;
    check_membership(&floor, who)?;
    let mut conn = app.store.read(who.tenant).await?;
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
        colleagues: floor.agents.iter().map(AgentNow::colleague).collect(),
        marks: marks.collect(),
        conversations: rows
            .into_iter()
            .map(|row| line::summary(app, who.tenant, floor.position(row.id), row))
            .collect(),
        departments: Some(floor.cards()),
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
///
/// # Errors
/// `not_found` for the visitor; when the database fails.
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
        external_id: seen.external_id,
        vip: seen.vip.then_some(true),
    })
}
