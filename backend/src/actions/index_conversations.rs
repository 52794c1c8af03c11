//! Keeping the search index up with the logs. Runs beside everything else and a moment later: nothing that is sent
//! waits for it, and whatever it missed is found by comparing the index with the logs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::search::{said, terms};
use protocol::entry::EntryBody;
use protocol::ids::{ConversationId, TenantId};
use uuid::Uuid;

use crate::app::App;
use crate::error::AppResult;
use crate::store::search::{self, Change, Pending, Seen};
use crate::store::{Conn, EveryTenant, conversation, tenant};

/// Conversations read at a time when looking for what is missing.
const PAGE: i64 = 500;
/// Entries read into the index in one write: it bounds how long messages wait behind it.
const ENTRIES: i64 = 200;
/// Earlier conversations of a visitor that are found by a name given later.
const EARLIER: i64 = 20;

/// What [`index`] did.
#[derive(Debug, Default)]
pub struct Indexed {
    /// Conversations that have to be looked at again.
    pub left: Vec<ConversationId>,
    /// How long the write waited for its turn.
    pub waited: Duration,
    /// How long it took then.
    pub took: Duration,
}

/// Reads what is new of at most 32 conversations into the index.
///
/// # Errors
/// Whatever the database says; nothing is in the index then that was not before.
pub async fn index(app: &App, tenant: TenantId, conversations: &[ConversationId]) -> AppResult<Indexed> {
    let mut done = Indexed::default();
    let mut conn = app.store.read(tenant).await?;
    let generation = search::generation(&mut conn, tenant).await?;
    let mut room = ENTRIES;
    let mut changes = Vec::new();
    for row in search::pending(&mut conn, tenant, conversations).await? {
        if row.seq.is_some_and(|seq| seq >= row.last_seq) {
            continue;
        }
        if room == 0 {
            done.left.push(row.id);
            continue;
        }
        let (change, read, named) = change(&mut conn, tenant, &row, room).await?;
        room = (room - read).max(0);
        if change.seq < row.last_seq {
            done.left.push(row.id);
        }
        if named || row.seq.is_none() {
            changes.extend(earlier(&mut conn, tenant, &row).await?);
        }
        changes.push(change);
    }
    drop(conn);
    if changes.is_empty() {
        return Ok(done);
    }
    let (asked, now) = (Instant::now(), app.now());
    let ids: Vec<_> = changes.iter().filter(|change| change.seq > 0).map(|change| change.conversation).collect();
    let (stored, began, ended) = app
        .store
        .write_bulk(tenant, move |tx| {
            Box::pin(async move {
                let began = Instant::now();
                let stored = search::store(tx, tenant, now, generation, &changes).await?;
                Ok((stored, began, Instant::now()))
            })
        })
        .await?;
    if !stored {
        done.left = ids;
    }
    (done.waited, done.took) = (began - asked, ended - began);
    Ok(done)
}

/// What a conversation is found by beyond what is in the index; how many entries were read for it; and whether the
/// visitor gave a name in them.
async fn change(conn: &mut Conn, tenant: TenantId, row: &Pending, room: i64) -> AppResult<(Change, i64, bool)> {
    let after = row.seq.unwrap_or(0);
    let read = search::texts_after(conn, tenant, row.id, (after, row.last_seq), room).await?;
    let count = i64::try_from(read.len()).unwrap_or(room);
    let seq = read.last().filter(|_| count == room).map_or(row.last_seq, |(seq, _)| *seq);
    let mut all = BTreeSet::new();
    let mut named = false;
    for body in read.iter().filter_map(|(_, body)| serde_json::from_str::<EntryBody>(body.as_deref()?).ok()) {
        said(&body).into_iter().for_each(|text| terms(text, &mut all));
        named |= matches!(body, EntryBody::LeftOffline(_));
    }
    let names = [&row.visitor_name, &row.visitor_email, &row.offline_name, &row.offline_email];
    names.into_iter().flatten().for_each(|text| terms(text, &mut all));
    all.insert(search::site_mark(row.site_id));
    all.extend(row.agent_id.map(search::agent_mark));
    all.extend(row.rating.map(search::rating_mark));
    Ok((Change { conversation: row.id, created_at: row.created_at, seq, terms: all }, count, named))
}

/// The visitor's earlier conversations show the name given in this one.
async fn earlier(conn: &mut Conn, tenant: TenantId, row: &Pending) -> AppResult<Vec<Change>> {
    let mut names = BTreeSet::new();
    [&row.visitor_name, &row.visitor_email].into_iter().flatten().for_each(|text| terms(text, &mut names));
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let all = conversation::of_visitor(conn, tenant, row.visitor_id, EARLIER).await?;
    let others = all.into_iter().filter(|other| other.id != row.id);
    let named = |other: conversation::Conversation| Change {
        conversation: other.id,
        created_at: other.created_at,
        seq: 0,
        terms: names.clone(),
    };
    Ok(others.map(named).collect())
}

/// A page of the tenant's conversations.
#[derive(Debug)]
pub struct Missing {
    /// Those of which something is missing in the index, the latest begun first.
    pub behind: Vec<ConversationId>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Uuid>,
    /// When the last of the page began, Unix milliseconds.
    pub back_to: Option<i64>,
}

/// Compares the index with the logs, a page of conversations at a time, the latest begun first.
///
/// # Errors
/// Whatever the database says.
pub async fn missing(app: &App, tenant: TenantId, below: Uuid) -> AppResult<Missing> {
    let page = search::page(&mut app.store.read(tenant).await?, tenant, below, PAGE).await?;
    let full = page.len() >= usize::try_from(PAGE).unwrap_or(0);
    let behind = |row: &&Seen| row.seq.is_none_or(|seq| seq < row.last_seq);
    Ok(Missing {
        behind: page.iter().filter(behind).map(|row| row.id).collect(),
        next: page.last().filter(|_| full).map(|row| row.id.0),
        back_to: page.last().map(|row| row.created_at),
    })
}

/// Notes how far back a tenant's conversations are read in: for people who search meanwhile. Nothing is written when
/// all have been before.
///
/// # Errors
/// Whatever the database says.
pub async fn note_progress(app: &App, tenant: TenantId, to: Option<i64>) -> AppResult<()> {
    if search::is_read_back(&mut app.store.read(tenant).await?, tenant).await? {
        return Ok(());
    }
    let now = app.now();
    app.store.write(tenant, move |tx| Box::pin(async move { search::read_back(tx, tenant, now, to).await })).await
}

/// Every tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn tenants(app: &App) -> AppResult<Vec<TenantId>> {
    let all = tenant::list(&mut app.store.read(EveryTenant).await?).await?;
    Ok(all.into_iter().map(|tenant| tenant.id).collect())
}

/// Takes the turn to look for what is missing, or keeps it for `keep`: one of the nodes has it.
///
/// # Errors
/// Whatever the database says.
pub async fn take_turn(app: &App, holder: Uuid, keep: Duration) -> AppResult<bool> {
    let now = app.now();
    let until = now + i64::try_from(keep.as_millis()).unwrap_or(0);
    app.store
        .write(EveryTenant, move |tx| Box::pin(async move { search::take_turn(tx, holder, now, until).await }))
        .await
}
