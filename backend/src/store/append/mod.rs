//! Appends: entries for conversations that exist. All appends of a batch share a handful of statements,
//! whatever their number: one reads the heads of the conversations, one looks for sends that are already
//! stored, one adds the entries, one writes the heads back. Between the reads and the writes each is decided in
//! memory, in order, by a pure function of the caller.

/// The statements on PostgreSQL.
mod arrays;
/// What is kept from one batch to the next.
mod heads;
/// One statement for a batch, on PostgreSQL.
mod quick;
/// The statements.
mod sql;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::anyhow;
use domain::policy::Policy;
use protocol::ids::{Cmid, ConversationId, TenantId};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Conn;
use super::conversation::Conversation;
use super::entry::{Entry, Stored};
use crate::error::{AppError, AppResult};

pub(super) use heads::Heads;
use heads::Place;
pub(super) use quick::quick;
use sql::Hold;

/// Most appends that share their statements.
pub(super) const MOST: usize = super::list::MOST;

/// Which conversation an entry goes into, and which send it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The tenant.
    pub tenant: TenantId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who sends.
    pub author: Uuid,
    /// The send.
    pub cmid: Cmid,
}

/// A conversation, and what decides about entries for it.
#[derive(Debug, Clone)]
pub struct Head {
    /// The conversation's row, with what earlier appends of the batch made of it.
    pub row: Conversation,
    /// The tenant is suspended.
    pub suspended: bool,
    /// The tenant's rules.
    pub policy: Arc<Policy>,
    /// The name the visitor gave.
    pub visitor_name: Option<String>,
}

/// What an append finds.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The conversation; none when the tenant has no such conversation.
    pub head: Option<&'a Head>,
    /// Where this author's sends with this `cmid` are stored, in whichever conversation.
    pub stored: &'a [Stored],
}

/// An entry, and the row of its conversation with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The conversation after the entry. Of its fields only these are written: `last_seq`, `last_hash`,
    /// `last_at`, `updated_at`, `first_reply_at`, `reply_deadline_at`, `message_at`, `visitor_messages`,
    /// `last_author`, `preview`, `visitor_read_seq`, `agent_read_seq`. What changes more goes through
    /// [`super::Store::write`].
    pub row: Conversation,
    /// The entry.
    pub entry: Entry,
}

/// What an append decided: the entry, if it writes one, and what the caller gets.
pub type Decided<T> = AppResult<(Option<Appended>, T)>;

/// An entry, and the conversation it goes into.
pub type Placed = ((TenantId, ConversationId), Entry);

/// Adds entries of one tenant to their conversations, at most [`MOST`].
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn, entries: &[Placed]) -> AppResult<()> {
    sql::insert(conn, entries).await
}

/// An append that waits for its batch.
pub(super) trait Append: Send {
    fn address(&self) -> Address;
    /// Decides. May be called again when the batch has to be repeated; the last call counts.
    fn decide(&mut self, found: Found<'_>) -> Option<Appended>;
    /// Makes it fail.
    fn fail(&mut self, error: AppError);
    /// Answers whoever waits, once the fate of the transaction is known.
    fn finish(self: Box<Self>, committed: Result<(), &str>);
}

/// An append with the type of its result.
pub(super) struct Typed<F, T> {
    pub(super) address: Address,
    pub(super) decide: F,
    pub(super) outcome: Option<AppResult<T>>,
    pub(super) reply: oneshot::Sender<AppResult<T>>,
}

impl<F, T> Append for Typed<F, T>
where
    T: Send,
    F: Fn(Found<'_>) -> Decided<T> + Send,
{
    fn address(&self) -> Address {
        self.address
    }

    fn decide(&mut self, found: Found<'_>) -> Option<Appended> {
        let decided = catch_unwind(AssertUnwindSafe(|| (self.decide)(found)));
        let decided = decided.unwrap_or_else(|_| Err(AppError::Internal(anyhow!("an append panicked"))));
        let (appended, outcome) = match decided {
            Ok((appended, value)) => (appended, Ok(value)),
            Err(error) => (None, Err(error)),
        };
        self.outcome = Some(outcome);
        appended
    }

    fn fail(&mut self, error: AppError) {
        self.outcome = Some(Err(error));
    }

    fn finish(self: Box<Self>, committed: Result<(), &str>) {
        // Whoever asked may have gone; what was written stays written.
        let _ = self.reply.send(super::lane::fate(self.outcome, committed));
    }
}

/// Runs a batch of at most [`MOST`] appends inside the caller's transaction. An append that is refused writes
/// nothing and leaves the others alone; an error concerns them all. `heads` holds what the transaction will have
/// made of them: forget them when it fails.
pub(super) async fn run(conn: &mut Conn, heads: &mut Heads, batch: &mut [Box<dyn Append>]) -> AppResult<()> {
    let addresses = addresses(batch);
    heads.trust(sql::version(conn).await?, &addresses);
    heads.read(conn, &addresses, Hold::Locked).await?;
    let stored = sql::stored(conn, &addresses).await?;
    let (entries, touched) = decide(heads, stored, batch);
    if entries.is_empty() {
        return Ok(());
    }
    sql::insert(conn, &entries).await?;
    let changed = sql::update(conn, &heads.rows(&touched)).await?;
    if let (Some(first), Conn::Postgres(_)) = (addresses.first(), conn) {
        heads.written(first.tenant, &touched, changed);
    }
    Ok(())
}

/// As [`run`], in a transaction of its own on a connection to SQLite, from its begin to just before its end. What is
/// to be written [`Written::commit`] writes.
pub(super) async fn begin(conn: &mut Conn, heads: &mut Heads, batch: &mut [Box<dyn Append>]) -> AppResult<Written> {
    let addresses = addresses(batch);
    let Conn::Sqlite(connection) = &mut *conn else { return Err(anyhow!("not a connection to SQLite").into()) };
    let (version, stored) = sql::begin(connection, &addresses).await?;
    heads.trust(Some(version), &addresses);
    heads.read(conn, &addresses, Hold::Locked).await?;
    let (entries, touched) = decide(heads, stored, batch);
    Ok(Written { entries, touched })
}

/// What a batch writes.
pub(super) struct Written {
    entries: Vec<Placed>,
    touched: Vec<Place>,
}

impl Written {
    /// Writes it and commits.
    pub(super) async fn commit(&self, conn: &mut Conn, heads: &Heads) -> AppResult<()> {
        let Conn::Sqlite(connection) = conn else { return Err(anyhow!("not a connection to SQLite").into()) };
        if self.entries.is_empty() {
            sqlx::query("commit").execute(&mut **connection).await?;
            return Ok(());
        }
        sql::finish(connection, &self.entries, &heads.rows(&self.touched)).await
    }
}

fn addresses(batch: &[Box<dyn Append>]) -> Vec<Address> {
    batch.iter().map(|append| append.address()).collect()
}

/// Lets each decide, in order. Returns the entries and the conversations they go into.
fn decide(heads: &mut Heads, sends: Vec<sql::Sent>, batch: &mut [Box<dyn Append>]) -> (Vec<Placed>, Vec<Place>) {
    let mut stored: HashMap<(TenantId, Uuid, Cmid), Vec<Stored>> = HashMap::new();
    for (send, place) in sends {
        stored.entry(send).or_default().push(place);
    }
    let mut entries = Vec::with_capacity(batch.len());
    let mut touched = Vec::with_capacity(batch.len());
    for append in batch {
        let Address { tenant, conversation, author, cmid } = append.address();
        let place = (tenant, conversation);
        let sent = stored.entry((tenant, author, cmid)).or_default();
        let Some(new) = append.decide(Found { head: heads.get(&place), stored: sent }) else { continue };
        sent.push(Stored { conversation_id: conversation, seq: new.entry.seq, at: new.entry.at });
        entries.push((place, new.entry));
        heads.set(&place, new.row);
        if !touched.contains(&place) {
            touched.push(place);
        }
    }
    (entries, touched)
}
