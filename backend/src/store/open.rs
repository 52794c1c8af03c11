//! Opening a database: creates it, checks that it keeps its promises, migrates it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::lane::Lane;
use super::source::Source;
use super::{Conn, Readers, Store, append, on, postgres, schema};
use crate::config::database::Database;

/// Connections that read at the same time. SQLite readers do not block the writer in WAL mode.
const READERS: u32 = 4;

impl Store {
    /// Opens the configured database and brings its schema up to date.
    ///
    /// # Errors
    /// One sentence: it does not answer, the role may not do what is needed, the schema is not one that this
    /// build can work with, or the database would lose what was acknowledged (C1) or mix tenants (T2).
    pub async fn open(database: &Database) -> anyhow::Result<Self> {
        match database {
            Database::Sqlite(path) => Self::open_sqlite(path).await,
            Database::Postgres(settings) => {
                let (pool, server) = postgres::open(settings).await?;
                let lane = || Lane::start(Source::Server { server: Box::new(server.clone()), conn: None });
                let lanes = (0..settings.lanes).map(|_| lane()).collect();
                Ok(Self { readers: Readers::Postgres(pool), lanes, bulk: lane() })
            }
        }
    }

    /// Opens (and on first use creates) the SQLite database at `path` and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, a migration fails, or the database does not run with WAL and
    /// `synchronous=FULL`: an acknowledged message must survive a power cut (C1).
    pub async fn open_sqlite(path: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("secure_delete", "on")
            // Statements over many rows keep a journal of their own, so that one that fails can be undone: no file.
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(for_writing(options.clone()))
            .await
            .with_context(|| format!("cannot open the database {}", path.display()))?;
        schema::migrate_sqlite(&writer).await?;
        let mut conn = Conn::Sqlite(writer.acquire().await?);
        check_durability(&mut conn).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(false).pragma("query_only", "on"))
            .await?;
        let lane = Lane::start(Source::Held(conn));
        Ok(Self { readers: Readers::Sqlite(readers), bulk: lane.clone(), lanes: Arc::new([lane]) })
    }
}

/// What the connection that writes has besides.
fn for_writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        // Appends come in several lengths (`append/sql.rs`), beside everything else.
        .statement_cache_capacity(256)
        // A batch is read in one go; whoever reads it does not have to be woken in between.
        .row_buffer_size(append::MOST)
        // What a busy tenant's conversations write to again and again stays in memory; it grows with use only.
        .pragma("cache_size", "-32768")
        // Pages that many commits wrote are copied to the database once.
        .pragma("wal_autocheckpoint", "4096")
}

async fn check_durability(conn: &mut Conn) -> anyhow::Result<()> {
    let (journal,): (String,) = on!(conn, c => sqlx::query_as("pragma journal_mode").fetch_one(c).await)?;
    let (synchronous,): (i64,) = on!(conn, c => sqlx::query_as("pragma synchronous").fetch_one(c).await)?;
    if journal != "wal" || synchronous < 2 {
        bail!("the database runs with journal_mode={journal}, synchronous={synchronous}: WAL and FULL are required");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{EveryTenant, meta};

    #[tokio::test]
    async fn a_closed_database_is_one_file_and_takes_nothing_more() {
        let folder = std::env::temp_dir().join(format!("frontdesk-open-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let store = Store::open_sqlite(&folder.join("frontdesk.db")).await.unwrap();
        // What actions hold is no reason to keep it open.
        let another = store.clone();
        let writes = (0..100).map(|_| another.write(EveryTenant, |tx| Box::pin(meta::epoch(tx))));
        let mut writes = Box::pin(futures_util::future::join_all(writes));
        assert!(futures_util::poll!(&mut writes).is_pending());
        let (epochs, ()) = tokio::join!(writes, store.close());
        assert!(epochs.iter().all(Result::is_ok), "what was under way is committed");
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, ["frontdesk.db"]);
        assert!(another.write(EveryTenant, |tx| Box::pin(meta::epoch(tx))).await.is_err());
        assert!(another.read(EveryTenant).await.is_err());
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
