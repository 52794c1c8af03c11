//! Storing a file that was uploaded into a conversation, and finding it again.

use std::sync::Arc;

use domain::text::FileName;
use protocol::entry::AuthorKind;
use protocol::error::ErrorCode;
use protocol::ids::{AttachmentId, ConversationId};
use protocol::limits::ATTACHMENT_BYTES;
use sha2::{Digest, Sha256};

use super::change::{Asker, rules};
use super::content::{self, Content};
use super::{access, view};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::files::Incoming;
use crate::files::content::{Accepted, ContentError, inspect};
use crate::store::attachment::{self, Attachment, Usage};

/// Most files and bytes in one conversation.
const PER_CONVERSATION: Usage = Usage { files: 100, bytes: 200 * 1024 * 1024 };
/// Most files and bytes of one person in a day.
const PER_DAY: Usage = Usage { files: 200, bytes: 500 * 1024 * 1024 };
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A complete upload in the incoming folder.
pub struct Upload {
    /// Into which conversation.
    pub conversation: ConversationId,
    /// The sender's name for it.
    pub name: String,
    /// The media type the sender gave.
    pub declared: Option<String>,
    /// Its bytes.
    pub file: Incoming,
}

/// Refuses an upload before its body is read.
///
/// # Errors
/// `not_found`, `invalid` on `name`, `tenant_suspended`, or `too_large` when a quota is used up.
pub async fn check(app: &App, who: &Principal, conversation: ConversationId, name: &str) -> AppResult<()> {
    FileName::parse(name).on_field("name")?;
    let mut conn = app.store.read(who.tenant()).await?;
    rules(&mut conn, &Asker::Person(who.clone())).await?;
    let row = access::readable(&mut conn, who, conversation).await?;
    let here = attachment::of_conversation(&mut conn, who.tenant(), row.id).await?;
    let today = attachment::of_uploader(&mut conn, who.tenant(), uploader(who).1, app.now() - DAY_MS).await?;
    for (used, limit) in [(here, PER_CONVERSATION), (today, PER_DAY)] {
        if used.files >= limit.files || used.bytes >= limit.bytes {
            let limit = Some(view::unsigned(limit.bytes));
            return Err(Refusal { limit, ..Refusal::new(ErrorCode::TooLarge, "too many files; no more today") }.into());
        }
    }
    Ok(())
}

/// Looks at an upload, stores it and its row. Runs to its end though nobody waits for it any more: what other
/// threads do to the file cannot be called back.
///
/// # Errors
/// `unsupported_type` or `invalid` on `file`; everything that [`check`] refuses.
pub async fn store_upload(app: Arc<App>, who: Principal, upload: Upload) -> AppResult<AttachmentId> {
    tokio::spawn(async move { store(&app, &who, &upload).await }).await.map_err(anyhow::Error::from)?
}

async fn store(app: &App, who: &Principal, upload: &Upload) -> AppResult<AttachmentId> {
    check(app, who, upload.conversation, &upload.name).await?;
    let name = FileName::parse(&upload.name).on_field("name")?.into_string();
    let accepted = look(app, upload, &name).await?;
    let sha256 = Sha256::digest(&accepted.bytes).to_vec();
    let size = i64::try_from(accepted.bytes.len()).unwrap_or(i64::MAX);
    tokio::fs::write(upload.file.path(), accepted.bytes).await.map_err(anyhow::Error::from)?;
    let (uploader_kind, uploader_id) = uploader(who);
    let row = Attachment {
        id: AttachmentId(app.id()),
        conversation_id: upload.conversation,
        uploader_kind,
        uploader_id,
        name,
        media_type: accepted.media_type.to_owned(),
        size,
        sha256,
        width: accepted.pixels.map(|(width, _)| i64::from(width)),
        height: accepted.pixels.map(|(_, height)| i64::from(height)),
        created_at: app.now(),
    };
    let id = row.id;
    content::keep(app, who.tenant(), row, upload.file.path()).await?;
    Ok(id)
}

/// Decoding takes a processor and memory: one at a time, off the threads that serve everybody.
async fn look(app: &App, upload: &Upload, name: &str) -> AppResult<Accepted> {
    let _turn = app.files.turn().await;
    let bytes = tokio::fs::read(upload.file.path()).await.map_err(anyhow::Error::from)?;
    let (name, declared) = (name.to_owned(), upload.declared.clone());
    let looked = tokio::task::spawn_blocking(move || inspect(bytes, &name, declared.as_deref())).await;
    let accepted = looked.map_err(anyhow::Error::from)?.map_err(refused)?;
    if accepted.bytes.len() as u64 > ATTACHMENT_BYTES {
        return Err(too_large());
    }
    Ok(accepted)
}

/// A file and its content, if `who` may read the conversation it is in.
///
/// # Errors
/// `not_found`, also for what belongs to somebody else.
pub async fn find_file(app: &App, who: &Principal, id: AttachmentId) -> AppResult<(Attachment, Content)> {
    let mut conn = app.store.read(who.tenant()).await?;
    let row = attachment::find(&mut conn, who.tenant(), id).await?;
    let row = row.ok_or_else(|| AppError::not_found("attachment"))?;
    match access::readable(&mut conn, who, row.conversation_id).await {
        Ok(_) => {}
        Err(AppError::Refused(_)) => return Err(AppError::not_found("attachment")),
        Err(error) => return Err(error),
    }
    let content = Content::of(app, who.tenant(), &row);
    Ok((row, content))
}

fn uploader(who: &Principal) -> (AuthorKind, uuid::Uuid) {
    match who {
        Principal::Visitor(visitor) => (AuthorKind::Visitor, visitor.visitor.0),
        Principal::Agent(agent) => (AuthorKind::Agent, agent.agent.0),
    }
}

/// The refusal of a file above the limit.
pub fn too_large() -> AppError {
    let limit = Some(ATTACHMENT_BYTES);
    Refusal { limit, ..Refusal::field("file", ErrorCode::TooLarge, "the file is too large") }.into()
}

fn refused(error: ContentError) -> AppError {
    let code = match error {
        ContentError::NotAccepted | ContentError::Disagree => ErrorCode::UnsupportedType,
        ContentError::TooManyPixels { .. } | ContentError::Damaged => ErrorCode::Invalid,
    };
    let limit = match error {
        ContentError::TooManyPixels { limit } => Some(limit),
        _ => None,
    };
    Refusal { limit, ..Refusal::field("file", code, error.to_string()) }.into()
}
