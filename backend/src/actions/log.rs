//! Appending to a conversation's log: sequence, clock, hash chain, projection. Works on a row that the caller
//! read and saves in one write, together with the entry.

use domain::chain;
use domain::entry::{audience_of, author_key, kind_of};
use protocol::entry::{Author, AuthorKind, EntryBody, Item};
use protocol::ids::Cmid;
use protocol::state::preview_of;

use crate::auth::{AgentIdentity, VisitorIdentity};
use crate::error::{AppError, AppResult};
use crate::planted::{Bug, planted};
use crate::store::conversation::Conversation;
use crate::store::entry::Entry;
use crate::store::{Conn, visitor};

/// An entry to be written.
pub(super) struct NewEntry {
    pub(super) author: Author,
    pub(super) cmid: Option<Cmid>,
    pub(super) body: EntryBody,
}

/// Makes `new` the conversation's next entry: gives it its place and hash and updates the projection in `row`.
/// The caller stores both.
pub(super) fn next(row: &mut Conversation, new: NewEntry, now: i64) -> AppResult<(Entry, Item)> {
    // Stored times never decrease in a conversation, whatever the wall clock does (C16).
    let at = now.max(row.last_at);
    let seq = row.last_seq + 1;
    let kind = kind_of(&new.body);
    let body = serde_json::to_string(&new.body).map_err(anyhow::Error::from)?;
    let salt: [u8; 16] = rand::random();
    let commitment = chain::commitment(&salt, &body);
    let mut previous: [u8; 32] = row.last_hash.as_slice().try_into().map_err(anyhow::Error::from)?;
    if planted(Bug::BrokenChain) {
        previous = [0; 32];
    }
    let author = author_key(&new.author);
    let hash = chain::link(&previous, u64::try_from(seq).unwrap_or(0), kind, &author, at, &commitment);
    let entry = Entry {
        seq,
        kind: kind.to_owned(),
        audience: audience_of(kind).as_str().to_owned(),
        author_kind: new.author.kind,
        author_id: new.author.id,
        author_name: new.author.name.clone(),
        cmid: new.cmid,
        at,
        body: Some(body),
        salt: Some(salt.to_vec()),
        commitment: commitment.to_vec(),
        hash: hash.to_vec(),
    };
    project(row, &new, &entry);
    let item = Item {
        seq: u64::try_from(seq).unwrap_or(0),
        at: Some(at),
        author: Some(new.author),
        cmid: new.cmid,
        body: Some(new.body),
    };
    Ok((entry, item))
}

fn project(row: &mut Conversation, new: &NewEntry, entry: &Entry) {
    row.last_seq = entry.seq;
    row.last_hash.clone_from(&entry.hash);
    row.last_at = entry.at;
    row.touch(entry.at);
    let Some(preview) = preview_of(&new.body) else { return };
    row.preview = Some(preview);
    row.message_at = Some(entry.at);
    row.last_author = Some(new.author.kind);
    match new.author.kind {
        AuthorKind::Visitor => {
            row.visitor_messages += 1;
            row.visitor_read_seq = entry.seq;
        }
        AuthorKind::Agent => row.agent_read_seq = entry.seq,
        AuthorKind::System => {}
    }
}

/// The visitor as an author, with the name known now.
pub(super) async fn visitor_author(tx: &mut Conn, who: &VisitorIdentity) -> AppResult<Author> {
    let visitor = visitor::find(tx, who.tenant, who.visitor).await?;
    let visitor = visitor.ok_or_else(AppError::unauthenticated)?;
    Ok(named_visitor(who, visitor.name))
}

/// The visitor as an author, with this name.
pub(super) fn named_visitor(who: &VisitorIdentity, name: Option<String>) -> Author {
    Author { kind: AuthorKind::Visitor, id: Some(who.visitor.0), name }
}

/// The agent as an author.
pub(super) fn agent_author(who: &AgentIdentity) -> Author {
    Author { kind: AuthorKind::Agent, id: Some(who.agent.0), name: Some(who.name.clone()) }
}
