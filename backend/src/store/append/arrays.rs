//! The statements of a batch on PostgreSQL: one array for each column, however many rows, so that a statement is
//! prepared once, is short, and is planned for rows that are looked up one by one.
//!
//! PostgreSQL plans by statistics, which a table that grows quickly does not have yet, and then reads all of it. A
//! subquery for each row of the arrays that ends in `offset 0`, or that locks, is looked up by key whatever they say.

use std::sync::LazyLock;

use protocol::ids::{ConversationId, TenantId};

use super::sql::{HeadRow, StoredRow};
use super::{Address, Placed};
use crate::error::AppResult;
use crate::store::conn::{Lease, asked};
use crate::store::conversation::{self, Conversation};

static HEADS: LazyLock<String> = LazyLock::new(|| {
    let columns = conversation::columns_of("c");
    // The settings come once; what each visitor is called is looked up by key. The weakest lock that keeps other writers
    // out, in the order of the array.
    format!(
        "select {columns}, c.tenant_id, (select t.state from tenant t where t.id = $1) as tenant_state, \
         case when row_number() over () = 1 then (select t.settings from tenant t where t.id = $1) end \
         as tenant_settings, \
         (select v.name from visitor v where v.tenant_id = $1 and v.id = c.visitor_id) as visitor_name \
         from unnest($2::uuid[]) a (id) cross join lateral (select c.tenant_id, {columns} from conversation c \
         where c.tenant_id = $1 and c.id = a.id for no key update) c"
    )
});

const STORED: &str = "select $1::uuid as tenant_id, a.author_id, a.cmid, e.conversation_id, e.seq, e.at \
     from unnest($2::uuid[], $3::uuid[]) a (author_id, cmid) \
     cross join lateral (select e.conversation_id, e.seq, e.at from entry e \
     where e.tenant_id = $1 and e.cmid = a.cmid and e.author_id = a.author_id offset 0) e";

const INSERT: &str = "insert into entry (tenant_id, conversation_id, seq, kind, audience, author_kind, author_id, \
     author_name, cmid, at, body, salt, commitment, hash) \
     select $1, a.* from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], \
     $9::uuid[], $10::bigint[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[]) a";

/// The rows are locked ([`HEADS`]), so that their places stay what they are.
const UPDATE: &str = "update conversation set last_seq = a.last_seq, last_hash = a.last_hash, last_at = a.last_at, \
     updated_at = a.updated_at, first_reply_at = a.first_reply_at, reply_deadline_at = a.reply_deadline_at, \
     message_at = a.message_at, visitor_messages = a.visitor_messages, last_author = a.last_author, \
     preview = a.preview, visitor_read_seq = a.visitor_read_seq, agent_read_seq = a.agent_read_seq \
     from (select a.*, c.ctid as place from unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[], \
     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[], $14::bigint[]) \
     a (id, last_seq, last_hash, last_at, updated_at, first_reply_at, reply_deadline_at, message_at, \
     visitor_messages, last_author, preview, visitor_read_seq, agent_read_seq) \
     cross join lateral (select c.ctid from conversation c where c.tenant_id = $1 and c.id = a.id offset 0) c) a \
     where conversation.ctid = a.place";

/// One column of many rows.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// The conversations of a tenant that exist, in the order given. The settings come with the first alone.
pub(super) async fn heads(
    lease: &mut Lease,
    tenant: TenantId,
    places: &[(TenantId, ConversationId)],
) -> AppResult<Vec<HeadRow>> {
    let (sql, ids) = (HEADS.as_str(), column(places, |place| place.1.0));
    Ok(asked!(lease, c => sqlx::query_as(sql).bind(tenant).bind(ids).fetch_all(c).await)?)
}

/// What is stored of a tenant's sends, in whichever conversation.
pub(super) async fn stored(lease: &mut Lease, tenant: TenantId, sends: &[Address]) -> AppResult<Vec<StoredRow>> {
    let (authors, ids) = (column(sends, |send| send.author), column(sends, |send| send.cmid.0));
    Ok(asked!(lease, c => sqlx::query_as(STORED).bind(tenant).bind(authors).bind(ids).fetch_all(c).await)?)
}

/// Adds a tenant's entries to their conversations.
pub(super) async fn insert(lease: &mut Lease, tenant: TenantId, entries: &[Placed]) -> AppResult<()> {
    let query = sqlx::query(INSERT)
        .bind(tenant)
        .bind(column(entries, |(place, _)| place.1.0))
        .bind(column(entries, |(_, entry)| entry.seq))
        .bind(column(entries, |(_, entry)| entry.kind.as_str()))
        .bind(column(entries, |(_, entry)| entry.audience.as_str()))
        .bind(column(entries, |(_, entry)| entry.author_kind.as_str()))
        .bind(column(entries, |(_, entry)| entry.author_id))
        .bind(column(entries, |(_, entry)| entry.author_name.as_deref()))
        .bind(column(entries, |(_, entry)| entry.cmid.map(|cmid| cmid.0)))
        .bind(column(entries, |(_, entry)| entry.at))
        .bind(column(entries, |(_, entry)| entry.body.as_deref()))
        .bind(column(entries, |(_, entry)| entry.salt.as_deref()))
        .bind(column(entries, |(_, entry)| entry.commitment.as_slice()))
        .bind(column(entries, |(_, entry)| entry.hash.as_slice()));
    asked!(lease, c => query.execute(c).await)?;
    Ok(())
}

/// Writes what entries change of a tenant's conversations.
pub(super) async fn update(
    lease: &mut Lease,
    tenant: TenantId,
    changed: &[(TenantId, &Conversation)],
) -> AppResult<()> {
    let query = sqlx::query(UPDATE)
        .bind(tenant)
        .bind(column(changed, |(_, row)| row.id.0))
        .bind(column(changed, |(_, row)| row.last_seq))
        .bind(column(changed, |(_, row)| row.last_hash.as_slice()))
        .bind(column(changed, |(_, row)| row.last_at))
        .bind(column(changed, |(_, row)| row.updated_at))
        .bind(column(changed, |(_, row)| row.first_reply_at))
        .bind(column(changed, |(_, row)| row.reply_deadline_at))
        .bind(column(changed, |(_, row)| row.message_at))
        .bind(column(changed, |(_, row)| row.visitor_messages))
        .bind(column(changed, |(_, row)| row.last_author.map(|author| author.as_str())))
        .bind(column(changed, |(_, row)| row.preview.as_deref()))
        .bind(column(changed, |(_, row)| row.visitor_read_seq))
        .bind(column(changed, |(_, row)| row.agent_read_seq));
    asked!(lease, c => query.execute(c).await)?;
    Ok(())
}
