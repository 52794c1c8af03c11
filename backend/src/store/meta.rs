//! Facts about this installation.

use protocol::ids::Epoch;
use uuid::Uuid;

use super::{Conn, on, rows, schema};
use crate::error::AppResult;

/// The history stored here; made on first use (C5).
pub async fn epoch(conn: &mut Conn) -> AppResult<Epoch> {
    const ADD: &str = "insert into meta (key, value) values ('epoch', $1) on conflict (key) do nothing";
    const FIND: &str = "select value from meta where key = 'epoch'";
    let new = Uuid::new_v4().hyphenated().to_string();
    on!(conn, c => sqlx::query(ADD).bind(&new).execute(c).await.map(rows))?;
    let (value,): (String,) = on!(conn, c => sqlx::query_as(FIND).fetch_one(c).await)?;
    let epoch = Epoch::parse(&value).ok_or_else(|| anyhow::anyhow!("the stored epoch is not an id"))?;
    Ok(epoch)
}

/// The name of the history stored here, if it has one.
pub async fn stored_epoch(conn: &mut Conn) -> AppResult<Option<String>> {
    const SQL: &str = "select value from meta where key = 'epoch'";
    let row: Option<(String,)> = on!(conn, c => sqlx::query_as(SQL).fetch_optional(c).await)?;
    Ok(row.map(|(value,)| value))
}

/// Gives the history stored here a new name, because it is not what clients have seen (C5).
pub async fn renew_epoch(conn: &mut Conn) -> AppResult<Epoch> {
    const SQL: &str = "insert into meta (key, value) values ('epoch', $1) on conflict (key) do update set value = $1";
    let new = Epoch(Uuid::new_v4());
    on!(conn, c => sqlx::query(SQL).bind(new.0.hyphenated().to_string()).execute(c).await.map(rows))?;
    Ok(new)
}

/// The address people reached this installation at when it last served.
pub async fn public_url(conn: &mut Conn) -> AppResult<Option<String>> {
    const SQL: &str = "select value from meta where key = 'public_url'";
    let row: Option<(String,)> = on!(conn, c => sqlx::query_as(SQL).fetch_optional(c).await)?;
    Ok(row.map(|(value,)| value))
}

/// Notes the address people reach this installation at.
pub async fn set_public_url(conn: &mut Conn, url: &str) -> AppResult<()> {
    const SQL: &str = "insert into meta (key, value) values ('public_url', $1) \
         on conflict (key) do update set value = $1";
    on!(conn, c => sqlx::query(SQL).bind(url).execute(c).await.map(rows))?;
    Ok(())
}

/// Whether the database lacks a migration of this build, because it was put back by other means meanwhile.
pub async fn lacks_migrations(conn: &mut Conn) -> AppResult<bool> {
    const SQL: &str = "select count(*) from _sqlx_migrations where success";
    let (applied,): (i64,) = on!(conn, c => sqlx::query_as(SQL).fetch_one(c).await)?;
    Ok(usize::try_from(applied).unwrap_or(0) < schema::known())
}

/// The name of this installation on what it shares with others, such as a Redis server; made on first use.
pub async fn installation(conn: &mut Conn) -> AppResult<String> {
    const ADD: &str = "insert into meta (key, value) values ('installation', $1) on conflict (key) do nothing";
    const FIND: &str = "select value from meta where key = 'installation'";
    let new = Uuid::new_v4().simple().to_string();
    on!(conn, c => sqlx::query(ADD).bind(&new).execute(c).await.map(rows))?;
    let (value,): (String,) = on!(conn, c => sqlx::query_as(FIND).fetch_one(c).await)?;
    Ok(value)
}

/// What tells the key that signs in this installation from others; `None` before the first start.
pub async fn signing_key(conn: &mut Conn) -> AppResult<Option<String>> {
    const SQL: &str = "select value from meta where key = 'signing_key'";
    let row: Option<(String,)> = on!(conn, c => sqlx::query_as(SQL).fetch_optional(c).await)?;
    Ok(row.map(|(value,)| value))
}

/// Notes with which key this installation signs.
pub async fn set_signing_key(conn: &mut Conn, fingerprint: &str) -> AppResult<()> {
    const SQL: &str = "insert into meta (key, value) values ('signing_key', $1) \
         on conflict (key) do update set value = $1";
    on!(conn, c => sqlx::query(SQL).bind(fingerprint).execute(c).await.map(rows))?;
    Ok(())
}

/// Writes without changing anything: fails when nothing can be written.
pub async fn touch(conn: &mut Conn) -> AppResult<()> {
    const SQL: &str = "update meta set value = value where key = 'epoch'";
    on!(conn, c => sqlx::query(SQL).execute(c).await.map(rows))?;
    Ok(())
}
