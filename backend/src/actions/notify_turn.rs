//! The mail that calls a visitor who keeps the place in the queue.

use protocol::ids::TenantId;

use super::notify::enqueue;
use crate::app::App;
use crate::auth::return_link::ReturnLink;
use crate::error::{AppError, AppResult, Refusal};
use crate::i18n;
use crate::mail::letters::{self, Turn};
use crate::mail::{Mail, MailKind};
use crate::store::conversation::Conversation;
use crate::store::{Conn, site, visitor};
use protocol::error::ErrorCode;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// A call, made before the write, which cannot hold `app`.
#[derive(Debug, Clone)]
pub struct Call {
    /// Until when the place is held, Unix milliseconds: that of the command.
    pub deadline_at: i64,
    /// The way back: whoever has it takes the place.
    link: String,
    /// The place it leads to.
    kept_at: i64,
    /// Now.
    at: i64,
}

impl Call {
    /// The call of a visitor whose place is kept; `None` when it is not.
    ///
    /// # Errors
    /// When a token cannot be made.
    pub fn new(app: &App, tenant: TenantId, row: &Conversation, deadline_at: i64) -> AppResult<Option<Self>> {
        let Some(kept_at) = row.kept_at else { return Ok(None) };
        let link = ReturnLink { tenant, conversation: row.id, site: row.site_id, kept_at, until: deadline_at };
        let link = format!("{}/back/{}", app.config.public_origin(), app.keys.sign_return(&link)?);
        Ok(Some(Self { deadline_at, link, kept_at, at: app.now() }))
    }
}

/// Puts the mail into the outbox; runs inside the write that calls the visitor, and the caller calls `app.mailer` after
/// the commit. `row` is the conversation as this write found it.
///
/// # Errors
/// `conflict` when the place was given up, or kept anew, since the call was made; when the database fails.
pub async fn your_turn(tx: &mut Conn, tenant: TenantId, row: &Conversation, call: &Call) -> AppResult<()> {
    let Some(email) = row.kept_email.clone().filter(|_| row.kept_at == Some(call.kept_at)) else {
        return Err(Refusal::new(ErrorCode::Conflict, "the place is another one now").into());
    };
    let site = site::find(tx, tenant, row.site_id).await?.ok_or_else(|| AppError::not_found("site"))?;
    let visitor = visitor::find(tx, tenant, row.visitor_id).await?;
    let language = visitor.as_ref().and_then(|visitor| visitor.language.clone()).unwrap_or_default();
    let texts = i18n::texts(domain::locale::best(&language, site.config.locale.as_deref()));
    let minutes = (call.deadline_at - call.at).max(0) / MINUTE_MS;
    let letter = letters::your_turn(texts, Turn { site: &site.name, minutes: minutes.max(1), link: &call.link })?;
    let to_name = visitor.and_then(|visitor| visitor.name);
    let mail = Mail { to: email, to_name, reply_to: None, thread: Some(row.id), letter };
    enqueue(tx, tenant, MailKind::YourTurn, &mail, call.at).await
}
