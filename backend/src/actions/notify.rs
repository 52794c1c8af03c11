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
use crate::store::visitor::{self, Visitor};
use crate::store::{Conn, outbox, site, transcript};

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

/// Where an answer to a visitor goes who is not there: the address left with the message, or else the one known before,
/// from the form or as the merchant signed it. Many conversations end up offline without anybody asking for one.
pub fn answer_address<'a>(row: &'a Conversation, visitor: &'a Visitor) -> Option<&'a str> {
    row.offline_email.as_deref().or(visitor.email.as_deref())
}

/// Sends an agent's answer in an offline conversation to the address that is known of the visitor; nothing when it is
/// not offline or none is known. True when it goes out.
///
/// # Errors
/// When the database fails.
pub async fn offline_answer(
    tx: &mut Conn,
    who: &AgentIdentity,
    row: &Conversation,
    text: &str,
    now: i64,
) -> AppResult<bool> {
    if row.state != ConversationState::Offline {
        return Ok(false);
    }
    let visitor = visitor::find(tx, who.tenant, row.visitor_id).await?;
    let visitor = visitor.ok_or_else(|| AppError::not_found("visitor"))?;
    let Some(email) = answer_address(row, &visitor).map(str::to_owned) else { return Ok(false) };
    let site = site::find(tx, who.tenant, row.site_id).await?.ok_or_else(|| AppError::not_found("site"))?;
    let language = visitor.language.as_deref().unwrap_or_default();
    let texts = i18n::texts(domain::locale::best(language, site.config.locale.as_deref()));
    let link = site.origins.first().map(String::as_str);
    let letter = letters::answer(texts, Answer { agent: &who.name, site: &site.name, text, link })?;
    let to_name = row.offline_name.clone().or(visitor.name);
    let mail = Mail { to: email, to_name, reply_to: None, thread: Some(row.id), letter };
    enqueue(tx, who.tenant, MailKind::Reply, &mail, now).await?;
    Ok(true)
}

/// Adds a mail to the outbox.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(tx: &mut Conn, tenant: TenantId, kind: MailKind, mail: &Mail, now: i64) -> AppResult<()> {
    let payload = serde_json::to_string(mail).map_err(anyhow::Error::from)?;
    outbox::add(tx, tenant, new_id(now), (kind.as_str(), &payload), now).await
}
