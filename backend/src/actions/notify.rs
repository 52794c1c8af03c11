//! E-mail that follows from what happened. Every function here runs inside the caller's write, so that the
//! mail exists exactly when its cause does (C18); the caller calls `app.mailer` after the commit.

use protocol::ids::{ConversationId, TenantId};
use protocol::state::ConversationState;

use crate::auth::AgentIdentity;
use crate::clock::new_id;
use crate::error::{AppError, AppResult};
use crate::i18n;
use crate::mail::letters::{self, Answer, LeftMessage};
use crate::mail::{Mail, MailKind};
use crate::store::conversation::{self, Conversation};
use crate::store::{Conn, outbox, site, transcript, visitor};

/// A message left while nobody was there. Made before the write, which cannot hold `app`.
#[derive(Debug, Clone)]
pub struct OfflineNotice {
    /// The conversation it stands in.
    pub conversation: ConversationId,
    /// Name the visitor gave.
    pub name: String,
    /// Address the visitor gave.
    pub email: String,
    /// The message.
    pub text: String,
    /// Page the visitor was on.
    pub page_url: Option<String>,
    /// [`crate::config::Config::public_origin`], for the link.
    pub origin: String,
    /// Now.
    pub at: i64,
}

/// Tells the tenant's owners and admins about an offline message: one mail each, so that one bad address
/// does not keep the others from theirs. The conversation's row must have been written before.
///
/// # Errors
/// When the database fails.
pub async fn offline_message(tx: &mut Conn, tenant: TenantId, notice: &OfflineNotice) -> AppResult<()> {
    let row = conversation::find(tx, tenant, notice.conversation).await?;
    let row = row.ok_or_else(|| AppError::not_found("conversation"))?;
    let site = site::find(tx, tenant, row.site_id).await?.ok_or_else(|| AppError::not_found("site"))?;
    let texts = i18n::texts(site.config.locale.as_deref().unwrap_or("en"));
    let link = format!("{}/admin/offline/{}", notice.origin, notice.conversation);
    let letter = letters::left_message(
        texts,
        LeftMessage {
            name: &notice.name,
            email: &notice.email,
            text: &notice.text,
            page: notice.page_url.as_deref(),
            site: &site.name,
            link: &link,
        },
    )?;
    for person in transcript::mail_recipients(tx, tenant).await? {
        let mail = Mail {
            to: person.email,
            to_name: Some(person.name),
            reply_to: Some(notice.email.clone()),
            thread: Some(notice.conversation),
            letter: letter.clone(),
        };
        enqueue(tx, tenant, MailKind::OfflineMessage, &mail, notice.at).await?;
    }
    Ok(())
}

/// Sends an agent's answer in an offline conversation to the address the visitor left; nothing when it is
/// not offline or no address is known.
///
/// # Errors
/// When the database fails.
pub async fn offline_answer(
    tx: &mut Conn,
    who: &AgentIdentity,
    row: &Conversation,
    text: &str,
    now: i64,
) -> AppResult<()> {
    if row.state != ConversationState::Offline {
        return Ok(());
    }
    let Some(email) = row.offline_email.clone() else { return Ok(()) };
    let site = site::find(tx, who.tenant, row.site_id).await?.ok_or_else(|| AppError::not_found("site"))?;
    let visitor = visitor::find(tx, who.tenant, row.visitor_id).await?;
    let language = visitor.and_then(|visitor| visitor.language).unwrap_or_default();
    let texts = i18n::texts(domain::locale::best(&language, site.config.locale.as_deref()));
    let link = site.origins.first().map(String::as_str);
    let letter = letters::answer(texts, Answer { agent: &who.name, site: &site.name, text, link })?;
    let mail = Mail { to: email, to_name: row.offline_name.clone(), reply_to: None, thread: Some(row.id), letter };
    enqueue(tx, who.tenant, MailKind::Reply, &mail, now).await
}

/// Adds a mail to the outbox.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(tx: &mut Conn, tenant: TenantId, kind: MailKind, mail: &Mail, now: i64) -> AppResult<()> {
    let payload = serde_json::to_string(mail).map_err(anyhow::Error::from)?;
    outbox::add(tx, tenant, new_id(now), (kind.as_str(), &payload), now).await
}
