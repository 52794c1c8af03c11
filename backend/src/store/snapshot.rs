//! Copies of a SQLite database for backups, and what is in them.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use protocol::ids::TenantId;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

/// How much is in a database, by the tables that matter most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Newest migration that was run.
    pub schema: i64,
    /// Rows of `tenant`.
    pub tenants: i64,
    /// Rows of `conversation`.
    pub conversations: i64,
    /// Rows of `entry`.
    pub entries: i64,
}

/// Content that attachments of a tenant point to; several attachments may share it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredFile {
    /// Whose.
    #[sqlx(rename = "tenant_id")]
    pub tenant: TenantId,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// Length in bytes.
    pub size: i64,
}

/// A copy of a database.
#[derive(Debug)]
pub struct Copied {
    /// What is in it.
    pub counts: Counts,
    /// The files it names.
    pub files: Vec<StoredFile>,
}

/// Copies the database at `from`, which may be in use, to the new file `to` as it is at one moment.
///
/// # Errors
/// When there is no database at `from`, or `to` exists or cannot be written.
pub async fn copy_sqlite(from: &Path, to: &Path) -> anyhow::Result<Copied> {
    ensure!(from.exists(), "there is no database at {}", from.display());
    let mut source = open(from).await?;
    let target = to.to_str().context("the name of the backup is not UTF-8")?;
    let copied = sqlx::query("vacuum into $1").bind(target).execute(&mut source).await;
    copied.with_context(|| format!("cannot copy the database to {target}"))?;
    source.close().await?;
    let mut copy = open(to).await?;
    let counts = counts(&mut copy).await?;
    let files = sqlx::query_as("select distinct tenant_id, sha256, size from attachment order by tenant_id, sha256")
        .fetch_all(&mut copy)
        .await?;
    copy.close().await?;
    Ok(Copied { counts, files })
}

/// Checks that the file at `path` is a sound database of this product and counts what is in it.
///
/// # Errors
/// When it is damaged, or made by a newer version.
pub async fn check_sqlite(path: &Path) -> anyhow::Result<Counts> {
    let mut database = open(path).await?;
    let (verdict,): (String,) = sqlx::query_as("pragma integrity_check(1)").fetch_one(&mut database).await?;
    if verdict != "ok" {
        bail!("{verdict}");
    }
    let dangling = sqlx::query("pragma foreign_key_check").fetch_optional(&mut database).await?;
    ensure!(dangling.is_none(), "a row points to one that is not there");
    let counts = counts(&mut database).await?;
    database.close().await?;
    Ok(counts)
}

/// Writes everything that was committed into the database file itself, so that the file alone can be moved.
///
/// # Errors
/// When a connection that is still open does not let it.
pub async fn seal_sqlite(path: &Path) -> anyhow::Result<()> {
    let mut database = open(path).await?;
    let (busy, _, _): (i64, i64, i64) =
        sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(&mut database).await?;
    database.close().await?;
    ensure!(busy == 0, "the database {} is still in use", path.display());
    Ok(())
}

async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).disable_statement_logging();
    options.connect().await.with_context(|| format!("cannot open the database {}", path.display()))
}

async fn counts(database: &mut SqliteConnection) -> anyhow::Result<Counts> {
    const SQL: &str = "select (select max(version) from _sqlx_migrations where success), \
         (select count(*) from tenant), (select count(*) from conversation), (select count(*) from entry)";
    let (schema, tenants, conversations, entries): (Option<i64>, i64, i64, i64) =
        sqlx::query_as(SQL).fetch_one(database).await?;
    Ok(Counts { schema: schema.unwrap_or(0), tenants, conversations, entries })
}
