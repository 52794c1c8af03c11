//! Messages left while nobody was there: read, answered by e-mail, put away.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use domain::text::MessageText;
use protocol::command::{Close, Post, PostBody};
use protocol::entry::Text;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::ConversationState;
use serde::Deserialize;

use super::field::{Control, Errors, Field};
use super::parts::{Pill, Time};
use super::reply::{Reply, again, page, see};
use super::scope::{Area, Member};
use super::thread::{EntryView, Kind};
use super::transcripts::{LineView, PAGE, facts, heading, parse, state};
use super::ui::{Chrome, Ui};
use crate::actions::read_transcript::{Log, read_transcript};
use crate::actions::{close, post};
use crate::error::{AppError, AppResult};
use crate::store::transcript::{self as lines, Filter};

#[derive(Template)]
#[template(path = "admin/offline.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    lines: Vec<LineView>,
    older: Option<String>,
}

/// Where a page of the list begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Before {
    before: String,
}

/// `GET /admin/offline`
pub(super) async fn list(member: Member, query: web::Query<Before>) -> Reply {
    member.require(Permission::SeeAllConversations)?;
    let ui = member.ui;
    let filter = Filter { state: Some(ConversationState::Offline), ..Filter::default() };
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let before = ConversationId::parse(&query.before);
    let mut found = lines::list(&mut conn, member.who.tenant, &filter, before, PAGE + 1).await?;
    drop(conn);
    let size = usize::try_from(PAGE).unwrap_or(0);
    let more = found.len() > size;
    found.truncate(size);
    let older = found.last().filter(|_| more).map(|line| format!("/admin/offline?before={}", line.id));
    page(&ListPage {
        ui,
        chrome: member.chrome(Area::Offline).await?,
        lines: found.into_iter().map(|line| LineView::new(&ui, line)).collect(),
        older,
    })
}

#[derive(Template)]
#[template(path = "admin/offline_message.html")]
struct MessagePage {
    ui: Ui,
    chrome: Chrome,
    id: ConversationId,
    heading: String,
    begun: Time,
    entries: Vec<EntryView>,
    facts: Vec<(&'static str, String)>,
    state: Pill,
    is_open: bool,
    smtp: bool,
    answer: Field,
}

/// `GET /admin/offline/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let log = read_transcript(&member.app, &member.who, parse(&id)?).await?;
    page(&message_page(&member, &log, "", &Errors::default()).await?)
}

async fn message_page(member: &Member, log: &Log, text: &str, errors: &Errors) -> AppResult<MessagePage> {
    let ui = member.ui;
    let is_open = log.row.state == ConversationState::Offline && !member.who.suspended;
    let email = log.visitor_email().unwrap_or_default();
    Ok(MessagePage {
        ui,
        chrome: member.chrome(Area::Offline).await?,
        id: log.row.id,
        heading: heading(&ui, log),
        begun: Time(log.row.created_at),
        entries: log.entries.iter().map(|entry| EntryView::new(&ui, member.who.tenant, entry)).collect(),
        facts: facts(&ui, log),
        state: state(&ui, log.row.state),
        is_open,
        smtp: member.app.config.smtp_url.is_some(),
        answer: Field::line(&ui, "answer", text)
            .control(Control::Lines(6))
            .help(ui.t1("offline.answer_help", email))
            .error(errors),
    })
}

/// An answer.
#[derive(Deserialize)]
pub(super) struct Answer {
    answer: String,
}

/// `POST /admin/offline/{id}/answer`
pub(super) async fn answer(member: Member, id: web::Path<String>, form: web::Form<Answer>) -> Reply {
    member.require(Permission::Answer)?;
    let id = parse(&id)?;
    let mut errors = Errors::default();
    let Some(text) = errors.take(&member.ui, "answer", MessageText::parse(&form.answer)) else {
        let log = read_transcript(&member.app, &member.who, id).await?;
        return again(&message_page(&member, &log, &form.answer, &errors).await?);
    };
    let command = Post {
        cmid: Cmid(member.app.id()),
        conversation: Some(id),
        body: PostBody::Message(Text { text: text.into_string() }),
    };
    post::post_message(&member.app, &member.principal(), command).await?;
    see(&format!("/admin/offline/{id}"), "done=answered")
}

/// `POST /admin/offline/{id}/close`
pub(super) async fn close(member: Member, id: web::Path<String>) -> Reply {
    member.require(Permission::Answer)?;
    let conversation = ConversationId::parse(&id).ok_or_else(|| AppError::not_found("conversation"))?;
    close::close_conversation(&member.app, &member.principal(), Close { conversation }).await?;
    see("/admin/offline", "done=closed")
}
