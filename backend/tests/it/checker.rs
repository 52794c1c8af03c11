//! Brings to the history checker of the `faults` crate what it judges: what clients logged, and the database.

use std::collections::BTreeMap;
use std::time::Duration;

use faults::checker::{Answer, Database, History, Log, Place, Reader, Report, Sent, Stored};
use protocol::entry::{Author, AuthorKind, EntryBody};
use protocol::event::Ack;
use protocol::ids::{Cmid, ConversationId, TenantId};
use uuid::Uuid;

use crate::basics::DEADLINE;
use crate::database::both;
use crate::wire::{Client, Credentials, text_of};
use crate::world::World;

/// Somebody whose view is judged.
pub(crate) struct Reading<'a> {
    /// For reports.
    pub(crate) name: &'static str,
    /// The tab.
    pub(crate) client: &'a Client,
    /// What it must see to the end.
    pub(crate) complete: Vec<ConversationId>,
    /// What it may see besides.
    pub(crate) may_see: Vec<ConversationId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: TenantId,
    conversation_id: ConversationId,
    last_seq: i64,
    last_hash: Vec<u8>,
    seq: i64,
    kind: String,
    audience: String,
    author_kind: AuthorKind,
    author_id: Option<Uuid>,
    author_name: Option<String>,
    cmid: Option<Cmid>,
    at: i64,
    body: Option<String>,
    commitment: Vec<u8>,
    hash: Vec<u8>,
}

/// Every log as it is stored now.
pub(crate) async fn database(world: &World) -> Database {
    let pool = world.database().await;
    // One statement, so that logs and projections are of the same moment.
    let sql = "select e.tenant_id, e.conversation_id, c.last_seq, c.last_hash, e.seq, e.kind, e.audience, \
         e.author_kind, e.author_id, e.author_name, e.cmid, e.at, e.body, e.commitment, e.hash \
         from entry e join conversation c on c.tenant_id = e.tenant_id and c.id = e.conversation_id \
         order by e.conversation_id, e.seq";
    let rows: Vec<Row> = both!(&pool, it => sqlx::query_as(sql).fetch_all(it).await).expect("the entries");
    pool.close().await;
    let mut database: Database = BTreeMap::new();
    for row in rows {
        let log = database.entry(row.conversation_id).or_insert_with(|| Log {
            tenant: row.tenant_id,
            last_seq: row.last_seq,
            last_hash: row.last_hash.clone().try_into().expect("a hash"),
            entries: Vec::new(),
        });
        log.entries.push(stored_of(row));
    }
    database
}

fn stored_of(row: Row) -> Stored {
    let body: Option<EntryBody> = row.body.map(|body| serde_json::from_str(&body).expect("a body"));
    Stored {
        seq: row.seq,
        kind: row.kind,
        author: Author { kind: row.author_kind, id: row.author_id, name: row.author_name },
        cmid: row.cmid,
        at: row.at,
        text: body.as_ref().and_then(text_of).map(str::to_owned),
        agents_only: row.audience == "agents",
        commitment: row.commitment.try_into().expect("a commitment"),
        hash: row.hash.try_into().expect("a hash"),
    }
}

/// The entries of a conversation as stored: seq and cmid in order.
pub(crate) async fn stored(world: &World, conversation: ConversationId) -> Vec<(i64, Option<Cmid>)> {
    let database = database(world).await;
    let entries = database.get(&conversation).map_or(&[][..], |log| &log.entries);
    entries.iter().map(|entry| (entry.seq, entry.cmid)).collect()
}

/// Waits until every reader holds everything stored, then checks every promise.
pub(crate) async fn check(world: &World, conversation: ConversationId, sent: &[Sent], readers: &[&Client]) {
    let everything: Vec<ConversationId> = database(world).await.into_keys().collect();
    let readings: Vec<Reading<'_>> = readers
        .iter()
        .map(|client| Reading { name: name(client), client, complete: vec![conversation], may_see: vec![] })
        .collect();
    let mut history = gather(world, sent, &readings, DEADLINE).await;
    for reader in &mut history.readers {
        reader.may_see.extend(&everything);
    }
    faults::checker::check(&history).assert_clean();
}

fn name(client: &Client) -> &'static str {
    match client.credentials {
        Credentials::Cookie(..) => "an agent",
        _ => "a visitor",
    }
}

/// Waits until every reader holds what it must, at most `settle`, and judges what happened.
pub(crate) async fn judge(world: &World, sent: &[Sent], readers: &[Reading<'_>], settle: Duration) -> Report {
    faults::checker::check(&gather(world, sent, readers, settle).await)
}

/// Waits until every reader holds what it must of what is stored, each at most `settle`. The logs it looked for.
pub(crate) async fn wait(world: &World, readings: &[Reading<'_>], settle: Duration) -> Database {
    let database = database(world).await;
    for reading in readings {
        let complete = |view: &crate::wire::View| {
            reading.complete.iter().all(|id| {
                let wanted = database.get(id).map_or(0, |log| log.entries.len());
                view.items(*id).len() >= wanted
            })
        };
        let _ = reading.client.within(settle, complete).await;
    }
    database
}

async fn gather(world: &World, sent: &[Sent], readings: &[Reading<'_>], settle: Duration) -> History {
    loop {
        // What is missing after that, the checker finds.
        let database = wait(world, readings, settle).await;
        let readers = readings.iter().map(reader_of).collect();
        let after = self::database(world).await;
        let size = |database: &Database| database.values().map(|log| log.entries.len()).sum::<usize>();
        if size(&after) == size(&database) {
            return History { sent: sent.to_vec(), readers, database: after };
        }
    }
}

fn reader_of(reading: &Reading<'_>) -> Reader {
    Reader {
        name: reading.name.to_owned(),
        may_see: reading.may_see.iter().copied().collect(),
        complete: reading.complete.iter().copied().collect(),
        agent: matches!(reading.client.credentials, Credentials::Cookie(..)),
        log: reading.client.look(|view| view.journal.0.clone()),
    }
}

/// A send that was acknowledged, perhaps more than once.
pub(crate) fn acked(sender: &str, acks: &[Ack]) -> Sent {
    let cmid = acks.iter().find_map(|ack| ack.cmid).unwrap_or_else(|| panic!("no ack of a send: {acks:?}"));
    Sent { sender: sender.to_owned(), cmid, text: None, answers: acks.iter().map(answer_of).collect() }
}

/// The answer an acknowledgement of a post is.
pub(crate) fn answer_of(ack: &Ack) -> Answer {
    let place = ack.conversation.zip(ack.seq).zip(ack.at);
    let ((conversation, seq), at) = place.unwrap_or_else(|| panic!("an ack without a place: {ack:?}"));
    Answer::Ok(Place { conversation, seq, at })
}
