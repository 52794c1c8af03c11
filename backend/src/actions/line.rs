//! One line of the agents' lists, and telling the agents that it changed.

use protocol::event::{ConversationChanged, Event};
use protocol::ids::{ConversationId, TenantId};
use protocol::state::{ConversationState, Summary};

use super::floor::{self, Places};
use super::publish;
use super::view::unsigned;
use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::AppResult;
use crate::presence::Who;
use crate::store::summary::{self, SummaryRow};

fn waits(row: &SummaryRow) -> bool {
    matches!(row.state, ConversationState::Waiting | ConversationState::Offered)
}

/// The line of a conversation that stands in this place of the queue, if it stands there.
pub(super) fn summary(app: &App, tenant: TenantId, position: Option<u32>, row: SummaryRow) -> Summary {
    let waits = waits(&row);
    let online = app.presence.gone_since(Who::Visitor(tenant, row.visitor_id)).is_none();
    let offered_also = Some(row.also()).filter(|also| !also.is_empty());
    Summary {
        id: row.id,
        state: row.state,
        site: row.site_id,
        site_name: row.site_name,
        visitor: row.visitor_id,
        visitor_name: row.visitor_name,
        visitor_email: row.visitor_email,
        visitor_online: online,
        agent: row.agent_id,
        offered_to: row.offered_to,
        offer_deadline_at: row.offer_deadline_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        waiting_since: row.waiting_since.filter(|_| waits),
        position,
        last_seq: unsigned(row.last_seq),
        visitor_messages: u32::try_from(row.visitor_messages).unwrap_or(u32::MAX),
        last_author: row.last_author,
        preview: row.preview,
        visitor_read_seq: unsigned(row.visitor_read_seq),
        agent_read_seq: unsigned(row.agent_read_seq),
        rating: row.rating.and_then(|score| u8::try_from(score).ok()),
        offered_also,
        department: Some(row.department_id),
        priority: u8::try_from(row.priority).ok().filter(|priority| *priority > 0),
        kept: row.kept_at.filter(|_| waits).map(|_| true),
    }
}

/// Sends every agent of the tenant the lines of these conversations as they are now. Run by the announcer,
/// one batch after another, so that a later line never overtakes.
///
/// # Errors
/// When the database fails.
pub async fn announce(app: &App, tenant: TenantId, conversations: &[ConversationId]) -> AppResult<()> {
    let mut conn = app.store.read(tenant).await?;
    let rows = summary::some(&mut conn, tenant, conversations).await?;
    // Read after the lines: whoever waits in them stands in it, or has left it since and is told again.
    let places = if rows.iter().any(waits) { floor::places(&mut conn, tenant).await? } else { Places::default() };
    drop(conn);
    for row in rows {
        let (id, updated_at) = (row.id, row.updated_at);
        let conversation = summary(app, tenant, places.position(id), row);
        let frame = publish::frame(&Event::Conversation(ConversationChanged { conversation }));
        app.bus.publish(Topic::Agents(tenant), Note::Line { conversation: id, updated_at, frame });
    }
    Ok(())
}
