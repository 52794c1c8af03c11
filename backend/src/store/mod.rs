//! All SQL. Every function takes a connection, then the tenant, and every statement on a tenant's table
//! filters on it. Functions return domain and protocol types or the plain structs defined beside them.
//!
//! One SQL text serves every database; [`on`] runs it on whichever is configured. Reads use
//! [`Store::read`], writes go through [`Store::write`], which shares commits between everyone who waits
//! (see `lane.rs`). What is not here: rules, events, time.

/// Entries for conversations that exist, many in few statements.
pub mod append;
/// Connections, and one text for both databases.
mod conn;
/// Errors that speak of the database itself.
mod broken;
/// The right to serve a database.
pub mod claim;
/// The write lane: group commit.
mod lane;
/// Statements about many rows at once.
mod list;
/// Whose rows a connection may touch.
mod scope;
/// Opening a database: durability checks.
mod open;
/// Opening PostgreSQL, and its connections.
mod postgres;
/// Migrations.
pub mod schema;
/// Where lanes get their connections.
mod source;
/// Taking turns between servers.
pub mod turn;
/// Row-level security.
mod wall;

/// Facts about the installation.
pub mod meta;
/// Tenants.
pub mod tenant;
/// Logins of people.
pub mod account;
/// Signed-in browsers.
pub mod account_session;
/// Second factors of logins.
pub mod second_factor;
/// One-time links.
pub mod login_link;
/// Memberships of people in tenants.
pub mod agent;
/// Embeds.
pub mod site;
/// Departments and their members.
pub mod department;
/// Keys that sign who visitors are.
pub mod identity_key;
/// When agents took conversations.
pub mod presence_change;
/// Why routing decided what it did.
pub mod routing_decision;
/// How conversations passed through the queue.
pub mod passage;
/// Short lists in one column.
pub mod words;
/// Visitors.
pub mod visitor;
/// Conversations: the projection of their logs.
pub mod conversation;
/// A conversation with the settings that hold in it.
pub mod ruled;
/// What of open conversations is counted.
pub mod standing;
/// Lines of the agents' lists.
pub mod summary;
/// Entries: the logs themselves.
pub mod entry;
/// How far agents have read.
pub mod read_mark;
/// Offers and what came of them.
pub mod offer;
/// The offers of a round.
pub mod offer_batch;
/// Stored files.
pub mod attachment;
/// E-mail waiting to be sent.
pub mod outbox;
/// Conversations, filtered.
pub mod transcript;
/// Full-text search.
pub mod search;
/// Numbers for the admin panel.
pub mod overview;
/// Who did what.
pub mod audit;
/// Copies for backups.
pub mod snapshot;
/// Rows of any table, as they are.
pub mod copy;
/// Looking without changing anything.
pub mod inspect;
/// How fast the database commits by itself.
pub mod commit_rate;
#[cfg(test)]
mod plans;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;

use crate::error::AppResult;

use conn::rows;
pub use conn::{Conn, Lease};
pub(crate) use conn::{locked, on};
pub use scope::{EveryTenant, Scope};

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    readers: Readers,
    /// One on SQLite; on PostgreSQL writes with the same key share one.
    lanes: Arc<[lane::Lane]>,
    /// Where much is written at once: on PostgreSQL nobody else waits behind it.
    bulk: lane::Lane,
}

#[derive(Clone)]
enum Readers {
    Sqlite(SqlitePool),
    Postgres(postgres::Pool),
}

impl Store {
    /// A connection for reading what is in `scope`. Waits at most the pool's time limit.
    pub async fn read(&self, scope: impl Into<Scope>) -> AppResult<Conn> {
        match &self.readers {
            Readers::Sqlite(pool) => Ok(Conn::Sqlite(pool.acquire().await?)),
            Readers::Postgres(pool) => pool.read(scope.into()).await,
        }
    }

    /// Runs `job` on what is in `scope`, in a transaction, and returns its result only after COMMIT returned
    /// (C1). An error rolls back this job alone, whoever shares the commit.
    pub async fn write<T, F>(&self, scope: impl Into<Scope>, job: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send + 'static,
    {
        let scope = scope.into();
        self.lane(scope).run(scope, job).await
    }

    /// [`Store::write`] for what is long, such as files: on PostgreSQL in a connection of its own, behind which no
    /// message waits.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_bulk<T, F>(&self, scope: impl Into<Scope>, job: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send + 'static,
    {
        self.bulk.run(scope.into(), job).await
    }

    /// Whether the content of attachments lies in the database, where every node finds it, or in the data folder.
    pub fn holds_content(&self) -> bool {
        matches!(self.readers, Readers::Postgres(_))
    }

    fn lane(&self, scope: Scope) -> &lane::Lane {
        // The last digits of an id are random.
        let place = scope.key().as_u128() % self.lanes.len() as u128;
        &self.lanes[usize::try_from(place).unwrap_or(0)]
    }

    /// Adds an entry to a conversation that exists, in few statements shared with whoever else does (see
    /// `append/`), and returns only after COMMIT returned (C1). `decide` says what is written; it is pure, and
    /// called again when the batch must be repeated.
    ///
    /// # Errors
    /// What `decide` refuses; that rolls back this append alone. Whatever the database says.
    pub async fn append<T, F>(&self, address: append::Address, decide: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: Fn(append::Found<'_>) -> append::Decided<T> + Send + 'static,
    {
        let scope = Scope::from((address.tenant, address.conversation));
        self.lane(scope).append(address, decide).await
    }

    /// What time it is by the database's clock, Unix milliseconds; `None` when that is this machine's.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn time(&self) -> AppResult<Option<i64>> {
        const SQL: &str = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
        if self.is_own() {
            return Ok(None);
        }
        let mut conn = self.read(EveryTenant).await?;
        let (now,): (i64,) = on!(&mut conn, c => sqlx::query_as(SQL).fetch_one(c).await)?;
        Ok(Some(now))
    }

    /// Whether this process has the database for itself: nobody else's server can serve it.
    pub fn is_own(&self) -> bool {
        matches!(self.readers, Readers::Sqlite(_))
    }

    /// Whether the database took the last write. When it did not, this becomes true again within seconds of
    /// the database taking writes, whether anybody writes or not.
    pub fn is_writable(&self) -> bool {
        self.lanes.iter().all(lane::Lane::works)
    }

    /// Writes that wait for the next commit.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(lane::Lane::waiting).sum()
    }

    /// Connections of the reading pool: in use, and at most.
    pub fn connections(&self) -> (usize, u32) {
        let (size, idle, most) = match &self.readers {
            Readers::Sqlite(pool) => (pool.size(), pool.num_idle(), pool.options().get_max_connections()),
            Readers::Postgres(pool) => pool.connections(),
        };
        ((size as usize).saturating_sub(idle), most)
    }

    /// Closes every connection, those that write last, after the writes under way are committed. Returns when all are
    /// closed: a SQLite database is one file then.
    pub async fn close(&self) {
        match &self.readers {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
        for lane in self.lanes.iter() {
            lane.close().await;
        }
        self.bulk.close().await;
    }
}
