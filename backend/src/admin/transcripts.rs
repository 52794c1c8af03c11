//! Conversations, searched and read.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use domain::search::{self, Piece};
use protocol::entry::AuthorKind;
use protocol::ids::{AgentId, ConversationId, SiteId};
use protocol::state::ConversationState;
use serde::Deserialize;

use super::field::{Control, Field};
use super::parts::{Pill, Stars, Time};
use super::reply::{Reply, page};
use super::routing_steps::{StepView, steps};
use super::scope::{Area, Member};
use super::thread::{EntryView, Kind, Proof, proof};
use super::time::Date;
use super::ui::{Choice, Chrome, Ui};
use super::zone::Zone;
use crate::actions::find_transcripts::{Hit, Shown, find_transcripts};
use crate::actions::read_transcript::{Log, read_transcript, transcript};
use crate::actions::routing_history::routing_history;
use crate::error::{AppError, AppResult};
use crate::store::search::Coverage;
use crate::store::transcript::{self as lines, Filter, Line};
use crate::store::{agent, site};

/// Lines on a page.
pub(super) const PAGE: i64 = 50;

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    q: String,
    from: String,
    to: String,
    zone: String,
    agent: String,
    site: String,
    state: String,
    rating: String,
    before: String,
}

#[derive(Template)]
#[template(path = "admin/transcripts.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    filter: FilterForm,
    filtered: bool,
    lines: Vec<LineView>,
    newer: Option<String>,
    older: Option<String>,
    /// Words were typed, and there is nothing to look for in them.
    too_short: bool,
    /// There may be more further back, though this page is not full.
    unfinished: bool,
    /// What the search does not cover yet.
    gaps: Vec<String>,
}

struct FilterForm {
    q: Field,
    from: Field,
    to: Field,
    zone: Field,
    agent: Field,
    site: Field,
    state: Field,
    rating: Field,
}

/// A line of a list.
pub(super) struct LineView {
    pub(super) id: ConversationId,
    pub(super) visitor: String,
    pub(super) email: Option<String>,
    pub(super) preview: Option<String>,
    pub(super) begun: Time,
    agent: Option<String>,
    pub(super) site: String,
    pub(super) state: Pill,
    rating: Option<Stars>,
    /// What was found in it.
    found: Option<FoundView>,
}

/// What was found in a conversation. Every piece becomes a text of its own (rule C-8).
struct FoundView {
    by: Option<&'static str>,
    note: bool,
    pieces: Vec<Piece>,
}

impl LineView {
    /// The line as people read it.
    pub(super) fn new(ui: &Ui, line: Line) -> Self {
        let nameless = || ui.t("entry.visitor").to_owned();
        Self {
            id: line.id,
            visitor: line.visitor_name.or_else(|| line.visitor_email.clone()).unwrap_or_else(nameless),
            email: line.visitor_email,
            preview: line.preview,
            begun: Time(line.created_at),
            agent: line.agent_name,
            site: line.site_name,
            state: state(ui, line.state),
            rating: line.rating.map(|score| Stars { score, label: ui.t("list.rating") }),
            found: None,
        }
    }

    /// The line of something that was found.
    fn found(ui: &Ui, hit: Hit) -> Self {
        let view = |shown: Shown| FoundView {
            by: shown.by.map(|by| match by {
                AuthorKind::Visitor => ui.t("entry.visitor"),
                AuthorKind::Agent => ui.t("list.agent"),
                _ => ui.t("entry.system"),
            }),
            note: shown.note,
            pieces: shown.pieces,
        };
        Self { found: hit.shown.map(view), ..Self::new(ui, hit.line) }
    }
}

/// The state of a conversation.
pub(super) fn state(ui: &Ui, state: ConversationState) -> Pill {
    let tone = match state {
        ConversationState::Waiting | ConversationState::Offered => "warn",
        ConversationState::Active => "good",
        ConversationState::Offline => "info",
        _ => "",
    };
    Pill { tone, text: ui.word("state", state) }
}

impl Query {
    /// The filter; what is not understood does not narrow.
    fn filter(&self, member: &Member) -> Filter {
        let all = member.may(Permission::ReadTranscripts);
        let zone = Zone::parse(&self.zone);
        Filter {
            from: Date::parse(self.from.trim()).map(|day| zone.moment(day.start())),
            until: Date::parse(self.to.trim()).map(|day| zone.moment(day.end())),
            agent: if all { AgentId::parse(&self.agent) } else { Some(member.who.agent) },
            site: SiteId::parse(&self.site),
            state: ConversationState::from_text(&self.state),
            rating: self.rating.parse().ok().filter(|score| (1..=5).contains(score)),
        }
    }

    fn is_empty(&self) -> bool {
        [&self.q, &self.from, &self.to, &self.agent, &self.site, &self.state, &self.rating]
            .iter()
            .all(|part| part.trim().is_empty())
    }

    /// The address of another page of the same search.
    fn address(&self, before: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let parts = [
            ("q", &self.q),
            ("from", &self.from),
            ("to", &self.to),
            ("zone", &self.zone),
            ("agent", &self.agent),
            ("site", &self.site),
            ("state", &self.state),
            ("rating", &self.rating),
        ];
        for (key, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(key, value);
        }
        if let Some(before) = before {
            query.append_pair("before", before);
        }
        format!("/admin/transcripts?{}", query.finish())
    }
}

/// `GET /admin/transcripts`
pub(super) async fn list(member: Member, query: web::Query<Query>) -> Reply {
    let ui = member.ui;
    let mut query = query.into_inner();
    query.q = query.q.chars().take(search::MAX_QUERY_CHARS).collect();
    let filter = query.filter(&member);
    let words = query.q.trim();
    let looked_for = search::Query::parse(words);
    let too_short = !words.is_empty() && looked_for.is_none();
    let shown = match &looked_for {
        Some(looked_for) => found(&member, &filter, looked_for, &query.before).await?,
        None if too_short => Shelf::default(),
        None => listed(&member, &filter, &query.before).await?,
    };
    page(&ListPage {
        ui,
        chrome: member.chrome(Area::Transcripts).await?,
        filter: filter_form(&member, &query).await?,
        filtered: !query.is_empty(),
        unfinished: shown.next.is_some() && shown.lines.len() < usize::try_from(PAGE).unwrap_or(0),
        lines: shown.lines,
        newer: (!query.before.is_empty()).then(|| query.address(None)),
        older: shown.next.map(|next| query.address(Some(&next))),
        too_short,
        gaps: shown.gaps,
    })
}

/// What a page shows, and where the next begins.
#[derive(Default)]
struct Shelf {
    lines: Vec<LineView>,
    next: Option<String>,
    gaps: Vec<String>,
}

/// Conversations by the filter alone.
async fn listed(member: &Member, filter: &Filter, before: &str) -> AppResult<Shelf> {
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let before = ConversationId::parse(before);
    let mut found = lines::list(&mut conn, member.who.tenant, filter, before, PAGE + 1).await?;
    let more = found.len() > usize::try_from(PAGE).unwrap_or(0);
    found.truncate(usize::try_from(PAGE).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|line| line.id.to_string());
    let lines = found.into_iter().map(|line| LineView::new(&member.ui, line)).collect();
    Ok(Shelf { lines, next, gaps: Vec::new() })
}

/// Conversations by what was said in them.
async fn found(member: &Member, filter: &Filter, query: &search::Query, before: &str) -> AppResult<Shelf> {
    let ui = &member.ui;
    let part = (before.parse().ok(), usize::try_from(PAGE).unwrap_or(0));
    let mut results = find_transcripts(&member.app, &member.who, filter, query, part).await?;
    results.hits.sort_by_key(|hit| std::cmp::Reverse(hit.line.id));
    let Coverage { back_to, behind_since } = results.coverage;
    let gap = |key: &str, at: i64| ui.texts().fill(key, &[("at", &super::time::minute(at))]);
    let gaps = [back_to.map(|at| gap("transcripts.back_to", at)), behind_since.map(|at| gap("transcripts.behind", at))];
    Ok(Shelf {
        lines: results.hits.into_iter().map(|hit| LineView::found(ui, hit)).collect(),
        next: results.next.map(|next| next.to_string()),
        gaps: gaps.into_iter().flatten().collect(),
    })
}

async fn filter_form(member: &Member, query: &Query) -> AppResult<FilterForm> {
    let ui = &member.ui;
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let sites = site::list(&mut conn, member.who.tenant).await?;
    let mut agents = agent::list(&mut conn, member.who.tenant).await?;
    if !member.may(Permission::ReadTranscripts) {
        agents.retain(|agent| agent.id == member.who.agent);
    }
    let any = |present: &str| Choice::new("", ui.t("filter.any"), present);
    let choose = |name, present: &str, choices: Vec<Choice>| {
        let choices = std::iter::once(any(present)).chain(choices).collect();
        Field { required: false, ..Field::line(ui, name, present) }.control(Control::Select(choices))
    };
    let sites = sites.into_iter().map(|site| Choice::new(site.id.to_string(), site.name, &query.site)).collect();
    let agents = agents.into_iter().map(|agent| Choice::new(agent.id.to_string(), agent.name, &query.agent)).collect();
    let word = |state: &ConversationState| Choice::new(state.as_str(), ui.word("state", state), &query.state);
    let states = ConversationState::ALL.iter().map(word).collect();
    let ratings = (1..=5).rev().map(|score: i64| Choice::new(score.to_string(), score.to_string(), &query.rating));
    let zone = Zone::parse(&query.zone).word();
    let zones = Zone::all().map(|it| Choice::new(it.word(), it.to_string(), &zone)).collect();
    let line = |name, value: &str, kind| Field { required: false, ..Field::line(ui, name, value).input(kind, "off") };
    Ok(FilterForm {
        q: line("q", &query.q, "search"),
        from: line("from", &query.from, "date"),
        to: line("to", &query.to, "date"),
        zone: Field { required: false, ..Field::line(ui, "zone", &query.zone) }.control(Control::Select(zones)),
        agent: choose("agent", &query.agent, agents),
        site: choose("site", &query.site, sites),
        state: choose("state", &query.state, states),
        rating: choose("rating", &query.rating, ratings.collect()),
    })
}

#[derive(Template)]
#[template(path = "admin/transcript.html")]
struct TranscriptPage {
    ui: Ui,
    chrome: Chrome,
    id: ConversationId,
    heading: String,
    begun: Time,
    proof: Proof,
    entries: Vec<EntryView>,
    facts: Vec<(&'static str, String)>,
    state: Pill,
    rating: Option<Stars>,
    /// How queue and routing dealt with it; `None`: the reader may not see that.
    routing: Option<Vec<StepView>>,
}

/// `GET /admin/transcripts/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let ui = member.ui;
    let log = read_transcript(&member.app, &member.who, parse(&id)?).await?;
    let file = transcript(&log, &member.who, member.app.now())?;
    let history = routing_history(&member.app, &member.who, &log).await?;
    page(&TranscriptPage {
        ui,
        chrome: member.chrome(Area::Transcripts).await?,
        id: log.row.id,
        heading: heading(&ui, &log),
        begun: Time(log.row.created_at),
        proof: proof(&ui, &file),
        entries: log.entries.iter().map(|entry| EntryView::new(&ui, member.who.tenant, entry)).collect(),
        facts: facts(&ui, &log),
        state: state(&ui, log.row.state),
        rating: log.row.rating.map(|score| Stars { score, label: ui.t("list.rating") }),
        routing: history.map(|history| steps(&ui, &history)),
    })
}

/// Reads the id of a conversation out of an address.
pub(super) fn parse(id: &str) -> AppResult<ConversationId> {
    ConversationId::parse(id).ok_or_else(|| AppError::not_found("conversation"))
}

/// Whom a conversation was with.
pub(super) fn heading(ui: &Ui, log: &Log) -> String {
    let name = log.visitor_name().or(log.visitor_email());
    name.map_or_else(|| ui.t("entry.visitor").to_owned(), str::to_owned)
}

/// What is known about a conversation.
pub(super) fn facts(ui: &Ui, log: &Log) -> Vec<(&'static str, String)> {
    let parts = [
        ("list.site", Some(log.site.name.clone())),
        ("list.agent", log.agent_name.clone()),
        ("label.email", log.visitor_email().map(str::to_owned)),
        ("fact.page", log.visitor.page_url.clone()),
        ("fact.referrer", log.visitor.referrer.clone()),
        ("fact.browser", log.visitor.browser.clone()),
        ("fact.language", log.visitor.language.clone()),
        ("fact.entries", Some(log.row.last_seq.to_string())),
    ];
    parts.into_iter().filter_map(|(key, value)| value.map(|value| (ui.t(key), value))).collect()
}
