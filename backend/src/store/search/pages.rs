//! Conversations of the numbers found.

use std::sync::LazyLock;

use domain::search::KINDS;
use protocol::entry::AuthorKind;
use protocol::ids::{ConversationId, TenantId};

use super::places;
use crate::error::AppResult;
use crate::store::transcript::{Filter, Line, filtered};
use crate::store::{Conn, on};

/// Numbers in one statement: few, or many.
const SIZES: [usize; 2] = [64, 512];

/// A conversation with its number.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Numbered {
    /// Its number.
    pub doc: i64,
    /// Its line.
    #[sqlx(flatten)]
    pub line: Line,
}

/// An entry that people look for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Said {
    /// Position.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// Which kind of participant wrote it.
    pub author_kind: AuthorKind,
    /// Who, at the time.
    pub author_name: Option<String>,
    /// What it says, as JSON; `None` after redaction.
    pub body: Option<String>,
}

static LINES: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    SIZES.map(|size| {
        format!(
            filtered!(
                "d.doc, ",
                "join search_doc d on d.tenant_id = c.tenant_id and d.conversation_id = c.id ",
                "where d.tenant_id = $1 and d.doc in {} and c.tenant_id = $1 ",
                "order by d.doc desc"
            ),
            places(8, size)
        )
    })
});

static TEXTS: LazyLock<String> = LazyLock::new(|| {
    let kinds: Vec<_> = KINDS.iter().map(|kind| format!("'{kind}'")).collect();
    format!(
        "select seq, kind, author_kind, author_name, body from entry where tenant_id = $1 and conversation_id = $2 \
         and seq > $3 and kind in ({}) order by seq limit $4",
        kinds.join(", ")
    )
});

/// Which of at most 512 numbers are of conversations that fit the filter, the highest first.
pub async fn lines(conn: &mut Conn, tenant: TenantId, filter: &Filter, docs: &[i64]) -> AppResult<Vec<Numbered>> {
    let at = usize::from(docs.len() > SIZES[0]);
    let list = docs.iter().copied().map(Some).chain(std::iter::repeat(None)).take(SIZES[at]);
    let sql = LINES[at].as_str();
    Ok(on!(conn, c => {
        let query = sqlx::query_as(sql)
            .bind(tenant).bind(filter.from).bind(filter.until).bind(filter.agent).bind(filter.site)
            .bind(filter.state).bind(filter.rating);
        list.fold(query, |query, doc| query.bind(doc)).fetch_all(c).await
    })?)
}

/// The entries after a position that people look for, at most `limit`.
pub async fn texts(
    conn: &mut Conn,
    tenant: TenantId,
    conversation: ConversationId,
    after: i64,
    limit: i64,
) -> AppResult<Vec<Said>> {
    let sql = TEXTS.as_str();
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(conversation).bind(after).bind(limit)
        .fetch_all(c).await)?)
}
