//! A connection to whichever database is configured, and the seam that lets one SQL text serve both.

use std::time::Duration;

use protocol::ids::TenantId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgQueryResult;
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{Connection, PgConnection, Postgres, Sqlite};
use tokio::time::timeout;

/// How long a server may take to hear that a connection ends.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// A connection to whichever database is configured, inside a transaction or not.
pub enum Conn {
    /// SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// PostgreSQL, inside a transaction, which holds the tenant (rule T2); only a batch of appends may be a statement by
    /// itself, for which the session holds it.
    Postgres(Lease),
}

/// A connection to PostgreSQL. It is given up when the server does not answer: what a network swallowed must
/// not hold anybody for longer than a statement may take.
pub struct Lease {
    holder: Holder,
    /// Nothing once the server did not answer.
    patience: Duration,
    /// Whose rows statements outside a transaction may touch.
    stands_before: Option<TenantId>,
}

enum Holder {
    Reader(PoolConnection<Postgres>),
    Writer(PgConnection),
}

impl Lease {
    /// A connection that reads and goes back to its pool.
    pub(super) fn reading(connection: PoolConnection<Postgres>, patience: Duration) -> Self {
        Self { holder: Holder::Reader(connection), patience, stands_before: None }
    }

    /// A connection of a lane: rows that are read to be changed are locked.
    pub(super) fn writing(connection: PgConnection, patience: Duration) -> Self {
        Self { holder: Holder::Writer(connection), patience, stands_before: None }
    }

    /// What a statement runs on.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        match &mut self.holder {
            Holder::Reader(connection) => connection,
            Holder::Writer(connection) => connection,
        }
    }

    /// Whose rows statements outside a transaction may touch: what [`super::wall::stand_before`] has set.
    pub(super) fn stands_before(&mut self) -> &mut Option<TenantId> {
        &mut self.stands_before
    }

    /// How long to wait for the server: longer than the server lets a statement run.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// The server did not answer in time; the connection is never used again.
    pub(super) fn gave_up(&mut self) -> sqlx::Error {
        self.patience = Duration::ZERO;
        if let Holder::Reader(connection) = &mut self.holder {
            connection.close_on_drop();
        }
        sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer in time"))
    }

    /// Says goodbye to the server, as far as it listens.
    async fn close(self) {
        // A server that does not answer forgets the connection by itself.
        let _ = match self.holder {
            Holder::Reader(connection) => timeout(GOODBYE_WITHIN, connection.close()).await,
            Holder::Writer(connection) => timeout(GOODBYE_WITHIN, connection.close()).await,
        };
    }

    fn writes(&self) -> bool {
        matches!(self.holder, Holder::Writer(_))
    }
}

impl Conn {
    /// Closes the connection, and returns when it is closed: of a SQLite file, after what its log holds is copied.
    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(connection) => {
                if let Err(error) = connection.close().await {
                    tracing::warn!(%error, "the database was not closed properly");
                }
            }
            Self::Postgres(lease) => lease.close().await,
        }
    }

    /// Whether rows that are read have to be locked, so that what is written back rests on what was read. On
    /// SQLite nobody else writes meanwhile.
    pub(super) fn locks_rows(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(lease) => lease.writes(),
        }
    }
}

/// Runs the same expression on the connection of whichever database is configured:
/// `on!(conn, c => sqlx::query(SQL).bind(id.0).execute(c).await)`. It must be a `Result` of sqlx.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite(connection) => {
                let $c = &mut **connection;
                $body
            }
            $crate::store::Conn::Postgres(lease) => $crate::store::conn::asked!(lease, $c => $body),
        }
    };
}
pub(crate) use on;

/// Runs an expression as [`on`] does, on a connection to PostgreSQL.
macro_rules! asked {
    ($lease:expr, $c:ident => $body:expr) => {{
        let patience = $lease.patience();
        let answer = tokio::time::timeout(patience, async {
            let $c = $lease.connection();
            $body
        });
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err($lease.gave_up()),
        }
    }};
}
pub(crate) use asked;

/// How many rows a statement changed, whichever database ran it.
pub(super) fn rows(done: impl Changed) -> u64 {
    done.rows()
}

/// What a database says about a statement that ran.
pub(super) trait Changed {
    fn rows(self) -> u64;
}

impl Changed for SqliteQueryResult {
    fn rows(self) -> u64 {
        self.rows_affected()
    }
}

impl Changed for PgQueryResult {
    fn rows(self) -> u64 {
        self.rows_affected()
    }
}

/// The text of a `select` that, in a write, locks the rows it finds until the commit (C3). The weakest lock
/// that keeps other writers out: rows that merely refer to the locked ones can still be added.
macro_rules! locked {
    ($conn:expr, $sql:expr) => {
        if $conn.locks_rows() { concat!($sql, " for no key update") } else { $sql }
    };
}
pub(crate) use locked;
