//! A waiting visitor leaves an address, goes, and keeps the place in the queue.

use domain::conversation::{self, Command};
use domain::policy::Policy;
use domain::text::EmailAddress;
use protocol::command::KeepPlace;
use protocol::state::ConversationState;

use super::change::{self, Asker, Request};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, OnField};
use crate::store::conversation::Conversation;

/// Keeps the place. Saying it again with another address writes to that one.
///
/// # Errors
/// `forbidden` for agents, where places are not kept or no mail can be sent; `invalid` on `email`; `not_found`;
/// `wrong_state` when it does not wait; `tenant_suspended`.
pub async fn keep_place(app: &App, who: &Principal, command: KeepPlace) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let email = EmailAddress::parse(&command.email).on_field("email")?.into_string();
    if app.config.smtp_url.is_none() {
        return Err(change::refused(conversation::Refusal::PlaceNotKept));
    }
    let mut conn = app.store.read(visitor.tenant).await?;
    let row = access::readable(&mut conn, who, command.conversation).await?;
    drop(conn);
    if is_kept_for(&row, &email) {
        return Ok(Done { conversation: Some(row.id), ..Done::default() });
    }
    let keep = Command::KeepPlace { email };
    change::carry_out(app, Request::new(Asker::Person(who.clone()), command.conversation, keep)).await
}

/// Whether what is asked is already so: repeating it writes nothing.
fn is_kept_for(row: &Conversation, email: &str) -> bool {
    row.kept_at.is_some() && row.call_deadline_at.is_none() && row.kept_email.as_deref() == Some(email)
}

/// Whether the visitor may keep the place now: it waits under these settings of its department, is not kept already,
/// and there is a way to call the visitor.
pub fn may_keep(app: &App, policy: &Policy, row: &Conversation) -> bool {
    let waits = matches!(row.state, ConversationState::Waiting | ConversationState::Offered);
    waits && policy.keep_place && row.kept_at.is_none() && app.config.smtp_url.is_some()
}
