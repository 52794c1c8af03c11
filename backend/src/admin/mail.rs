//! E-mail that waits, was sent, or was given up.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use serde::Deserialize;
use uuid::Uuid;

use super::parts::{Pill, Time};
use super::reply::{Reply, page, see};
use super::scope::{Area, Member};
use super::ui::{Chrome, Ui};
use crate::actions::retry_mail::retry_mail;
use crate::error::AppError;
use crate::mail::Mail;
use crate::store::outbox::{self, Outgoing};

/// Lines on a page.
const PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "admin/mail.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    smtp: bool,
    mails: Vec<MailView>,
    older: Option<String>,
}

struct MailView {
    id: Uuid,
    subject: String,
    to: String,
    kind: &'static str,
    state: Pill,
    error: Option<String>,
    at: Time,
    next: Option<Time>,
    can_retry: bool,
}

impl MailView {
    fn new(ui: &Ui, row: Outgoing) -> Self {
        let mail: Option<Mail> = serde_json::from_str(&row.payload).ok();
        let (tone, word) = match (row.sent_at, row.failed_at) {
            (Some(_), _) => ("good", "sent"),
            (None, Some(_)) => ("bad", "failed"),
            (None, None) => ("warn", "waiting"),
        };
        Self {
            id: row.id,
            subject: mail.as_ref().map(|mail| mail.letter.subject.clone()).unwrap_or_default(),
            to: mail.map(|mail| mail.to).unwrap_or_default(),
            kind: ui.word("mail.kind", &row.kind),
            state: Pill { tone, text: ui.word("mail.state", word) },
            error: row.last_error,
            at: Time(row.sent_at.or(row.failed_at).unwrap_or(row.created_at)),
            next: (word == "waiting" && row.attempts > 0).then_some(Time(row.next_at)),
            can_retry: row.sent_at.is_none(),
        }
    }
}

/// Where a page of the list begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Before {
    before: String,
}

/// `GET /admin/mail`
pub(super) async fn list(member: Member, query: web::Query<Before>) -> Reply {
    member.require(Permission::ManagePeople)?;
    let ui = member.ui;
    let before = Uuid::try_parse(&query.before).ok();
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let mut rows = outbox::list(&mut conn, member.who.tenant, before, PAGE + 1).await?;
    drop(conn);
    let size = usize::try_from(PAGE).unwrap_or(0);
    let more = rows.len() > size;
    rows.truncate(size);
    let older = rows.last().filter(|_| more).map(|row| format!("/admin/mail?before={}", row.id));
    page(&ListPage {
        ui,
        chrome: member.chrome(Area::Mail).await?,
        smtp: member.app.config.smtp_url.is_some(),
        mails: rows.into_iter().map(|row| MailView::new(&ui, row)).collect(),
        older,
    })
}

/// `POST /admin/mail/{id}/retry`
pub(super) async fn retry(member: Member, id: web::Path<String>) -> Reply {
    let id = Uuid::try_parse(&id).map_err(|_| AppError::not_found("mail"))?;
    retry_mail(&member.app, &member.actor(), member.who.tenant, id).await?;
    see("/admin/mail", "done=mail_retry")
}
