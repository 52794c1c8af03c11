//! Offers and what came of them.

use protocol::command::DeclineReason;
use protocol::ids::{AgentId, ConversationId, TenantId};
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;
use crate::metrics::metrics;

/// A new offer.
pub struct NewOffer {
    /// Its id.
    pub id: Uuid,
    /// What is offered.
    pub conversation: ConversationId,
    /// To whom.
    pub agent: AgentId,
    /// When.
    pub offered_at: i64,
    /// Until when.
    pub deadline_at: i64,
    /// JSON: why this agent, and why not the others.
    pub reasons: String,
}

/// An offer and what came of it, for the history of a conversation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Offer {
    /// To whom.
    pub agent_id: AgentId,
    /// When.
    pub offered_at: i64,
    /// Until when it stood.
    pub deadline_at: i64,
    /// `accepted`, `declined`, `missed`, `withdrawn`, `returned`; `None` while it stands.
    pub outcome: Option<String>,
    /// When that was.
    pub decided_at: Option<i64>,
    /// Why the agent declined.
    pub decline_reason: Option<DeclineReason>,
    /// JSON: why this agent, and why not the others.
    pub reasons: String,
}

/// An offer that was declined or missed, or a conversation that was given back.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Rejected {
    /// What was offered.
    pub conversation_id: ConversationId,
    /// To whom.
    pub agent_id: AgentId,
    /// When it was declined or lapsed.
    pub decided_at: i64,
}

/// Adds an offer.
pub async fn insert(conn: &mut Conn, tenant: TenantId, offer: &NewOffer) -> AppResult<()> {
    const SQL: &str = "insert into offer (tenant_id, id, conversation_id, agent_id, offered_at, deadline_at, reasons) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(offer.id).bind(offer.conversation).bind(offer.agent).bind(offer.offered_at)
        .bind(offer.deadline_at).bind(&offer.reasons).execute(c).await.map(rows))?;
    Ok(())
}

/// Records what came of an agent's open offer of a conversation: `accepted`, `declined`, `missed`, `withdrawn`, or
/// `returned` by the agent who held it.
pub async fn decide(
    conn: &mut Conn,
    tenant: TenantId,
    (conversation, agent): (ConversationId, AgentId),
    (outcome, reason): (&'static str, Option<DeclineReason>),
    at: i64,
) -> AppResult<()> {
    const SQL: &str = "update offer set outcome = $4, decided_at = $5, decline_reason = $6 \
         where tenant_id = $1 and conversation_id = $2 and agent_id = $3 and outcome is null";
    let decided = on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(conversation).bind(agent).bind(outcome).bind(at).bind(reason).execute(c).await.map(rows))?;
    if decided > 0 {
        metrics().offered(outcome);
    }
    Ok(())
}

/// Every offer of a conversation, in order.
pub async fn of_conversation(conn: &mut Conn, tenant: TenantId, conversation: ConversationId) -> AppResult<Vec<Offer>> {
    const SQL: &str = "select agent_id, offered_at, deadline_at, outcome, decided_at, decline_reason, reasons from offer \
         where tenant_id = $1 and conversation_id = $2 order by offered_at, id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).fetch_all(c).await)?)
}

/// The queue first, whatever a planner thinks: there is no end to the offers of the past. SQLite takes the tables of
/// a cross join in their order, PostgreSQL has statistics.
pub(super) const REJECTIONS: &str = "select o.conversation_id, o.agent_id, o.decided_at from conversation c cross join offer o \
     where c.tenant_id = $1 and c.state in ('waiting', 'offered') \
     and o.tenant_id = c.tenant_id and o.conversation_id = c.id and o.offered_at >= c.waiting_since \
     and o.outcome in ('declined', 'missed', 'returned') order by o.decided_at";

/// Offers of what waits now that were declined or missed, and who gave it back.
pub async fn rejections(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Rejected>> {
    Ok(on!(conn, c => sqlx::query_as(REJECTIONS).bind(tenant).fetch_all(c).await)?)
}
