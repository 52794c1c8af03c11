//! Finding conversations by what was said in them.

use std::ops::Range;

use domain::permission::{self, Permission};
use domain::search::{Found, Piece, Query, said, snippet};
use protocol::entry::{AuthorKind, EntryBody};

use crate::app::App;
use crate::auth::AgentIdentity;
use crate::error::AppResult;
use crate::store::Conn;
use crate::store::search::{self, Coverage, Said};
use crate::store::transcript::{Filter, Line};

/// Numbers taken from the index at first.
const FEW: usize = 64;
/// Numbers taken at a time when those were not enough: a filter leaves most of them out.
const MANY: usize = 512;
/// Conversations that are looked at for one page; the next page goes on where this one stopped.
const LOOKED_AT: usize = 8192;
/// Entries that are read for one page.
const READ: usize = 5000;
/// Entries read at a time.
const ENTRIES: i64 = 200;
/// What was written in the last seconds is not called missing: it is on its way.
const ON_ITS_WAY_MS: i64 = 10_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Results {
    /// Conversations, the newest first.
    pub hits: Vec<Hit>,
    /// Where the next page goes on: there may be more.
    pub next: Option<i64>,
    /// What the index does not cover yet.
    pub coverage: Coverage,
}

/// A conversation that was found.
#[derive(Debug)]
pub struct Hit {
    /// Its line.
    pub line: Line,
    /// What of it is shown.
    pub shown: Option<Shown>,
}

/// The part of a conversation that has most of what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Who wrote it; `None` when it is the visitor's name or address.
    pub by: Option<AuthorKind>,
    /// It is a note for agents.
    pub note: bool,
    /// The text.
    pub pieces: Vec<Piece>,
}

/// Looks for conversations in which everything of the query was said, or is the visitor's name or address; below the
/// number `below` when that is given. Who may not read every transcript finds those of conversations held by
/// themselves.
///
/// # Errors
/// Whatever the database says.
pub async fn find_transcripts(
    app: &App,
    who: &AgentIdentity,
    filter: &Filter,
    query: &Query,
    (below, limit): (Option<i64>, usize),
) -> AppResult<Results> {
    let tenant = who.tenant;
    let all = permission::allows(who.role, Permission::ReadTranscripts);
    let agent = if all { filter.agent } else { Some(who.agent) };
    let filter = Filter { agent, ..filter.clone() };
    let marks = [
        filter.site.map(search::site_mark),
        filter.agent.map(search::agent_mark),
        filter.rating.map(search::rating_mark),
    ];
    let wanted = search::wanted(query.terms().cloned(), marks.into_iter().flatten());
    let mut conn = app.store.read(tenant).await?;
    let coverage = search::coverage(&mut conn, tenant, app.now() - ON_ITS_WAY_MS).await?;
    let mut results = Results { coverage, ..Results::default() };
    let mut budget = Budget { conversations: LOOKED_AT, entries: READ };
    let mut below = below.unwrap_or(i64::MAX);
    let mut chunk = FEW;
    loop {
        let docs = search::next(&mut conn, tenant, &wanted, (filter.from, filter.until), (below, chunk)).await?;
        for found in search::lines(&mut conn, tenant, &filter, &docs).await? {
            if results.hits.len() == limit || budget.entries == 0 {
                results.next = Some(below);
                return Ok(results);
            }
            below = found.doc;
            let (shown, answers) = look(&mut conn, who, query, &found.line, &mut budget).await?;
            if answers {
                results.hits.push(Hit { line: found.line, shown });
            }
        }
        let Some(last) = docs.last().filter(|_| docs.len() == chunk) else { return Ok(results) };
        below = *last;
        budget.conversations = budget.conversations.saturating_sub(chunk);
        chunk = MANY;
        if budget.conversations == 0 {
            results.next = Some(below);
            return Ok(results);
        }
    }
}

struct Budget {
    conversations: usize,
    entries: usize,
}

/// What of a conversation is shown, and whether it is one that was looked for. At least one conversation of a page is
/// read to its end.
async fn look(
    conn: &mut Conn,
    who: &AgentIdentity,
    query: &Query,
    line: &Line,
    budget: &mut Budget,
) -> AppResult<(Option<Shown>, bool)> {
    let names: Vec<&str> =
        [line.visitor_name.as_deref(), line.visitor_email.as_deref()].into_iter().flatten().collect();
    let mut found: Vec<Found> = names.iter().map(|name| query.find(name)).collect();
    let mut best: Option<(u32, Shown)> = None;
    let mut after = 0;
    loop {
        let page = search::texts(conn, who.tenant, line.id, after, ENTRIES).await?;
        budget.entries = budget.entries.saturating_sub(page.len().max(1));
        for entry in &page {
            for text in texts_of(entry) {
                let here = query.find(&text);
                let parts = here.parts();
                if parts > best.as_ref().map_or(0, |(parts, _)| *parts) {
                    best = Some((parts, shown(entry, &text, &here.places)));
                }
                found.push(here);
            }
        }
        let enough = best.as_ref().is_some_and(|(parts, _)| *parts == query.parts());
        match page.last().filter(|_| !enough && i64::try_from(page.len()).is_ok_and(|count| count == ENTRIES)) {
            Some(last) => after = last.seq,
            None => break,
        }
        // What is left of a long one is not read when the index alone says that it was found.
        if budget.entries == 0 && !query.is_loose() {
            break;
        }
    }
    let shown = best.map(|(_, shown)| shown).or_else(|| named(query, &names));
    Ok((shown, query.is_answered_by(&found)))
}

fn texts_of(entry: &Said) -> Vec<String> {
    let body = entry.body.as_deref().and_then(|body| serde_json::from_str::<EntryBody>(body).ok());
    body.map_or_else(Vec::new, |body| said(&body).into_iter().map(str::to_owned).collect())
}

fn shown(entry: &Said, text: &str, places: &[Range<usize>]) -> Shown {
    Shown { by: Some(entry.author_kind), note: entry.kind == "note", pieces: snippet(text, places) }
}

/// The visitor's name or address, when that is what was found.
fn named(query: &Query, names: &[&str]) -> Option<Shown> {
    let found = names.iter().map(|name| (name, query.find(name)));
    let (name, found) = found.max_by_key(|(_, found)| found.parts()).filter(|(_, found)| found.parts() > 0)?;
    Some(Shown { by: None, note: false, pieces: snippet(name, &found.places) })
}
