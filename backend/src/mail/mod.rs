//! E-mail: what is sent, and how it is handed to a mail server. Built with typed builders only; a control
//! character in a header field is refused (rule M1). What is not here: when it is sent (`jobs/deliver_outbox.rs`).

/// The letters Frontdesk writes.
pub mod letters;
/// Handing mail to a server.
pub mod smtp;

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use protocol::ids::ConversationId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// To a tenant's people: somebody left a message.
    OfflineMessage,
    /// To a visitor: the answer.
    Reply,
    /// To a new member.
    Invitation,
    /// To somebody who forgot a password.
    PasswordReset,
    /// To a visitor who keeps the place in the queue.
    YourTurn,
}

impl MailKind {
    /// Every kind.
    pub const ALL: &[Self] =
        &[Self::OfflineMessage, Self::Reply, Self::Invitation, Self::PasswordReset, Self::YourTurn];

    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfflineMessage => "offline_message",
            Self::Reply => "reply",
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
            Self::YourTurn => "your_turn",
        }
    }

    /// Whether the mail carries a one-time link, which must not stay in the database after it was sent (A3).
    pub fn is_secret(word: &str) -> bool {
        [Self::Invitation, Self::PasswordReset, Self::YourTurn].iter().any(|kind| kind.as_str() == word)
    }
}

/// A mail, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Address of the receiver.
    pub to: String,
    /// Name of the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_name: Option<String>,
    /// Where an answer goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The conversation it is about: mails about the same one form a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ConversationId>,
    /// What it says.
    pub letter: Letter,
}

/// What a mail says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The subject, one line.
    pub subject: String,
    /// The text for readers without HTML.
    pub text: String,
    /// The same as HTML; everything people wrote is escaped.
    pub html: String,
}

/// Why a mail cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A control character in a header field.
    #[error("{0} contains a control character")]
    Control(&'static str),
    /// Not an address.
    #[error("{0} is not an address")]
    Address(&'static str),
    /// The builder refused it.
    #[error("cannot be built: {0}")]
    Build(#[from] lettre::error::Error),
}

/// Builds the message. The `Message-ID` comes from the outbox row, so that a mail that was sent twice is
/// recognised as one.
///
/// # Errors
/// A field that is not what it should be; trying again cannot help.
pub fn build(mail: &Mail, id: Uuid, from: &Mailbox) -> Result<Message, MailError> {
    no_controls(&mail.letter.subject, "the subject")?;
    let domain = from.email.domain();
    let mut builder = Message::builder()
        .from(from.clone())
        .to(mailbox(mail.to_name.as_deref(), &mail.to, "the receiver")?)
        .subject(mail.letter.subject.as_str())
        .message_id(Some(format!("<{}@{domain}>", id.hyphenated())))
        .date_now()
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Some(address) = &mail.reply_to {
        builder = builder.reply_to(mailbox(None, address, "the reply address")?);
    }
    if let Some(thread) = mail.thread {
        builder = builder.references(format!("<conversation.{thread}@{domain}>"));
    }
    let letter = &mail.letter;
    Ok(builder.multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))?)
}

fn mailbox(name: Option<&str>, address: &str, what: &'static str) -> Result<Mailbox, MailError> {
    no_controls(address, what)?;
    if let Some(name) = name {
        no_controls(name, what)?;
    }
    let address = address.parse().map_err(|_| MailError::Address(what))?;
    Ok(Mailbox::new(name.filter(|name| !name.is_empty()).map(str::to_owned), address))
}

fn no_controls(text: &str, what: &'static str) -> Result<(), MailError> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(MailError::Control(what));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
