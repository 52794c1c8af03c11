//! Who did what.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use serde::Deserialize;
use uuid::Uuid;

use super::parts::Time;
use super::reply::{Reply, page};
use super::scope::{Area, Member, Operator};
use super::ui::{Chrome, Ui};
use crate::store::audit::{self, Record};

/// Lines on a page.
const PAGE: i64 = 100;

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    records: Vec<RecordView>,
    older: Option<String>,
}

struct RecordView {
    action: String,
    detail: Option<String>,
    actor: String,
    target: Option<String>,
    at: Time,
    ip: Option<String>,
}

impl RecordView {
    fn new(ui: &Ui, record: Record) -> Self {
        let known = ui.texts().find(&format!("audit.{}", record.action));
        Self {
            action: known.map_or(record.action, str::to_owned),
            detail: record.detail.filter(|detail| detail != "{}").map(|detail| short(&detail)),
            actor: record.actor,
            target: record.target,
            at: Time(record.at),
            ip: record.ip,
        }
    }
}

/// A detail that is longer is cut: the record itself stays whole.
fn short(detail: &str) -> String {
    const LONGEST: usize = 300;
    let mut text: String = detail.chars().take(LONGEST).collect();
    if text.len() < detail.len() {
        text.push('…');
    }
    text
}

/// Where a page of the list begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Before {
    before: String,
}

/// `GET /admin/audit`
pub(super) async fn list(member: Member, query: web::Query<Before>) -> Reply {
    member.require(Permission::ViewAudit)?;
    let mut conn = member.app.store.read().await?;
    let rows = audit::list(&mut conn, member.who.tenant, Uuid::try_parse(&query.before).ok(), PAGE + 1).await?;
    drop(conn);
    page(&list_page(member.ui, member.chrome(Area::Audit).await?, rows, "/admin/audit"))
}

/// `GET /platform/audit`
pub(super) async fn list_of_all(operator: Operator, query: web::Query<Before>) -> Reply {
    let mut conn = operator.app.store.read().await?;
    let rows = audit::list_of_all(&mut conn, Uuid::try_parse(&query.before).ok(), PAGE + 1).await?;
    drop(conn);
    page(&list_page(operator.ui, operator.chrome("/platform/audit"), rows, "/platform/audit"))
}

fn list_page(ui: Ui, chrome: Chrome, mut rows: Vec<Record>, path: &str) -> ListPage {
    let size = usize::try_from(PAGE).unwrap_or(0);
    let more = rows.len() > size;
    rows.truncate(size);
    let older = rows.last().filter(|_| more).map(|row| format!("{path}?before={}", row.id));
    ListPage { ui, chrome, records: rows.into_iter().map(|row| RecordView::new(&ui, row)).collect(), older }
}
