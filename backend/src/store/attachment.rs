//! Stored files. The content lies in [`crate::files::FileStore`] under its hash, or here in parts when the database
//! holds it (see [`super::Store::holds_content`]).

use protocol::entry::AuthorKind;
use protocol::ids::{AttachmentId, ConversationId, TenantId};
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// The row of a stored file.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The conversation it was uploaded for.
    pub conversation_id: ConversationId,
    /// Who uploaded it: visitor or agent.
    pub uploader_kind: AuthorKind,
    /// The visitor or agent.
    pub uploader_id: Uuid,
    /// Name, cleaned.
    pub name: String,
    /// Type, found from the content.
    pub media_type: String,
    /// Size in bytes, as stored.
    pub size: i64,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// Pixels, for pictures.
    pub width: Option<i64>,
    /// Pixels, for pictures.
    pub height: Option<i64>,
    /// When it was uploaded.
    pub created_at: i64,
}

/// How many files and bytes somebody stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Usage {
    /// Files.
    pub files: i64,
    /// Bytes.
    pub bytes: i64,
}

/// One file.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: AttachmentId) -> AppResult<Option<Attachment>> {
    const SQL: &str = "select id, conversation_id, uploader_kind, uploader_id, name, media_type, size, sha256, width, \
         height, created_at from attachment where tenant_id = $1 and id = $2";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// Adds a file whose content is stored.
pub async fn insert(conn: &mut Conn, tenant: TenantId, file: &Attachment) -> AppResult<()> {
    const SQL: &str = "insert into attachment (tenant_id, id, conversation_id, uploader_kind, uploader_id, name, \
         media_type, size, sha256, width, height, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(file.id).bind(file.conversation_id).bind(file.uploader_kind).bind(file.uploader_id)
        .bind(&file.name).bind(&file.media_type).bind(file.size).bind(&file.sha256).bind(file.width)
        .bind(file.height).bind(file.created_at).execute(c).await.map(rows))?;
    Ok(())
}

/// What a conversation holds.
pub async fn of_conversation(conn: &mut Conn, tenant: TenantId, conversation: ConversationId) -> AppResult<Usage> {
    const SQL: &str = "select count(*) as files, cast(coalesce(sum(size), 0) as bigint) as bytes from attachment \
         where tenant_id = $1 and conversation_id = $2";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).fetch_one(c).await)?)
}

/// What somebody uploaded since a time.
pub async fn of_uploader(conn: &mut Conn, tenant: TenantId, uploader: Uuid, since: i64) -> AppResult<Usage> {
    const SQL: &str = "select count(*) as files, cast(coalesce(sum(size), 0) as bigint) as bytes from attachment \
         where tenant_id = $1 and uploader_id = $2 and created_at >= $3";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(uploader).bind(since).fetch_one(c).await)?)
}

/// Most bytes of a part: what a reader holds in memory at once.
pub const PART: usize = 256 * 1024;

/// Adds the next part of a file's content; parts count from 0.
pub async fn add_part(
    conn: &mut Conn,
    tenant: TenantId,
    attachment: AttachmentId,
    part: i64,
    content: &[u8],
) -> AppResult<()> {
    const SQL: &str = "insert into attachment_part (tenant_id, attachment_id, part, content) values ($1, $2, $3, $4)";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(attachment).bind(part).bind(content)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// One part of a file's content; `None` after the last.
pub async fn part(
    conn: &mut Conn,
    tenant: TenantId,
    attachment: AttachmentId,
    part: i64,
) -> AppResult<Option<Vec<u8>>> {
    const SQL: &str = "select content from attachment_part where tenant_id = $1 and attachment_id = $2 and part = $3";
    let found: Option<(Vec<u8>,)> =
        on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(attachment).bind(part).fetch_optional(c).await)?;
    Ok(found.map(|(content,)| content))
}
