//! The schema: brought up to date at start, or refused in one sentence when this build cannot work with it.

use std::borrow::Cow;

use anyhow::{Context, anyhow, bail};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, Pool, Sqlite, SqliteConnection};

use super::wall;

/// One set for both databases.
static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");
/// Held while a schema is changed: nodes that start together wait for the first. The digits are arbitrary.
const TURN: i64 = 0x4652_4f4e_5444_5343;

/// The versions of this build's migrations.
pub(super) fn versions() -> Vec<i64> {
    MIGRATIONS.iter().map(|migration| migration.version).collect()
}

/// The table of what was applied.
pub(super) fn table() -> &'static str {
    &MIGRATIONS.table_name
}

/// How many migrations this build has.
pub(super) fn known() -> usize {
    MIGRATIONS.iter().count()
}

/// Brings an SQLite schema up to date.
pub(super) async fn migrate_sqlite(pool: &Pool<Sqlite>) -> anyhow::Result<()> {
    MIGRATIONS.run(pool).await.map_err(explained)
}

/// Brings a PostgreSQL schema up to date and builds the wall between tenants for the role `serves`. A role that
/// may not change the schema only looks.
pub(super) async fn migrate_postgres(conn: &mut PgConnection, serves: &str) -> anyhow::Result<()> {
    const MAY: &str = "select coalesce(has_schema_privilege(current_schema(), 'create'), false)";
    let (may,): (bool,) = sqlx::query_as(MAY).fetch_one(&mut *conn).await?;
    if !may {
        return look(conn).await;
    }
    sqlx::query("select pg_advisory_lock($1)").bind(TURN).execute(&mut *conn).await?;
    let done = async {
        MIGRATIONS.run_direct(None, conn, false).await.map_err(explained)?;
        leave_room(conn).await?;
        trust_appends(conn).await?;
        wall::build(conn, serves).await.context("cannot set up row-level security")
    };
    let done = done.await;
    sqlx::query("select pg_advisory_unlock($1)").bind(TURN).execute(conn).await?;
    done
}

/// Leaves room beside each conversation, so that every message changes its row in the same page, and no index.
async fn leave_room(conn: &mut PgConnection) -> anyhow::Result<()> {
    const IS_LEFT: &str = "select coalesce(array_to_string(reloptions, ' '), '') like '%fillfactor%' \
         from pg_class where oid = to_regclass('conversation')";
    let (left,): (bool,) = sqlx::query_as(IS_LEFT).fetch_one(&mut *conn).await?;
    if !left {
        sqlx::query("alter table conversation set (fillfactor = 60)").execute(conn).await?;
    }
    Ok(())
}

/// Lets the database not look for the conversation of each entry: a statement of its own for every row, a third of what adding
/// one costs. Whoever adds entries has changed or locked the row of the conversation in the same transaction, and no conversation
/// is ever deleted; an imported file is checked as a whole.
async fn trust_appends(conn: &mut PgConnection) -> anyhow::Result<()> {
    const CHECK: &str = "select conname::text from pg_constraint where contype = 'f' \
         and conrelid = to_regclass('entry') and confrelid = to_regclass('conversation')";
    let checks: Vec<(String,)> = sqlx::query_as(CHECK).fetch_all(&mut *conn).await?;
    for (name,) in checks {
        // The name comes from the catalogue of our own schema.
        let sql = format!("alter table entry drop constraint \"{name}\"");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Whether a schema that may not be changed is the one of this build.
async fn look(conn: &mut PgConnection) -> anyhow::Result<()> {
    let (exists,): (bool,) =
        sqlx::query_as("select to_regclass('_sqlx_migrations') is not null").fetch_one(&mut *conn).await?;
    if !exists {
        bail!("{}", older("is empty"));
    }
    if let Some(version) = conn.dirty_version(&MIGRATIONS.table_name).await.map_err(explained)? {
        return Err(explained(MigrateError::Dirty(version)));
    }
    let applied = conn.list_applied_migrations(&MIGRATIONS.table_name).await.map_err(explained)?;
    match missing(&applied)? {
        Some(version) => bail!("{}", older(&format!("lacks migration {version}"))),
        None => Ok(()),
    }
}

/// Whether an SQLite schema, which is not to be changed, is the one of this build.
///
/// # Errors
/// One sentence that says what to do.
pub(super) async fn same_sqlite(conn: &mut SqliteConnection) -> anyhow::Result<()> {
    const ANY: &str = "select count(*) from sqlite_master where name = '_sqlx_migrations'";
    let (tables,): (i64,) = sqlx::query_as(ANY).fetch_one(&mut *conn).await?;
    if tables == 0 {
        bail!("it is not a database of Frontdesk");
    }
    if let Some(version) = conn.dirty_version(&MIGRATIONS.table_name).await.map_err(explained)? {
        return Err(explained(MigrateError::Dirty(version)));
    }
    let applied = conn.list_applied_migrations(&MIGRATIONS.table_name).await.map_err(explained)?;
    match missing(&applied)? {
        Some(version) => bail!(
            "the database's schema is older than this build (it lacks migration {version}); run `frontdesk migrate` \
             on it first"
        ),
        None => Ok(()),
    }
}

/// The newest migration of this build.
pub fn version() -> i64 {
    MIGRATIONS.iter().map(|ours| ours.version).max().unwrap_or(0)
}

/// The first migration that was not run, if those that were run are ours.
fn missing(applied: &[AppliedMigration]) -> anyhow::Result<Option<i64>> {
    for known in applied {
        let Some(ours) = MIGRATIONS.iter().find(|ours| ours.version == known.version) else {
            return Err(explained(MigrateError::VersionMissing(known.version)));
        };
        if ours.checksum != known.checksum {
            return Err(explained(MigrateError::VersionMismatch(known.version)));
        }
    }
    let missing = MIGRATIONS.iter().find(|ours| applied.iter().all(|known| known.version != ours.version));
    Ok(missing.map(|missing| missing.version))
}

fn older(what: &str) -> Cow<'static, str> {
    format!(
        "the database's schema {what} and this role may not change it; set FRONTDESK_DATABASE_OWNER_URL, or run \
         `frontdesk migrate` with DATABASE_URL of the owner"
    )
    .into()
}

fn explained(error: MigrateError) -> anyhow::Error {
    match error {
        MigrateError::VersionMissing(version) => anyhow!(
            "the database's schema is newer than this build (it has migration {version}); start the newer build again, \
             or restore the backup from before the upgrade"
        ),
        MigrateError::VersionMismatch(version) => anyhow!(
            "the database was migrated by another build: its migration {version} is not ours; use the build it came from"
        ),
        MigrateError::Dirty(version) => anyhow!(
            "the database's schema is half migrated: migration {version} did not finish; restore the backup from before it"
        ),
        MigrateError::ExecuteMigration(error, version) => {
            anyhow!(error).context(format!("migration {version} failed; nothing of it was kept"))
        }
        other => anyhow!(other).context("the database's schema cannot be brought up to date"),
    }
}
