//! Who did what.

use actix_web::web;
use askama::Template;
use domain::permission::Permission;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::parts::Time;
use super::reply::{Reply, page};
use super::scope::{Area, Member, Operator};
use super::ui::{Chrome, Ui};
use crate::store::EveryTenant;
use crate::store::audit::{self, Record};

/// Lines on a page.
const PAGE: i64 = 100;
/// Longest detail shown, in characters.
const LONGEST: usize = 300;

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
    at: Time,
    ip: Option<String>,
}

impl RecordView {
    fn new(ui: &Ui, record: Record) -> Self {
        let known = ui.texts().find(&format!("audit.{}", record.action));
        Self {
            action: known.map_or(record.action, str::to_owned),
            detail: record.detail.as_deref().and_then(described),
            actor: record.actor,
            at: Time(record.at),
            ip: record.ip,
        }
    }
}

/// What changed, as `name: value` or, of a record with before and after, `name: old → new`. The record itself
/// stays whole.
fn described(detail: &str) -> Option<String> {
    let detail: Value = serde_json::from_str(detail).ok()?;
    let mut parts = Vec::new();
    match (detail.get("before"), detail.get("after")) {
        (Some(before), Some(after)) => differences("", before, after, &mut parts),
        _ => differences("", &Value::Null, &detail, &mut parts),
    }
    let text = parts.join(" · ");
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}

/// What differs, member by member: what was taken out of an object is a difference too.
fn differences(name: &str, before: &Value, after: &Value, parts: &mut Vec<String>) {
    let members = |value: &Value| value.as_object().cloned();
    match (members(before), members(after)) {
        (None, None) if before == after => {}
        (None, None) if before.is_null() => parts.push(format!("{name}: {}", shown(after))),
        // Nothing against an object is every member of it.
        (old, new) if (old.is_some() || before.is_null()) && (new.is_some() || after.is_null()) => {
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            for key in new.keys().chain(gone) {
                let of = |members: &Map<String, Value>| members.get(key).cloned().unwrap_or_default();
                differences(key, &of(&old), &of(&new), parts);
            }
        }
        _ => parts.push(format!("{name}: {} → {}", shown(before), shown(after))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
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
    let mut conn = member.app.store.read(member.who.tenant).await?;
    let rows = audit::list(&mut conn, member.who.tenant, Uuid::try_parse(&query.before).ok(), PAGE + 1).await?;
    drop(conn);
    page(&list_page(member.ui, member.chrome(Area::Audit).await?, rows, "/admin/audit"))
}

/// `GET /platform/audit`
pub(super) async fn list_of_all(operator: Operator, query: web::Query<Before>) -> Reply {
    let mut conn = operator.app.store.read(EveryTenant).await?;
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

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn a_record_says_what_changed() {
        let created = r#"{"name":"Tea","origins":["https://a","https://b"]}"#;
        assert_eq!(described(created).as_deref(), Some("name: Tea · origins: https://a, https://b"));
        let changed = r##"{"before":{"name":"Tea","config":{"color":"#000000","side":"end"}},
            "after":{"name":"Tea","config":{"color":"#ffffff","side":"end"}}}"##;
        assert_eq!(described(changed).as_deref(), Some("color: #000000 → #ffffff"));
        assert_eq!(described("{}"), None);
        assert_eq!(described("not json"), None);
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1000));
        assert_eq!(described(&long).map(|text| text.chars().count()), Some(301));
    }
}
