//! Looking at a database without changing what is in it: for `frontdesk doctor` and measurements.

use std::time::Duration;

use anyhow::Context;
use sqlx::migrate::Migrate;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{postgres, schema};
use crate::config::database::{Database, Postgres};

/// How far the schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// As this build wants it.
    Current,
    /// It lacks so many migrations of this build.
    Older(usize),
    /// It has this migration, which this build does not know.
    Newer(i64),
    /// There is none.
    Empty,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Which database it is, in words.
    pub what: String,
    /// Why it may lose what was acknowledged (C1) or mix tenants (T2), if so.
    pub weakness: Option<String>,
    /// The schema.
    pub schema: Schema,
    /// The database's clock, Unix milliseconds; none for one of this machine.
    pub clock_ms: Option<i64>,
    /// How many connections it takes from us; none for one without such a limit.
    pub room: Option<i64>,
}

/// Looks.
///
/// # Errors
/// When it cannot be opened or read.
pub async fn inspect(database: &Database) -> anyhow::Result<Inspection> {
    match database {
        Database::Sqlite(path) => {
            let options =
                SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(5));
            let opened = options.connect().await;
            let mut conn = opened.with_context(|| format!("cannot open the database {}", path.display()))?;
            let (journal,): (String,) = sqlx::query_as("pragma journal_mode").fetch_one(&mut conn).await?;
            let (version,): (String,) = sqlx::query_as("select sqlite_version()").fetch_one(&mut conn).await?;
            let (there,): (i64,) = sqlx::query_as("select count(*) from sqlite_master where name = '_sqlx_migrations'")
                .fetch_one(&mut conn)
                .await?;
            let applied = if there > 0 { versions(&mut conn).await? } else { Vec::new() };
            let _ = conn.close().await;
            Ok(Inspection {
                what: format!("SQLite {version}, {}", path.display()),
                weakness: (journal != "wal").then(|| format!("journal_mode={journal}")),
                schema: compare(&applied, there > 0),
                clock_ms: None,
                room: None,
            })
        }
        Database::Postgres(settings) => inspect_server(settings).await,
    }
}

async fn inspect_server(settings: &Postgres) -> anyhow::Result<Inspection> {
    const FACTS: &str = "select current_setting('server_version'), \
         cast(extract(epoch from clock_timestamp()) * 1000 as bigint), \
         to_regclass('_sqlx_migrations') is not null, \
         current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint";
    let mut conn = postgres::connect_to(&settings.url).await?;
    let (version, clock_ms, there, room): (String, i64, bool, i64) = sqlx::query_as(FACTS).fetch_one(&mut conn).await?;
    let applied = if there { versions(&mut conn).await? } else { Vec::new() };
    let weakness = if there { postgres::check(&mut conn).await.err().map(|error| error.to_string()) } else { None };
    let _ = conn.close().await;
    Ok(Inspection {
        what: format!("PostgreSQL {version}, {}", settings.place()),
        weakness,
        schema: compare(&applied, there),
        clock_ms: Some(clock_ms),
        room: Some(room),
    })
}

/// How many tables a server's database has, whoever made them.
///
/// # Errors
/// When it cannot be opened or read.
pub async fn tables(settings: &Postgres) -> anyhow::Result<i64> {
    const SQL: &str = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'";
    let mut conn = postgres::connect_to(&settings.url).await?;
    let (tables,): (i64,) = sqlx::query_as(SQL).fetch_one(&mut conn).await?;
    let _ = conn.close().await;
    Ok(tables)
}

/// The address people reached this installation at when it last served; nothing when that cannot be read.
pub async fn public_url(database: &Database) -> Option<String> {
    const SQL: &str = "select value from meta where key = 'public_url'";
    let found: Option<(String,)> = match database {
        Database::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).read_only(true);
            sqlx::query_as(SQL).fetch_optional(&mut options.connect().await.ok()?).await.ok()?
        }
        Database::Postgres(settings) => {
            sqlx::query_as(SQL).fetch_optional(&mut postgres::connect_to(&settings.url).await.ok()?).await.ok()?
        }
    };
    found.map(|(url,)| url)
}

/// The migrations a database has.
async fn versions<C: Migrate>(conn: &mut C) -> anyhow::Result<Vec<i64>> {
    let applied = conn.list_applied_migrations(schema::table()).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

fn compare(applied: &[i64], there: bool) -> Schema {
    let known = schema::versions();
    let foreign = applied.iter().find(|version| !known.contains(version));
    match (there, foreign, known.iter().filter(|version| !applied.contains(version)).count()) {
        (false, ..) => Schema::Empty,
        (true, Some(version), _) => Schema::Newer(*version),
        (true, None, 0) => Schema::Current,
        (true, None, missing) => Schema::Older(missing),
    }
}

/// Lets the server count what is in the tables now, as it does by itself within the first minute.
///
/// # Errors
/// When the owner of the tables cannot connect or may not.
pub async fn take_statistics(settings: &Postgres) -> anyhow::Result<()> {
    const TABLES: &str = "select string_agg(quote_ident(c.relname), ', ') from pg_class c \
         where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' \
         and pg_has_role(c.relowner, 'usage')";
    let mut conn = postgres::connect_to(settings.owner_url.as_ref().unwrap_or(&settings.url)).await?;
    let (tables,): (Option<String>,) = sqlx::query_as(TABLES).fetch_one(&mut conn).await?;
    if let Some(tables) = tables {
        // Names come from the catalogue.
        sqlx::raw_sql(AssertSqlSafe(format!("analyze {tables}"))).execute(&mut conn).await?;
    }
    let _ = conn.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_compared_with_ours() {
        let known = schema::versions();
        assert_eq!(compare(&known, true), Schema::Current);
        assert_eq!(compare(&known[1..], true), Schema::Older(1));
        assert_eq!(compare(&[known.as_slice(), &[9_999]].concat(), true), Schema::Newer(9_999));
        assert_eq!(compare(&[], false), Schema::Empty);
    }
}
