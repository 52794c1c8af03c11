//! What stands at a target before anything is changed there: it must hold nothing, and nobody may be serving it.

use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::Instant;

use super::tables::TABLES;
use crate::config::database::Postgres;
use crate::store::postgres::connect_to;

/// A process that was killed is gone from the server's list by then.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Refuses a target that holds anything, except what a move that was interrupted brought there, and one that a
/// server or command is connected to. Changes nothing.
///
/// # Errors
/// One sentence.
pub async fn check_target(settings: &Postgres) -> anyhow::Result<()> {
    let mut conn = connect_to(&settings.url).await?;
    let place = settings.place();
    let empty = look(&mut conn, &place).await;
    let _ = conn.close().await;
    empty
}

async fn look(conn: &mut PgConnection, place: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    while others(conn).await.with_context(|| format!("cannot look into the database {place}"))? > 0 {
        if begun.elapsed() > GONE_WITHIN {
            bail!("a Frontdesk is connected to the database {place}: stop every server and command on it first");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Rows of every tenant: row-level security would hide them.
    sqlx::query("set frontdesk.tenant = '*'").execute(&mut *conn).await?;
    let wrong = || format!("cannot look into the database {place}");
    if rows(conn, "moving").await.with_context(wrong)? > 0 {
        return Ok(());
    }
    for table in TABLES.iter().filter(|table| table.name != "meta") {
        let found = rows(conn, table.name).await.with_context(wrong)?;
        if found > 0 {
            bail!(
                "the database {place} is not empty: its table {} holds {found} rows; a move needs a database of its own",
                table.name
            );
        }
    }
    Ok(())
}

/// Connections of this product besides this one.
async fn others(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    const SQL: &str = "select count(*) from pg_stat_activity where datname = current_database() \
         and application_name like 'frontdesk%' and pid <> pg_backend_pid()";
    sqlx::query_scalar(SQL).fetch_one(conn).await
}

/// Rows of a table; none when there is no such table yet.
async fn rows(conn: &mut PgConnection, table: &'static str) -> Result<i64, sqlx::Error> {
    let there: bool =
        sqlx::query_scalar("select to_regclass($1) is not null").bind(table).fetch_one(&mut *conn).await?;
    if !there {
        return Ok(0);
    }
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(conn).await
}
