//! PostgreSQL: several connections, each with conversations of its own, as lanes have. Every commit adds a row to each of so
//! many conversations and changes the row of each, by one statement each with an array for each column.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;
use uuid::Uuid;

use super::{Commits, body};
use crate::config::database::place;
use crate::store::postgres::{check_durability, connect_to, lane_connection};

/// Tables and index of an entry and of what every message changes of a conversation; `{schema}` is their place. Rows of
/// conversations have room beside them, as the product leaves it.
const TABLES: &str = "create table {schema}.entry (tenant_id uuid not null, conversation_id uuid not null, \
     seq bigint not null, kind text not null, audience text not null, author_kind text not null, author_id uuid, \
     author_name text, cmid uuid, at bigint not null, body text, salt bytea, commitment bytea not null, \
     hash bytea not null, primary key (tenant_id, conversation_id, seq)); \
     create unique index entry_send on {schema}.entry (tenant_id, cmid, author_id, conversation_id) \
     where cmid is not null; \
     create table {schema}.conversation (tenant_id uuid not null, id uuid not null, last_seq bigint not null, \
     last_hash bytea not null, last_at bigint not null, updated_at bigint not null, primary key (tenant_id, id)) \
     with (fillfactor = 60)";
const FILL: &str = "insert into {schema}.conversation (tenant_id, id, last_seq, last_hash, last_at, updated_at) \
     select $1, a.id, 0, '', 0, 0 from unnest($2::uuid[]) a (id)";
const INSERT: &str = "insert into {schema}.entry (tenant_id, conversation_id, seq, kind, audience, author_kind, \
     author_id, author_name, cmid, at, body, salt, commitment, hash) \
     select $1, a.* from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[], \
     $9::uuid[], $10::bigint[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[]) a";
const UPDATE: &str = "update {schema}.conversation c set last_seq = a.last_seq, last_hash = a.last_hash, \
     last_at = a.last_at, updated_at = a.updated_at \
     from unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[]) \
     a (id, last_seq, last_hash, last_at, updated_at) where c.tenant_id = $1 and c.id = a.id";

/// What is committed.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections that commit at the same time.
    pub connections: u32,
    /// Rows in a commit.
    pub rows: u32,
    /// Characters of a message.
    pub size: usize,
    /// For how long.
    pub within: Duration,
}

/// Commits again and again with the settings that lanes have. Everything is in a schema of its own, which is dropped
/// afterwards, whatever happened.
///
/// # Errors
/// When the database at `url` cannot be used, would lose what it committed, or lets the role make no schema.
pub async fn measure(url: &Url, load: Load) -> anyhow::Result<Commits> {
    let mut conn = connect_to(url).await?;
    check_durability(&mut conn).await?;
    // Named in every statement: a `search_path` that a pooler forgot would lead into the tables of an installation.
    let schema = format!("bench_{}", Uuid::new_v4().simple());
    let made = sqlx::raw_sql(AssertSqlSafe(format!("create schema {schema}"))).execute(&mut conn).await;
    made.with_context(|| format!("cannot make a schema in the database {}", place(url)))?;
    let measured = measure_in(&schema, &mut conn, url, load).await;
    let dropped = sqlx::raw_sql(AssertSqlSafe(format!("drop schema {schema} cascade"))).execute(&mut conn).await;
    let dropped = dropped.with_context(|| format!("the schema {schema} stays in the database {}", place(url)));
    let _ = conn.close().await;
    match (measured, dropped) {
        (Err(error), Err(left)) => Err(error.context(format!("{left:#}"))),
        (measured, dropped) => measured.and_then(|commits| dropped.map(|_| commits)),
    }
}

async fn measure_in(schema: &str, conn: &mut PgConnection, url: &Url, load: Load) -> anyhow::Result<Commits> {
    sqlx::raw_sql(AssertSqlSafe(of(TABLES, schema))).execute(&mut *conn).await?;
    let mut writers = Vec::new();
    for _ in 0..load.connections {
        let writer = Writer::new(lane_connection(url).await?, schema, load);
        let fill = sqlx::query(AssertSqlSafe(of(FILL, schema))).bind(writer.tenant).bind(&writer.conversations);
        fill.execute(&mut *conn).await?;
        writers.push(writer);
    }
    // Its own time for that may come in the middle, or not at all.
    sqlx::raw_sql(AssertSqlSafe(format!("analyze {schema}.conversation"))).execute(conn).await?;
    let began = Instant::now();
    let each = try_join_all(writers.iter_mut().map(|writer| writer.work(began, load.within))).await?;
    Ok(Commits { each: each.into_iter().flatten().collect(), took: began.elapsed() })
}

/// A statement for the tables in this schema.
fn of(sql: &str, schema: &str) -> String {
    sql.replace("{schema}", schema)
}

/// A connection with what it writes: columns that never change are made once.
struct Writer {
    conn: PgConnection,
    insert: String,
    update: String,
    tenant: Uuid,
    conversations: Vec<Uuid>,
    seq: i64,
    kinds: Vec<&'static str>,
    audiences: Vec<&'static str>,
    author_kinds: Vec<&'static str>,
    authors: Vec<Uuid>,
    names: Vec<&'static str>,
    bodies: Vec<String>,
    salts: Vec<[u8; 16]>,
    hashes: Vec<[u8; 32]>,
}

impl Writer {
    fn new(conn: PgConnection, schema: &str, load: Load) -> Self {
        let rows = load.rows as usize;
        let tenant = Uuid::now_v7();
        Self {
            conn,
            insert: of(INSERT, schema),
            update: of(UPDATE, schema),
            tenant,
            conversations: (0..rows).map(|_| Uuid::now_v7()).collect(),
            seq: 0,
            kinds: vec!["message"; rows],
            audiences: vec!["everyone"; rows],
            author_kinds: vec!["visitor"; rows],
            authors: vec![tenant; rows],
            names: vec!["Name"; rows],
            bodies: vec![body(load.size); rows],
            salts: (0..rows).map(|_| rand::random()).collect(),
            hashes: (0..rows).map(|_| rand::random()).collect(),
        }
    }

    /// Commits until the time is over; gives how long each commit took.
    async fn work(&mut self, began: Instant, within: Duration) -> Result<Vec<Duration>, sqlx::Error> {
        let mut each = Vec::new();
        while began.elapsed() < within {
            let begin = Instant::now();
            self.commit().await?;
            each.push(begin.elapsed());
        }
        Ok(each)
    }

    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.seq += 1;
        let numbers = vec![self.seq; self.conversations.len()];
        let sends: Vec<Uuid> = self.conversations.iter().map(|_| Uuid::now_v7()).collect();
        sqlx::raw_sql("begin").execute(&mut self.conn).await?;
        sqlx::query(AssertSqlSafe(self.insert.as_str()))
            .bind(self.tenant)
            .bind(&self.conversations)
            .bind(&numbers)
            .bind(&self.kinds)
            .bind(&self.audiences)
            .bind(&self.author_kinds)
            .bind(&self.authors)
            .bind(&self.names)
            .bind(&sends)
            .bind(&numbers)
            .bind(&self.bodies)
            .bind(&self.salts)
            .bind(&self.hashes)
            .bind(&self.hashes)
            .execute(&mut self.conn)
            .await?;
        sqlx::query(AssertSqlSafe(self.update.as_str()))
            .bind(self.tenant)
            .bind(&self.conversations)
            .bind(&numbers)
            .bind(&self.hashes)
            .bind(&numbers)
            .bind(&numbers)
            .execute(&mut self.conn)
            .await?;
        sqlx::raw_sql("commit").execute(&mut self.conn).await?;
        Ok(())
    }
}
