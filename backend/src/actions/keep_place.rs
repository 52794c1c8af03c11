//! Keeping a place in the queue while the visitor is away.

use domain::conversation::Command;
use domain::policy::Policy;
use domain::text::EmailAddress;
use protocol::command::KeepPlace;
use protocol::error::ErrorCode;
use protocol::state::ConversationState;

use super::Done;
use super::change::{Asker, Request, carry_out};
use super::floor::Floor;
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::conversation::{self, Conversation};

/// Keeps the visitor's place: when it is the visitor's turn, a mail goes out.
///
/// # Errors
/// `invalid` on `email`; `not_found`; `wrong_state` when it does not wait or the tenant does not offer it.
pub async fn keep_place(app: &App, who: &Principal, command: KeepPlace) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let email = EmailAddress::parse(&command.email).on_field("email")?.into_string();
    let mut conn = app.store.read(visitor.tenant).await?;
    let row = conversation::find(&mut conn, visitor.tenant, command.conversation).await?;
    let row = row.filter(|row| row.visitor_id == visitor.visitor);
    let row = row.ok_or_else(|| AppError::not_found("conversation"))?;
    let floor = Floor::read(app, &mut conn, visitor.tenant).await?;
    drop(conn);
    if !may_keep(app, floor.rules(row.department_id), &row) {
        return Err(Refusal::new(ErrorCode::WrongState, "the place cannot be kept").into());
    }
    carry_out(app, Request::new(Asker::Person(who.clone()), row.id, Command::KeepPlace { email })).await
}

/// Whether the visitor may keep the place: it waits, the tenant offers it, and mail can be sent to call the visitor.
pub(super) fn may_keep(app: &App, policy: &Policy, row: &Conversation) -> bool {
    let waits = matches!(row.state, ConversationState::Waiting | ConversationState::Offered);
    waits && policy.keep_place && app.config.smtp_url.is_some()
}
