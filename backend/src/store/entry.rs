//! The logs. Rows are only added here; nothing updates or deletes an entry.

use protocol::entry::AuthorKind;
use protocol::ids::{Cmid, ConversationId, TenantId, VisitorId};
use uuid::Uuid;

use super::{Conn, on, rows};
use crate::error::AppResult;

/// The row of an entry.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// Position in the conversation.
    pub seq: i64,
    /// The `type` of the body.
    pub kind: String,
    /// `everyone` or `agents`.
    pub audience: String,
    /// Which kind of participant wrote it.
    pub author_kind: AuthorKind,
    /// Who wrote it.
    pub author_id: Option<Uuid>,
    /// The author's name at the time.
    pub author_name: Option<String>,
    /// The send it came from.
    pub cmid: Option<Cmid>,
    /// When it was stored.
    pub at: i64,
    /// JSON of the body, the exact text that was hashed; `None` after redaction.
    pub body: Option<String>,
    /// 16 random bytes; `None` after redaction.
    pub salt: Option<Vec<u8>>,
    /// SHA-256 over salt and body.
    pub commitment: Vec<u8>,
    /// Hash chain (DESIGN 3).
    pub hash: Vec<u8>,
}

/// Where an earlier send was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Stored {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Position.
    pub seq: i64,
    /// When.
    pub at: i64,
}

/// Adds an entry.
pub async fn append(conn: &mut Conn, tenant: TenantId, conversation: ConversationId, entry: &Entry) -> AppResult<()> {
    const SQL: &str = "insert into entry (tenant_id, conversation_id, seq, kind, audience, author_kind, author_id, \
         author_name, cmid, at, body, salt, commitment, hash) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(conversation).bind(entry.seq).bind(&entry.kind).bind(&entry.audience)
        .bind(entry.author_kind).bind(entry.author_id).bind(&entry.author_name).bind(entry.cmid).bind(entry.at)
        .bind(&entry.body).bind(&entry.salt).bind(&entry.commitment).bind(&entry.hash)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Where this author's send was stored in this conversation (C2).
pub async fn find_cmid(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
    author: Uuid,
    cmid: Cmid,
) -> AppResult<Option<Stored>> {
    const SQL: &str = "select conversation_id, seq, at from entry \
         where tenant_id = $1 and conversation_id = $2 and author_id = $3 and cmid = $4";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).bind(author).bind(cmid)
        .fetch_optional(c).await)?)
}

/// Where a visitor's send was stored in any of the visitor's conversations: a send that named none may have
/// started one.
pub async fn find_visitor_cmid(
    conn: &mut Conn,
    tenant: TenantId,
    visitor: VisitorId,
    cmid: Cmid,
) -> AppResult<Option<Stored>> {
    const SQL: &str = "select conversation_id, seq, at from entry \
         where tenant_id = $1 and author_id = $2 and cmid = $3";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(visitor).bind(cmid).fetch_optional(c).await)?)
}

/// The entries after a position, in order, at most `limit`.
pub async fn after(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
    after: i64,
    limit: i64,
) -> AppResult<Vec<Entry>> {
    const SQL: &str = "select seq, kind, audience, author_kind, author_id, author_name, cmid, at, body, salt, \
         commitment, hash from entry where tenant_id = $1 and conversation_id = $2 and seq > $3 \
         order by seq limit $4";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).bind(after).bind(limit)
        .fetch_all(c).await)?)
}

/// How many messages agents wrote after a position.
pub async fn agent_messages_after(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
    after: i64,
) -> AppResult<i64> {
    const SQL: &str = "select count(*) from entry where tenant_id = $1 and conversation_id = $2 and seq > $3 \
         and author_kind = 'agent' and kind in ('message', 'file')";
    let (count,): (i64,) = on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).bind(after)
        .fetch_one(c).await)?;
    Ok(count)
}

/// Whether the tenant has an entry whose conversation does not exist. SQLite lets none in; PostgreSQL does not look
/// (`schema.rs`).
pub async fn any_without_conversation(conn: &mut Conn, tenant: TenantId) -> AppResult<bool> {
    const SQL: &str = "select count(*) from (select distinct conversation_id from entry where tenant_id = $1) e \
         where not exists (select 1 from conversation c where c.tenant_id = $1 and c.id = e.conversation_id)";
    let (count,): (i64,) = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_one(c).await)?;
    Ok(count > 0)
}
