//! All SQL. Every function takes a connection, then the tenant, and every statement on a tenant's table
//! filters on it. Functions return domain and protocol types or the plain structs defined beside them.
//!
//! One SQL text serves every database; [`on`] runs it on whichever is configured. Reads use
//! [`Store::read`], writes go through [`Store::write`], which shares commits between everyone who waits
//! (see `lane.rs`). What is not here: rules, events, time.

/// The write lane: group commit.
mod lane;
/// Whose rows a connection may touch.
mod scope;
/// Opening a database: migrations and durability checks.
mod open;

/// Facts about the installation.
pub mod meta;
/// Tenants.
pub mod tenant;
/// Logins of people.
pub mod account;
/// Signed-in browsers.
pub mod account_session;
/// One-time links.
pub mod login_link;
/// Memberships of people in tenants.
pub mod agent;
/// Embeds and departments.
pub mod site;
/// Visitors.
pub mod visitor;
/// Conversations: the projection of their logs.
pub mod conversation;
/// Lines of the agents' lists.
pub mod summary;
/// Entries: the logs themselves.
pub mod entry;
/// How far agents have read.
pub mod read_mark;
/// Offers and what came of them.
pub mod offer;
/// Stored files.
pub mod attachment;
/// E-mail waiting to be sent.
pub mod outbox;
/// Conversations, searched.
pub mod transcript;
/// Numbers for the admin panel.
pub mod overview;
/// Who did what.
pub mod audit;
/// Copies for backups.
pub mod snapshot;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

use crate::error::AppResult;

pub use scope::{EveryTenant, Scope};

/// A connection to whichever database is configured, inside a transaction or not.
pub enum Conn {
    /// SQLite.
    Sqlite(PoolConnection<Sqlite>),
}

/// Runs the same expression on the connection of whichever database is configured:
/// `on!(conn, c => sqlx::query(SQL).bind(id.0).execute(c).await)`.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite(connection) => {
                let $c = &mut **connection;
                $body
            }
        }
    };
}
pub(crate) use on;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    readers: Readers,
    lane: lane::Lane,
}

#[derive(Clone)]
enum Readers {
    Sqlite(SqlitePool),
}

impl Store {
    /// A connection for reading what is in `scope`. Waits at most the pool's time limit.
    pub async fn read(&self, scope: impl Into<Scope>) -> AppResult<Conn> {
        let _: Scope = scope.into();
        match &self.readers {
            Readers::Sqlite(pool) => Ok(Conn::Sqlite(pool.acquire().await?)),
        }
    }

    /// Runs `job` on what is in `scope`, in a transaction, and returns its result only after COMMIT returned
    /// (C1). An error rolls back this job alone, whoever shares the commit.
    pub async fn write<T, F>(&self, scope: impl Into<Scope>, job: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, AppResult<T>> + Send + 'static,
    {
        let _: Scope = scope.into();
        self.lane.run(job).await
    }

    /// Closes every connection after the writes under way are committed.
    pub async fn close(&self) {
        self.lane.close().await;
        match &self.readers {
            Readers::Sqlite(pool) => pool.close().await,
        }
    }
}
