//! Rows of any table, read and written as they are, by the list in `tables.rs`: for moving an installation to
//! another database, and a tenant to another installation.

/// Every table and column.
pub mod tables;
/// What stands at a target before it is changed.
mod target;
/// What a column holds.
mod value;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, ensure};
use protocol::ids::TenantId;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _};

use super::{Conn, on, rows, schema};
use crate::error::AppResult;
use tables::{Kind, Table};
pub use target::check_target;
pub use value::{Row, Value};

/// Which rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// All.
    Everybody,
    /// Those that go into the file of a tenant.
    Tenant(TenantId),
}

/// Adds a value to a query of either database.
macro_rules! bind {
    ($query:expr, $value:expr) => {
        match $value {
            Value::Id(id) => $query.bind(*id),
            Value::Text(text) => $query.bind(text.as_deref()),
            Value::Number(number) => $query.bind(*number),
            Value::Bytes(bytes) => $query.bind(bytes.as_deref()),
            Value::Flag(flag) => $query.bind(*flag),
        }
    };
}

/// Opens an SQLite database to copy from, as it is at this moment: everything read through the connection is of the
/// same state. Nothing is changed in it.
///
/// # Errors
/// One sentence: there is none, it cannot be opened, or its schema is not the one of this build.
pub async fn open_source(path: &Path) -> anyhow::Result<Conn> {
    let shown = path.display();
    ensure!(path.is_file(), "there is no database at {shown}");
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .pragma("query_only", "on")
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.with_context(|| format!("cannot open the database {shown}"))?;
    let mut conn = pool.acquire().await.with_context(|| format!("cannot open the database {shown}"))?;
    let begun = sqlx::query("begin").execute(&mut *conn).await;
    begun.with_context(|| format!("cannot read the database {shown}"))?;
    schema::same_sqlite(&mut conn).await.with_context(|| format!("cannot copy {shown}"))?;
    Ok(Conn::Sqlite(conn))
}

/// Lets the reads that follow see one and the same state, whatever is written meanwhile. Before the first read; ends
/// with [`end_snapshot`].
pub async fn begin_snapshot(conn: &mut Conn) -> AppResult<()> {
    let sql = match conn {
        Conn::Sqlite(_) => "begin",
        Conn::Postgres(_) => "set transaction isolation level repeatable read",
    };
    on!(conn, c => sqlx::query(sql).execute(c).await.map(rows))?;
    Ok(())
}

/// Ends what [`begin_snapshot`] began.
pub async fn end_snapshot(conn: &mut Conn) -> AppResult<()> {
    if let Conn::Sqlite(_) = conn {
        on!(conn, c => sqlx::query("rollback").execute(c).await.map(rows))?;
    }
    Ok(())
}

/// How many rows.
pub async fn count(conn: &mut Conn, table: &Table, of: Of) -> AppResult<i64> {
    let (condition, tenant) = condition(table, of);
    let sql = format!("select count(*) from {} where {condition}", table.name);
    let (count,): (i64,) = on!(conn, c => {
        let query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        match tenant {
            Some(tenant) => query.bind(tenant).fetch_one(c).await,
            None => query.fetch_one(c).await,
        }
    })?;
    Ok(count)
}

/// The rows after a key, in the order of their keys, at most `limit`.
pub async fn page(conn: &mut Conn, table: &Table, of: Of, after: Option<&[Value]>, limit: i64) -> AppResult<Vec<Row>> {
    let (mut condition, tenant) = condition(table, of);
    let mut number = usize::from(tenant.is_some());
    let mut next = || {
        number += 1;
        format!("${number}")
    };
    let key = table.key.join(", ");
    if after.is_some() {
        let places: Vec<String> = table.key.iter().map(|_| next()).collect();
        condition = format!("{condition} and ({key}) > ({})", places.join(", "));
    }
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let (names, limit_at) = (names.join(", "), next());
    let sql = format!("select {names} from {} where {condition} order by {key} limit {limit_at}", table.name);
    let found = on!(conn, c => {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
        if let Some(tenant) = tenant {
            query = query.bind(tenant);
        }
        for value in after.unwrap_or_default() {
            query = bind!(query, value);
        }
        query.bind(limit).fetch_all(c).await.and_then(|found| {
            found.iter().map(|row| {
                table.columns.iter().enumerate().map(|(at, column)| Ok(match column.kind {
                    Kind::Id => Value::Id(row.try_get(at)?),
                    Kind::Text => Value::Text(row.try_get(at)?),
                    Kind::Number => Value::Number(row.try_get(at)?),
                    Kind::Bytes => Value::Bytes(row.try_get(at)?),
                    Kind::Flag => Value::Flag(row.try_get(at)?),
                })).collect::<Result<Vec<Value>, sqlx::Error>>().map(Row)
            }).collect::<Result<Vec<Row>, sqlx::Error>>()
        })
    })?;
    Ok(found)
}

/// Adds rows, all or none.
pub async fn insert(conn: &mut Conn, table: &Table, new: &[Row]) -> AppResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let width = table.columns.len();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let groups: Vec<String> = (0..new.len())
        .map(|row| {
            let places: Vec<String> = (1..=width).map(|place| format!("${}", row * width + place)).collect();
            format!("({})", places.join(", "))
        })
        .collect();
    let sql = format!("insert into {} ({}) values {}", table.name, names.join(", "), groups.join(", "));
    on!(conn, c => {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str())).persistent(false);
        for value in new.iter().flat_map(|row| &row.0) {
            query = bind!(query, value);
        }
        query.execute(c).await.map(rows)
    })?;
    Ok(())
}

fn condition(table: &Table, of: Of) -> (String, Option<TenantId>) {
    match of {
        Of::Everybody => ("true".to_owned(), None),
        Of::Tenant(tenant) => (table.of_tenant.unwrap_or("false and id = $1").to_owned(), Some(tenant)),
    }
}

/// Empties `meta`, which is replaced as a whole.
pub async fn clear_meta(conn: &mut Conn) -> AppResult<()> {
    on!(conn, c => sqlx::query("delete from meta").execute(c).await.map(rows))?;
    Ok(())
}

/// What is noted about a move under way, by name.
pub async fn progress(conn: &mut Conn) -> AppResult<Vec<(String, String)>> {
    const SQL: &str = "select name, state from moving order by name";
    Ok(on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Notes how far a move has come, in the transaction that brings it there.
pub async fn note_progress(conn: &mut Conn, name: &str, state: &str) -> AppResult<()> {
    const SQL: &str = "insert into moving (name, state) values ($1, $2) on conflict (name) do update set state = $2";
    on!(conn, c => sqlx::query(SQL).bind(name).bind(state).execute(c).await.map(rows))?;
    Ok(())
}

/// The move is done: the installation is whole.
pub async fn forget_progress(conn: &mut Conn) -> AppResult<()> {
    on!(conn, c => sqlx::query("delete from moving").execute(c).await.map(rows))?;
    Ok(())
}

/// Whether a move into this database was begun and not finished.
pub async fn is_half_moved(conn: &mut Conn) -> AppResult<bool> {
    let (notes,): (i64,) = on!(conn, c => sqlx::query_as("select count(*) from moving").fetch_one(c).await)?;
    Ok(notes > 0)
}
