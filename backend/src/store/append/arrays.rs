//! The statements of a batch on PostgreSQL: one array for each column, however many rows, so that a statement is
//! prepared once, is short, and is planned for rows that are looked up one by one.
//!
//! PostgreSQL plans by statistics, which a table that grows quickly does not have yet, and then reads all of it. A
//! subquery for each row of the arrays that ends in `offset 0`, or that locks, is looked up by key whatever they say.

use std::sync::LazyLock;

use protocol::ids::{ConversationId, TenantId};

use super::sql::{HeadRow, Hold, StoredRow, Version, Written};
use super::{Address, Placed};
use crate::error::AppResult;
use crate::store::conn::{Lease, asked};
use crate::store::conversation::{self, Conversation};

static HEADS: LazyLock<String> = LazyLock::new(|| heads_text("offset 0"));
/// The weakest lock that keeps other writers out, in the order of the array.
static LOCKED_HEADS: LazyLock<String> = LazyLock::new(|| heads_text("for no key update"));

fn heads_text(by_key: &str) -> String {
    let columns = conversation::columns_of("c");
    // The settings come once; what each visitor is called is looked up by key.
    format!(
        "select {columns}, c.tenant_id, (select t.state from tenant t where t.id = $1) as tenant_state, \
         case when row_number() over () = 1 then (select t.settings from tenant t where t.id = $1) end \
         as tenant_settings, v.name as visitor_name, c.place, c.version, v.place as visitor_place, \
         v.xmin::text || ' ' || (select t.xmin::text from tenant t where t.id = $1) as around \
         from unnest($2::uuid[]) a (id) cross join lateral (select c.tenant_id, {columns}, c.ctid::text as place, \
         c.xmin::text as version from conversation c where c.tenant_id = $1 and c.id = a.id {by_key}) c \
         cross join lateral (select v.name, v.ctid::text as place, v.xmin from visitor v where v.tenant_id = $1 \
         and v.id = c.visitor_id offset 0) v"
    )
}

const STORED: &str = "select $1::uuid as tenant_id, a.author_id, a.cmid, e.conversation_id, e.seq, e.at \
     from unnest($2::uuid[], $3::uuid[]) a (author_id, cmid) \
     cross join lateral (select e.conversation_id, e.seq, e.at from entry e \
     where e.tenant_id = $1 and e.cmid = a.cmid and e.author_id = a.author_id offset 0) e";

/// Columns of an entry after its tenant, and their types.
const ENTRY: [(&str, &str); 13] = [
    ("conversation_id", "uuid"),
    ("seq", "bigint"),
    ("kind", "text"),
    ("audience", "text"),
    ("author_kind", "text"),
    ("author_id", "uuid"),
    ("author_name", "text"),
    ("cmid", "uuid"),
    ("at", "bigint"),
    ("body", "text"),
    ("salt", "bytea"),
    ("commitment", "bytea"),
    ("hash", "bytea"),
];

/// What an entry changes of its conversation, and the types.
const CHANGED: [(&str, &str); 12] = [
    ("last_seq", "bigint"),
    ("last_hash", "bytea"),
    ("last_at", "bigint"),
    ("updated_at", "bigint"),
    ("first_reply_at", "bigint"),
    ("reply_deadline_at", "bigint"),
    ("message_at", "bigint"),
    ("visitor_messages", "bigint"),
    ("last_author", "text"),
    ("preview", "text"),
    ("visitor_read_seq", "bigint"),
    ("agent_read_seq", "bigint"),
];

/// An array for each of these columns, numbered from `from` on, as a table.
fn unnest(columns: &[(&str, &str)], from: usize) -> String {
    let arrays = columns.iter().enumerate().map(|(at, (_, kind))| format!("${}::{kind}[]", from + at));
    format!("unnest({}) a ({})", arrays.collect::<Vec<_>>().join(", "), names(columns))
}

fn names(columns: &[(&str, &str)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Sets what an entry changes from `a`.
fn sets() -> String {
    CHANGED.iter().map(|(name, _)| format!("{name} = a.{name}")).collect::<Vec<_>>().join(", ")
}

fn insert_text(from: usize) -> String {
    format!("insert into entry (tenant_id, {}) select $1, a.* from {}", names(&ENTRY), unnest(&ENTRY, from))
}

static INSERT: LazyLock<String> = LazyLock::new(|| insert_text(2));

/// How a changed conversation tells its new version.
const RETURNING: &str =
    "returning conversation.id, conversation.ctid::text as place, conversation.xmin::text as version";

/// The rows are locked ([`LOCKED_HEADS`]), so that their places stay what they are.
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let columns = [&[("id", "uuid")], CHANGED.as_slice()].concat();
    format!(
        "update conversation set {} from (select a.*, c.ctid as place from {} cross join lateral (select c.ctid \
         from conversation c where c.tenant_id = $1 and c.id = a.id offset 0) c) a where conversation.ctid = a.place \
         {RETURNING}",
        sets(),
        unnest(&columns, 2)
    )
});

/// Compares the versions of conversations, their visitors and their tenant with those given, and looks whether one of the sends is
/// stored already. If all is well, adds the entries, changes the conversations and gives their versions; else it gives
/// nothing. As a transaction of its own it does nothing either unless the isolation is the one that makes it an error
/// when a row changes after it was compared.
///
/// A place alone says nothing: `vacuum full` moves rows and leaves them their writer. A conversation is compared by its key as well,
/// although its place is known: only a scan of an index clears a page of versions that
/// nobody sees any more, and without room in the page each change would be written into every index of the table.
static WRITE: LazyLock<String> = LazyLock::new(|| {
    let kept = [("id", "uuid"), ("place", "text"), ("version", "text"), ("visitor_place", "text"), ("around", "text")];
    let columns = [kept.as_slice(), &CHANGED].concat();
    let heads = 5;
    let entries = heads + columns.len();
    // Places are made what they are before anything is joined: the wall lets nothing near its rows that could tell of
    // them, and a cast could.
    format!(
        "with a as materialized (select a.id, a.place::tid, a.version::xid, a.visitor_place::tid, a.around, {changed} \
         from {heads_table}), \
         fits as materialized (select \
         (not $2 or current_setting('transaction_isolation') = 'repeatable read') \
         and not exists (select from unnest($3::uuid[], $4::uuid[]) s (author_id, cmid) cross join lateral \
         (select from entry e where e.tenant_id = $1 and e.cmid = s.cmid and e.author_id = s.author_id offset 0) e) \
         and (select count(*) from a \
         cross join lateral (select c.ctid as place from conversation c where c.tenant_id = $1 and c.id = a.id \
         and c.xmin = a.version offset 0) c \
         cross join lateral (select v.xmin from visitor v where v.ctid = a.visitor_place \
         and v.tenant_id = $1 offset 0) v \
         where c.place = a.place and v.xmin::text || ' ' || t.xmin::text = a.around) = cardinality($5) as well \
         from tenant t where t.id = $1), \
         changed as (update conversation set {sets} from a where conversation.ctid = a.place \
         and conversation.xmin = a.version and conversation.id = a.id and (select f.well from fits f) {RETURNING}), \
         added as ({insert} where (select f.well from fits f)) \
         select id, place, version from changed",
        changed = names(&CHANGED),
        heads_table = unnest(&columns, heads),
        sets = sets(),
        insert = insert_text(entries),
    )
});

/// One column of many rows.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// The conversations of a tenant that exist, in the order given. The settings come with the first alone.
pub(super) async fn heads(
    lease: &mut Lease,
    tenant: TenantId,
    places: &[(TenantId, ConversationId)],
    hold: Hold,
) -> AppResult<Vec<HeadRow>> {
    let sql = match hold {
        Hold::Compared => HEADS.as_str(),
        Hold::Locked => LOCKED_HEADS.as_str(),
    };
    let ids = column(places, |place| place.1.0);
    Ok(asked!(lease, c => sqlx::query_as(sql).bind(tenant).bind(ids).fetch_all(c).await)?)
}

/// What is stored of a tenant's sends, in whichever conversation.
pub(super) async fn stored(lease: &mut Lease, tenant: TenantId, sends: &[Address]) -> AppResult<Vec<StoredRow>> {
    let (authors, ids) = (column(sends, |send| send.author), column(sends, |send| send.cmid.0));
    Ok(asked!(lease, c => sqlx::query_as(STORED).bind(tenant).bind(authors).bind(ids).fetch_all(c).await)?)
}

/// Binds the columns of [`ENTRY`].
macro_rules! bind_entries {
    ($query:expr, $entries:expr) => {
        $query
            .bind(column($entries, |(place, _)| place.1.0))
            .bind(column($entries, |(_, entry)| entry.seq))
            .bind(column($entries, |(_, entry)| entry.kind.as_str()))
            .bind(column($entries, |(_, entry)| entry.audience.as_str()))
            .bind(column($entries, |(_, entry)| entry.author_kind.as_str()))
            .bind(column($entries, |(_, entry)| entry.author_id))
            .bind(column($entries, |(_, entry)| entry.author_name.as_deref()))
            .bind(column($entries, |(_, entry)| entry.cmid.map(|cmid| cmid.0)))
            .bind(column($entries, |(_, entry)| entry.at))
            .bind(column($entries, |(_, entry)| entry.body.as_deref()))
            .bind(column($entries, |(_, entry)| entry.salt.as_deref()))
            .bind(column($entries, |(_, entry)| entry.commitment.as_slice()))
            .bind(column($entries, |(_, entry)| entry.hash.as_slice()))
    };
}

/// Binds the columns of [`CHANGED`] of pairs in which `$row` finds a conversation.
macro_rules! bind_changed {
    ($query:expr, $changed:expr, $row:tt) => {
        $query
            .bind(column($changed, |it| it.$row.last_seq))
            .bind(column($changed, |it| it.$row.last_hash.as_slice()))
            .bind(column($changed, |it| it.$row.last_at))
            .bind(column($changed, |it| it.$row.updated_at))
            .bind(column($changed, |it| it.$row.first_reply_at))
            .bind(column($changed, |it| it.$row.reply_deadline_at))
            .bind(column($changed, |it| it.$row.message_at))
            .bind(column($changed, |it| it.$row.visitor_messages))
            .bind(column($changed, |it| it.$row.last_author.map(|author| author.as_str())))
            .bind(column($changed, |it| it.$row.preview.as_deref()))
            .bind(column($changed, |it| it.$row.visitor_read_seq))
            .bind(column($changed, |it| it.$row.agent_read_seq))
    };
}

/// Adds a tenant's entries to their conversations.
pub(super) async fn insert(lease: &mut Lease, tenant: TenantId, entries: &[Placed]) -> AppResult<()> {
    let query = bind_entries!(sqlx::query(INSERT.as_str()).bind(tenant), entries);
    asked!(lease, c => query.execute(c).await)?;
    Ok(())
}

/// Writes what entries change of a tenant's conversations.
pub(super) async fn update(
    lease: &mut Lease,
    tenant: TenantId,
    changed: &[(TenantId, &Conversation)],
) -> AppResult<Vec<Written>> {
    let query = sqlx::query_as(UPDATE.as_str()).bind(tenant).bind(column(changed, |(_, row)| row.id.0));
    let query = bind_changed!(query, changed, 1);
    Ok(asked!(lease, c => query.fetch_all(c).await)?)
}

/// Adds a tenant's entries and writes what they change, if the conversations still have these versions and none of the
/// sends is stored; gives the new versions, or nothing. `alone` says that the statement is the transaction.
pub(super) async fn write(
    lease: &mut Lease,
    (tenant, alone): (TenantId, bool),
    sends: &[Address],
    entries: &[Placed],
    changed: &[(&Conversation, &Version)],
) -> AppResult<Vec<Written>> {
    let query = sqlx::query_as(WRITE.as_str())
        .bind(tenant)
        .bind(alone)
        .bind(column(sends, |send| send.author))
        .bind(column(sends, |send| send.cmid.0))
        .bind(column(changed, |(row, _)| row.id.0))
        .bind(column(changed, |(_, version)| version.place.as_str()))
        .bind(column(changed, |(_, version)| version.version.as_str()))
        .bind(column(changed, |(_, version)| version.visitor_place.as_str()))
        .bind(column(changed, |(_, version)| version.around.as_str()));
    let query = bind_entries!(bind_changed!(query, changed, 0), entries);
    Ok(asked!(lease, c => query.fetch_all(c).await)?)
}
