//! A waiting visitor leaves an address, goes, and keeps the place in the queue.

use domain::conversation::Command;
use domain::policy::{Policy, Strategy};
use domain::text::EmailAddress;
use protocol::command::KeepPlace;
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::change::{Asker, Request, carry_out};
use super::{Done, access};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::presence::Who;
use crate::store::conversation::Conversation;
use crate::store::{department, tenant};

/// Keeps the visitor's place: when it is the visitor's turn, a mail goes out. Said again with another address, the mail
/// goes there.
///
/// # Errors
/// `invalid` on `email`; `not_found`; `wrong_state` when it does not wait, its department does not offer it or no mail can be
/// sent; `forbidden` for agents; `tenant_suspended`.
pub async fn keep_place(app: &App, who: &Principal, command: KeepPlace) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let email = EmailAddress::parse(&command.email).on_field("email")?.into_string();
    let mut conn = app.store.read(visitor.tenant).await?;
    let row = access::readable(&mut conn, who, command.conversation).await?;
    let of = tenant::find(&mut conn, visitor.tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
    let policy = of.policy().with(&department::overrides(&mut conn, of.id, row.department_id).await?);
    drop(conn);
    if !may_keep(app, &policy, &row) {
        return Err(Refusal::new(ErrorCode::WrongState, "the place cannot be kept").into());
    }
    if is_kept_for(&row, &email) {
        return Ok(Done { conversation: Some(row.id), ..Done::default() });
    }
    carry_out(app, Request::new(Asker::Person(who.clone()), row.id, Command::KeepPlace { email })).await
}

/// Refuses to give a conversation to an agent while its visitor keeps the place and is away: there is nobody to talk to, and
/// what was promised is a mail in time.
///
/// # Errors
/// `wrong_state`; `not_found`.
pub(super) async fn check_is_back(app: &App, who: &Principal, id: ConversationId) -> AppResult<()> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = access::readable(&mut conn, who, id).await?;
    let is_away = || app.presence.gone_since(Who::Visitor(who.tenant(), row.visitor_id)).is_some();
    if row.kept_at.is_some() && is_away() {
        let why = "the visitor keeps the place and is away, and is called by mail when it is their turn";
        return Err(Refusal::new(ErrorCode::WrongState, why).into());
    }
    Ok(())
}

/// Whether what is asked is already so: repeating it writes nothing.
fn is_kept_for(row: &Conversation, email: &str) -> bool {
    row.kept_at.is_some() && row.call_deadline_at.is_none() && row.kept_email.as_deref() == Some(email)
}

/// Whether the visitor may keep the place: it waits, its department's settings offer it, somebody's turn comes there by
/// itself, and mail can be sent to call the visitor.
pub(super) fn may_keep(app: &App, policy: &Policy, row: &Conversation) -> bool {
    let waits = matches!(row.state, ConversationState::Waiting | ConversationState::Offered);
    waits && policy.keep_place && policy.strategy != Strategy::Manual && app.config.smtp_url.is_some()
}
