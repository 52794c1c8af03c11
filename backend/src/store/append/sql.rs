//! The statements of a batch. On SQLite each takes its rows as one list of values (`store/list.rs`); those of
//! PostgreSQL are in `arrays.rs`.

use std::sync::LazyLock;

use protocol::ids::{Cmid, ConversationId, TenantId};
use sqlx::{FromRow, Row, SqliteConnection};
use uuid::Uuid;

use super::{Address, Placed, arrays};
use crate::error::AppResult;
use crate::store::Conn;
use crate::store::conversation::{self, Conversation};
use crate::store::entry::Stored;
use crate::store::list::{self, LENGTHS, Statement, texts};
use crate::store::tenant::TenantState;

/// A conversation with what stands around it.
#[derive(sqlx::FromRow)]
pub(super) struct HeadRow {
    #[sqlx(flatten)]
    pub(super) conversation: Conversation,
    pub(super) tenant_id: TenantId,
    pub(super) tenant_state: TenantState,
    /// On PostgreSQL with the first alone.
    pub(super) tenant_settings: Option<String>,
    pub(super) visitor_name: Option<String>,
    #[sqlx(flatten)]
    pub(super) version: Versioned,
}

/// Which versions of its rows a conversation was read from; nothing on SQLite.
#[derive(sqlx::FromRow)]
pub(super) struct Versioned {
    #[sqlx(default)]
    place: Option<String>,
    #[sqlx(default)]
    version: Option<String>,
    #[sqlx(default)]
    visitor_place: Option<String>,
    #[sqlx(default)]
    around: Option<String>,
}

impl Versioned {
    pub(super) fn sound(self) -> Option<Version> {
        let Self { place, version, visitor_place, around } = self;
        Some(Version { place: place?, version: version?, visitor_place: visitor_place?, around: around? })
    }
}

/// Which versions of its rows a conversation was read from, or made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Where the row of the conversation lies (`ctid`).
    pub(super) place: String,
    /// Which transaction wrote it (`xmin`). A place is used again, but not for a row of the same transaction.
    pub(super) version: String,
    /// Where the visitor's row lies.
    pub(super) visitor_place: String,
    /// Which transactions wrote the visitor's row and the tenant's.
    pub(super) around: String,
}

/// Why what was read still holds when a batch is written. On SQLite nobody else writes meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hold {
    /// The statement that writes compares it.
    Compared,
    /// The rows are locked until the transaction ends.
    Locked,
}

/// The version of a conversation after it was changed.
#[derive(sqlx::FromRow)]
pub(super) struct Written {
    pub(super) id: ConversationId,
    pub(super) place: String,
    pub(super) version: String,
}

/// A send, and where it is stored.
pub(super) type Sent = ((TenantId, Uuid, Cmid), Stored);

#[derive(sqlx::FromRow)]
pub(super) struct StoredRow {
    tenant_id: TenantId,
    author_id: Uuid,
    cmid: Cmid,
    #[sqlx(flatten)]
    stored: Stored,
}

impl StoredRow {
    fn sent(self) -> Sent {
        ((self.tenant_id, self.author_id, self.cmid), self.stored)
    }
}

static HEADS: Statement = LazyLock::new(|| {
    let columns = conversation::columns_of("c");
    let rest = format!(
        "select {columns}, c.tenant_id, t.state as tenant_state, t.settings as tenant_settings, \
         v.name as visitor_name \
         from batch a join conversation c on c.tenant_id = a.tenant_id and c.id = a.id \
         join tenant t on t.id = c.tenant_id join visitor v on v.tenant_id = c.tenant_id and v.id = c.visitor_id"
    );
    texts("tenant_id, id", &rest)
});

static STORED: Statement = LazyLock::new(|| {
    texts(
        "tenant_id, author_id, cmid",
        "select e.tenant_id, e.author_id, e.cmid, e.conversation_id, e.seq, e.at from batch a join entry e \
         on e.tenant_id = a.tenant_id and e.cmid = a.cmid and e.author_id = a.author_id",
    )
});

static INSERT: Statement = LazyLock::new(|| {
    const COLUMNS: &str = "tenant_id, conversation_id, seq, kind, audience, author_kind, author_id, author_name, \
         cmid, at, body, salt, commitment, hash";
    texts(COLUMNS, &format!("insert into entry ({COLUMNS}) select {COLUMNS} from batch where seq is not null"))
});

static UPDATE: Statement = LazyLock::new(|| {
    const COLUMNS: &str = "last_seq, last_hash, last_at, updated_at, first_reply_at, reply_deadline_at, message_at, \
         visitor_messages, last_author, preview, visitor_read_seq, agent_read_seq";
    let sets: Vec<_> = COLUMNS.split(", ").map(|column| format!("{column} = batch.{column}")).collect();
    let rest = format!(
        "update conversation set {} from batch where conversation.tenant_id = batch.tenant_id \
         and conversation.id = batch.id",
        sets.join(", ")
    );
    texts(&format!("tenant_id, id, {COLUMNS}"), &rest)
});

/// The statements of a transaction on SQLite that holds appends alone, before and after what is decided: each statement
/// by itself would be a hand-over to the thread of the driver and back.
static BEGIN: LazyLock<[String; LENGTHS]> =
    LazyLock::new(|| std::array::from_fn(|index| format!("begin immediate; pragma data_version; {}", STORED[index])));

static FINISH: LazyLock<[String; LENGTHS]> =
    LazyLock::new(|| std::array::from_fn(|index| format!("{}; {}; commit", INSERT[index], UPDATE[index])));

/// A number that changes when another connection has written; none where a transaction cannot keep others from
/// writing, and nothing read before may be believed.
pub(super) async fn version(conn: &mut Conn) -> AppResult<Option<i64>> {
    const SQL: &str = "pragma data_version";
    match conn {
        Conn::Sqlite(connection) => {
            let (version,): (i64,) = sqlx::query_as(SQL).fetch_one(&mut **connection).await?;
            Ok(Some(version))
        }
        Conn::Postgres(_) => Ok(None),
    }
}

/// The conversations that exist, with their tenants and the names of their visitors. On PostgreSQL they are of one
/// tenant, as in all that follows: the wall shows no other.
pub(super) async fn heads(
    conn: &mut Conn,
    asked: &[(TenantId, ConversationId)],
    hold: Hold,
) -> AppResult<Vec<HeadRow>> {
    let Some((tenant, _)) = asked.first() else { return Ok(Vec::new()) };
    match conn {
        Conn::Postgres(lease) => arrays::heads(lease, *tenant, asked, hold).await,
        Conn::Sqlite(connection) => {
            let index = list::index(asked.len());
            let mut query = sqlx::query_as(HEADS[index].as_str());
            for row in list::filled(asked, index) {
                query = query.bind(row.map(|row| row.0)).bind(row.map(|row| row.1));
            }
            Ok(query.fetch_all(&mut **connection).await?)
        }
    }
}

/// Binds what finds sends.
macro_rules! bind_sends {
    ($query:expr, $list:expr) => {{
        let mut query = $query;
        for row in $list {
            query = query.bind(row.map(|row| row.tenant)).bind(row.map(|row| row.author)).bind(row.map(|row| row.cmid));
        }
        query
    }};
}

/// Binds entries.
macro_rules! bind_entries {
    ($query:expr, $list:expr) => {{
        let mut query = $query;
        for row in $list {
            let place = row.map(|row| row.0);
            let entry = row.map(|row| &row.1);
            query = query
                .bind(place.map(|place| place.0))
                .bind(place.map(|place| place.1))
                .bind(entry.map(|entry| entry.seq))
                .bind(entry.map(|entry| entry.kind.as_str()))
                .bind(entry.map(|entry| entry.audience.as_str()))
                .bind(entry.map(|entry| entry.author_kind))
                .bind(entry.and_then(|entry| entry.author_id))
                .bind(entry.and_then(|entry| entry.author_name.as_deref()))
                .bind(entry.and_then(|entry| entry.cmid))
                .bind(entry.map(|entry| entry.at))
                .bind(entry.and_then(|entry| entry.body.as_deref()))
                .bind(entry.and_then(|entry| entry.salt.as_deref()))
                .bind(entry.map(|entry| entry.commitment.as_slice()))
                .bind(entry.map(|entry| entry.hash.as_slice()));
        }
        query
    }};
}

/// Binds what an entry changes of its conversation.
macro_rules! bind_heads {
    ($query:expr, $list:expr) => {{
        let mut query = $query;
        for row in $list {
            let tenant = row.map(|row| row.0);
            let row = row.map(|row| row.1);
            query = query
                .bind(tenant)
                .bind(row.map(|row| row.id))
                .bind(row.map(|row| row.last_seq))
                .bind(row.map(|row| row.last_hash.as_slice()))
                .bind(row.map(|row| row.last_at))
                .bind(row.map(|row| row.updated_at))
                .bind(row.and_then(|row| row.first_reply_at))
                .bind(row.and_then(|row| row.reply_deadline_at))
                .bind(row.and_then(|row| row.message_at))
                .bind(row.map(|row| row.visitor_messages))
                .bind(row.and_then(|row| row.last_author))
                .bind(row.and_then(|row| row.preview.as_deref()))
                .bind(row.map(|row| row.visitor_read_seq))
                .bind(row.map(|row| row.agent_read_seq));
        }
        query
    }};
}

/// What is stored of these sends, in whichever conversation.
pub(super) async fn stored(conn: &mut Conn, asked: &[Address]) -> AppResult<Vec<Sent>> {
    let Some(first) = asked.first() else { return Ok(Vec::new()) };
    let rows: Vec<StoredRow> = match conn {
        Conn::Postgres(lease) => arrays::stored(lease, first.tenant, asked).await?,
        Conn::Sqlite(connection) => {
            let index = list::index(asked.len());
            let query = bind_sends!(sqlx::query_as(STORED[index].as_str()), list::filled(asked, index));
            query.fetch_all(&mut **connection).await?
        }
    };
    Ok(rows.into_iter().map(StoredRow::sent).collect())
}

/// Begins a write of appends alone: says the number of [`version`], and what is stored of these sends.
pub(super) async fn begin(conn: &mut SqliteConnection, asked: &[Address]) -> AppResult<(i64, Vec<Sent>)> {
    let index = list::index(asked.len());
    let query = bind_sends!(sqlx::query(BEGIN[index].as_str()), list::filled(asked, index));
    let mut rows = query.fetch_all(conn).await?.into_iter();
    let version = rows.next().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    let sent: Result<_, sqlx::Error> = rows.map(|row| Ok(StoredRow::from_row(&row)?.sent())).collect();
    Ok((version, sent?))
}

/// Adds entries to their conversations.
pub(super) async fn insert(conn: &mut Conn, entries: &[Placed]) -> AppResult<()> {
    let Some(((tenant, _), _)) = entries.first() else { return Ok(()) };
    match conn {
        Conn::Postgres(lease) => arrays::insert(lease, *tenant, entries).await,
        Conn::Sqlite(connection) => {
            let index = list::index(entries.len());
            let query = bind_entries!(sqlx::query(INSERT[index].as_str()), list::filled(entries, index));
            query.execute(&mut **connection).await?;
            Ok(())
        }
    }
}

/// Writes what an entry changes of its conversation. On PostgreSQL it gives the versions this makes.
pub(super) async fn update(conn: &mut Conn, changed: &[(TenantId, &Conversation)]) -> AppResult<Vec<Written>> {
    let Some((tenant, _)) = changed.first() else { return Ok(Vec::new()) };
    match conn {
        Conn::Postgres(lease) => arrays::update(lease, *tenant, changed).await,
        Conn::Sqlite(connection) => {
            let index = list::index(changed.len());
            let query = bind_heads!(sqlx::query(UPDATE[index].as_str()), list::filled(changed, index));
            query.execute(&mut **connection).await?;
            Ok(Vec::new())
        }
    }
}

/// [`insert`], [`update`] and the commit. There are at most as many conversations as entries.
pub(super) async fn finish(
    conn: &mut SqliteConnection,
    entries: &[Placed],
    changed: &[(TenantId, &Conversation)],
) -> AppResult<()> {
    let index = list::index(entries.len());
    let query = bind_entries!(sqlx::query(FINISH[index].as_str()), list::filled(entries, index));
    bind_heads!(query, list::filled(changed, index)).execute(conn).await?;
    Ok(())
}
