//! Where a lane's connection comes from: held for ever on SQLite, made again after a failure on PostgreSQL.

use super::{Conn, postgres};

/// A lane's connection.
pub(super) enum Source {
    /// The one that writes to the file.
    Held(Conn),
    /// One of several to a server.
    Server {
        /// Where to connect.
        server: Box<postgres::Server>,
        /// The connection; none until it is needed again after a failure.
        conn: Option<Conn>,
    },
}

impl Source {
    /// The connection, made anew if the last one failed.
    ///
    /// # Errors
    /// When the server takes no connection.
    pub(super) async fn conn(&mut self) -> Result<&mut Conn, sqlx::Error> {
        match self {
            Self::Held(conn) => Ok(conn),
            Self::Server { server, conn } => {
                let fresh = match conn.take() {
                    Some(conn) => conn,
                    None => server.connect().await?,
                };
                Ok(conn.insert(fresh))
            }
        }
    }

    /// A transaction failed as a whole. What is known of a server's connection is nothing then: it is dropped, and
    /// the server rolls back.
    pub(super) async fn failed(&mut self) {
        match self {
            Self::Held(Conn::Sqlite(connection)) => {
                let _ = sqlx::query("rollback").execute(&mut **connection).await;
            }
            Self::Held(Conn::Postgres(_)) => {}
            Self::Server { conn, .. } => *conn = None,
        }
    }

    /// Closes the connection, and returns when it is closed.
    pub(super) async fn close(self) {
        let conn = match self {
            Self::Held(conn) => Some(conn),
            Self::Server { conn, .. } => conn,
        };
        if let Some(conn) = conn {
            conn.close().await;
        }
    }

    /// Whether other lanes write to the same database: then everybody takes rows in the same order, so that no two
    /// wait for each other.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Server { .. })
    }
}
