//! SQLite: one connection, because it has one writer.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use uuid::Uuid;

use super::{Commits, body};

const SCHEMA: &str = "create table row (tenant_id uuid not null, conversation_id uuid not null, seq bigint not null, \
     kind text not null, audience text not null, author_kind text not null, author_id uuid, author_name text, \
     cmid uuid, at bigint not null, body text, salt bytea, commitment bytea not null, hash bytea not null, \
     primary key (tenant_id, conversation_id, seq))";
const INDEX: &str = "create unique index row_cmid on row (tenant_id, conversation_id, author_id, cmid) \
     where cmid is not null";
/// Conversations that rows are spread over.
const CONVERSATIONS: usize = 64;

/// Commits `rows` rows with bodies of `size` characters again and again for `within`, with the settings the product
/// runs with.
///
/// # Errors
/// When the database at `path` cannot be made or written.
pub async fn measure(path: &Path, rows: u32, size: usize, within: Duration) -> anyhow::Result<Commits> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        .disable_statement_logging();
    let mut conn = options.connect().await?;
    sqlx::query(SCHEMA).execute(&mut conn).await?;
    sqlx::query(INDEX).execute(&mut conn).await?;
    let sql = insert(rows);
    let conversations: Vec<Uuid> = (0..CONVERSATIONS).map(|_| Uuid::now_v7()).collect();
    let body = body(size);
    let (mut each, mut seq, began) = (Vec::new(), 0, Instant::now());
    while began.elapsed() < within {
        let begin = Instant::now();
        commit(&mut conn, &sql, rows, (&conversations, &mut seq), &body).await?;
        each.push(begin.elapsed());
    }
    let took = began.elapsed();
    conn.close().await?;
    Ok(Commits { each, took })
}

/// One statement that inserts so many rows: ids, place and body differ, the rest does not.
fn insert(rows: u32) -> String {
    let row = |first: u32| {
        let [conversation, seq, cmid] = [first, first + 1, first + 2].map(|number| format!("${number}"));
        format!("($1, {conversation}, {seq}, 'message', 'everyone', 'visitor', $1, 'Name', {cmid}, $2, $3, $4, $5, $5)")
    };
    let rows: Vec<String> = (0..rows).map(|number| row(6 + number * 3)).collect();
    format!("insert into row values {}", rows.join(", "))
}

async fn commit(
    conn: &mut SqliteConnection,
    sql: &str,
    rows: u32,
    (conversations, seq): (&[Uuid], &mut i64),
    body: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("begin immediate").execute(&mut *conn).await?;
    let (hash, salt) = (rand::random::<[u8; 32]>().to_vec(), rand::random::<[u8; 16]>().to_vec());
    let mut query =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(Uuid::nil()).bind(1_i64).bind(body).bind(salt).bind(hash);
    for conversation in conversations.iter().cycle().take(rows as usize) {
        *seq += 1;
        query = query.bind(conversation).bind(*seq).bind(Uuid::now_v7());
    }
    query.execute(&mut *conn).await?;
    sqlx::query("commit").execute(&mut *conn).await?;
    Ok(())
}
