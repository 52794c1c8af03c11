//! Reading a conversation afterwards, whole, and making the file that proves it.

use domain::chain;
use domain::entry::{Audience, author_key};
use domain::permission::{self, Permission};
use domain::transcript::{FORMAT, StoredEntry, Transcript, TranscriptEntry, VERSION};
use protocol::entry::Author;
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::actor::Actor;
use super::notify;
use crate::app::App;
use crate::auth::AgentIdentity;
use crate::error::{AppError, AppResult};
use crate::store::conversation::{self, Conversation};
use crate::store::entry::{self, Entry};
use crate::store::site::{self, Site};
use crate::store::visitor::{self, Visitor};
use crate::store::{agent, audit};

/// Entries read at a time.
const PAGE: i64 = 500;

/// A conversation with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Log {
    /// The conversation.
    pub row: Conversation,
    /// The site it came from.
    pub site: Site,
    /// Whose it is.
    pub visitor: Visitor,
    /// Name of who holds it, or held it last.
    pub agent_name: Option<String>,
    /// Every entry up to `row.last_seq`.
    pub entries: Vec<Entry>,
}

impl Log {
    /// The visitor's name as given last.
    pub fn visitor_name(&self) -> Option<&str> {
        self.row.offline_name.as_deref().or(self.visitor.name.as_deref())
    }

    /// The visitor's address as given last.
    pub fn visitor_email(&self) -> Option<&str> {
        notify::answer_address(&self.row, &self.visitor)
    }
}

/// Reads a conversation: with `read_transcripts` any, else one's own and open offline messages. The entries are those up to the seq the
/// row says; the log only grows, so row and entries fit together whatever is written meanwhile.
///
/// # Errors
/// `not_found`, also for what the role does not show.
pub async fn read_transcript(app: &App, who: &AgentIdentity, id: ConversationId) -> AppResult<Log> {
    let missing = || AppError::not_found("conversation");
    let mut conn = app.store.read(who.tenant).await?;
    let row = conversation::find(&mut conn, who.tenant, id).await?.ok_or_else(missing)?;
    let may = |permission| permission::allows(who.role, permission);
    let own = may(Permission::ReadOwnTranscripts) && row.agent_id == Some(who.agent);
    // A message that nobody has answered yet is everybody's task.
    let open = may(Permission::Answer) && row.state == ConversationState::Offline;
    if !may(Permission::ReadTranscripts) && !own && !open {
        return Err(missing());
    }
    let site = site::find(&mut conn, who.tenant, row.site_id).await?.ok_or_else(missing)?;
    let visitor = visitor::find(&mut conn, who.tenant, row.visitor_id).await?.ok_or_else(missing)?;
    let agent_name = match row.agent_id {
        Some(agent) => agent::find(&mut conn, who.tenant, agent).await?.map(|agent| agent.name),
        None => None,
    };
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let limit = PAGE.min(row.last_seq - after);
        if limit <= 0 {
            break;
        }
        let page = entry::after(&mut conn, who.tenant, id, after, limit).await?;
        if page.is_empty() {
            break;
        }
        entries.extend(page);
    }
    Ok(Log { row, site, visitor, agent_name, entries })
}

/// Reads a conversation to give it away as a file, and writes down that this was done.
///
/// # Errors
/// As [`read_transcript`].
pub async fn export_transcript(
    app: &App,
    actor: &Actor,
    who: &AgentIdentity,
    id: ConversationId,
    format: &str,
) -> AppResult<Log> {
    let log = read_transcript(app, who, id).await?;
    let (tenant, now) = (who.tenant, app.now());
    let detail = serde_json::json!({ "format": format, "last_seq": log.row.last_seq });
    let record = actor.record_with(Some(tenant), "transcript.exported", (id.0, detail), now);
    app.store.write(tenant, move |tx| Box::pin(async move { audit::add(tx, &record).await })).await?;
    Ok(log)
}

/// The transcript of a log in the format that `frontdesk verify` checks, as agents read it.
///
/// # Errors
/// When a stored entry is damaged.
pub fn transcript(log: &Log, who: &AgentIdentity, exported_at: i64) -> AppResult<Transcript> {
    let entries = log.entries.iter().map(stored).collect::<AppResult<Vec<_>>>()?;
    let head = entries.last().map_or_else(|| chain::genesis(who.tenant, log.row.id), |entry| entry.hash);
    Ok(Transcript {
        format: FORMAT.to_owned(),
        version: VERSION,
        tenant: who.tenant,
        conversation: log.row.id,
        site: log.site.id,
        site_name: log.site.name.clone(),
        visitor: log.visitor.id,
        visitor_name: log.visitor_name().map(str::to_owned),
        created_at: log.row.created_at,
        exported_at,
        last_seq: u64::try_from(log.row.last_seq).unwrap_or(0),
        head: chain::to_hex(&head),
        entries: entries.iter().map(|entry| TranscriptEntry::export(entry, Audience::Agents)).collect(),
    })
}

/// An entry as the chain counts it.
///
/// # Errors
/// When a hash or salt has not its length.
pub(super) fn stored(entry: &Entry) -> AppResult<StoredEntry> {
    let author = Author { kind: entry.author_kind, id: entry.author_id, name: None };
    let content = match (&entry.body, &entry.salt) {
        (Some(body), Some(salt)) => Some((body.clone(), bytes(salt)?)),
        _ => None,
    };
    Ok(StoredEntry {
        seq: u64::try_from(entry.seq).unwrap_or(0),
        at: entry.at,
        kind: entry.kind.clone(),
        author: author_key(&author),
        author_name: entry.author_name.clone(),
        content,
        commitment: bytes(&entry.commitment)?,
        hash: bytes(&entry.hash)?,
    })
}

fn bytes<const N: usize>(bytes: &[u8]) -> AppResult<[u8; N]> {
    Ok(bytes.try_into().map_err(anyhow::Error::from)?)
}
