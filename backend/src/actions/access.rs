//! Who may see a conversation. A conversation of somebody else is answered like one that does not exist.

use protocol::ids::ConversationId;

use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::Conn;
use crate::store::conversation::{self, Conversation};
use protocol::error::ErrorCode;

/// The conversation, if `who` may read it: visitors their own, agents every one of their tenant.
pub(super) async fn readable(conn: &mut Conn, who: &Principal, id: ConversationId) -> AppResult<Conversation> {
    let row = conversation::find(conn, who.tenant(), id).await?;
    row.filter(|row| may_read(who, row)).ok_or_else(|| AppError::not_found("conversation"))
}

/// Whether `who`, of the conversation's tenant, may read it.
pub(super) fn may_read(who: &Principal, row: &Conversation) -> bool {
    match who {
        Principal::Visitor(visitor) => visitor.visitor == row.visitor_id,
        Principal::Agent(_) => true,
    }
}

/// The agent, when the tenant is not suspended: a suspended tenant is read-only.
pub(super) fn acting_agent(who: &Principal) -> AppResult<&AgentIdentity> {
    match who {
        Principal::Agent(agent) if agent.suspended => Err(suspended()),
        Principal::Agent(agent) => Ok(agent),
        Principal::Visitor(_) => Err(AppError::forbidden()),
    }
}

/// The refusal of everything that writes in a suspended tenant.
pub(super) fn suspended() -> AppError {
    Refusal::new(ErrorCode::TenantSuspended, "this tenant is suspended").into()
}
