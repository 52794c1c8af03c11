//! Messages left while nobody was there: read, answered by e-mail, put away.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use domain::text::MessageText;
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::ConversationState;
use serde::Deserialize;

use super::field::{Control, Errors, Field};
use super::parts::{Pill, Time};
use super::reply::{Reply, again, page, see, stale};
use super::scope::{Area, Member};
use super::thread::{EntryView, Kind};
use super::transcripts::{LineView, PAGE, facts, heading, parse, state};
use super::ui::{Chrome, Ui};
use crate::actions::answer_offline::{answer_offline, close_offline};
use crate::actions::read_transcript::{Log, read_transcript};
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
    cmid: Cmid,
    answer: Field,
}

/// Instead of the message, when it is not offline any more.
#[derive(Template)]
#[template(path = "admin/offline_gone.html")]
struct GonePage {
    ui: Ui,
    chrome: Chrome,
    id: ConversationId,
    /// What was typed, so that it is not lost.
    answer: Option<Field>,
}

/// `GET /admin/offline/{id}`
pub(super) async fn show(member: Member, id: web::Path<String>) -> Reply {
    let log = read_transcript(&member.app, &member.who, parse(&id)?).await?;
    let cmid = Cmid(member.app.id());
    page(&message_page(&member, &log, (cmid, ""), &Errors::default()).await?)
}

async fn message_page(
    member: &Member,
    log: &Log,
    (cmid, text): (Cmid, &str),
    errors: &Errors,
) -> AppResult<MessagePage> {
    let ui = member.ui;
    let is_open = log.row.state == ConversationState::Offline && !member.who.suspended;
    let help = match log.visitor_email() {
        Some(email) => ui.t1("offline.answer_help", email),
        None => ui.t("offline.answer_help_unmailed").to_owned(),
    };
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
        // What is not mailed waits for no mail server.
        smtp: member.app.config.smtp_url.is_some() || log.visitor_email().is_none(),
        cmid,
        answer: Field::line(&ui, "answer", text).control(Control::Lines(6)).help(help).error(errors),
    })
}

/// An answer.
#[derive(Deserialize)]
pub(super) struct Answer {
    answer: String,
    /// Made with the form, so that a form sent twice answers once.
    #[serde(default)]
    cmid: String,
}

/// `POST /admin/offline/{id}/answer`
pub(super) async fn answer(member: Member, id: web::Path<String>, form: web::Form<Answer>) -> Reply {
    member.require(Permission::Answer)?;
    let id = parse(&id)?;
    let cmid = Cmid::parse(&form.cmid).unwrap_or_else(|| Cmid(member.app.id()));
    let mut errors = Errors::default();
    let Some(text) = errors.take(&member.ui, "answer", MessageText::parse(&form.answer)) else {
        let log = read_transcript(&member.app, &member.who, id).await?;
        return again(&message_page(&member, &log, (cmid, &form.answer), &errors).await?);
    };
    match answer_offline(&member.app, &member.who, id, cmid, text).await {
        Ok(answered) => {
            let done = if answered.mailed { "done=answered" } else { "done=answered_unmailed" };
            see(&format!("/admin/offline/{id}"), done)
        }
        Err(error) if is_gone(&error) => gone(&member, id, Some(&form.answer)).await,
        Err(error) => Err(error),
    }
}

/// `POST /admin/offline/{id}/close`
pub(super) async fn close(member: Member, id: web::Path<String>) -> Reply {
    member.require(Permission::Answer)?;
    let id = parse(&id)?;
    match close_offline(&member.app, &member.who, id).await {
        Ok(()) => see("/admin/offline", "done=closed"),
        Err(error) if is_gone(&error) => gone(&member, id, None).await,
        Err(error) => Err(error),
    }
}

fn is_gone(error: &AppError) -> bool {
    matches!(error, AppError::Refused(refusal) if refusal.code == ErrorCode::WrongState)
}

async fn gone(member: &Member, id: ConversationId, answer: Option<&str>) -> Reply {
    let ui = member.ui;
    let kept = |text: &str| {
        Field { required: false, ..Field::line(&ui, "answer", text) }
            .control(Control::Lines(6))
            .help(ui.t("offline.gone_kept"))
    };
    let chrome = member.chrome(Area::Offline).await?;
    stale(&GonePage { ui, chrome, id, answer: answer.map(kept) })
}
