//! What waits in the queue of a department that was removed comes into that of its successor: when it is removed, or when
//! it came there later.

use domain::conversation::{Command, Receiver};
use protocol::error::ErrorCode;
use protocol::ids::{ConversationId, DepartmentId, TenantId};
use protocol::state::ConversationState;

use crate::actions::change::{self, Asker, Outcome, Request};
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::Conn;
use crate::store::conversation::{self, Conversation};

/// Moves a conversation that waits in a department that was removed.
///
/// # Errors
/// `not_found`; `wrong_state` when it does not wait any more.
pub(in crate::actions) async fn succeed(
    app: &App,
    tenant: TenantId,
    id: ConversationId,
    successor: DepartmentId,
) -> AppResult<()> {
    let now = app.now();
    let outcome = app
        .store
        .write((tenant, id), move |tx| {
            Box::pin(async move {
                let row = conversation::find(tx, tenant, id).await?;
                let row = row.ok_or_else(|| AppError::not_found("conversation"))?;
                if !matches!(row.state, ConversationState::Waiting | ConversationState::Offered) {
                    return Err(Refusal::new(ErrorCode::WrongState, "it does not wait any more").into());
                }
                take_over(tx, &row, (tenant, successor), now).await
            })
        })
        .await?;
    change::announce(app, tenant, outcome);
    Ok(())
}

/// Moves a conversation that waits. Whoever is given away goes to the head of the queue and is not for whom they came
/// from. Here nobody gave anything away: they stand where they would if they had always waited there.
pub(super) async fn take_over(
    tx: &mut Conn,
    row: &Conversation,
    (tenant, successor): (TenantId, DepartmentId),
    now: i64,
) -> AppResult<Outcome> {
    let command = Command::Transfer { to: Receiver::Department(successor) };
    let mut outcome = change::write(tx, &Request::new(Asker::System(tenant), row.id, command), now).await?;
    outcome.row.at_head = row.at_head;
    outcome.row.waiting_since = row.waiting_since;
    outcome.row.last_agent = row.last_agent;
    conversation::save(tx, tenant, &outcome.row).await?;
    Ok(outcome)
}
