//! Giving a conversation away as a file: HTML for people, JSON for `frontdesk verify`.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::parts::Time;
use super::reply::Reply;
use super::scope::Member;
use super::thread::{EntryView, Kind};
use super::transcripts::{facts, heading, parse};
use super::ui::{Html, Ui};
use crate::actions::read_transcript::{Log, export_transcript, transcript};
use crate::error::AppError;

/// Which file.
#[derive(Deserialize)]
pub(super) struct Export {
    format: String,
}

#[derive(Template)]
#[template(path = "admin/export.html")]
struct ExportPage {
    ui: Ui,
    heading: String,
    entries: Vec<EntryView>,
    facts: Vec<(&'static str, Html)>,
    foot: String,
}

/// `POST /admin/transcripts/{id}/export`: a write, because the audit log says who took what.
pub(super) async fn export(member: Member, id: web::Path<String>, form: web::Form<Export>) -> Reply {
    let id = parse(&id)?;
    let (format, media_type) = match form.format.as_str() {
        "json" => ("json", "application/json"),
        _ => ("html", "text/html; charset=utf-8"),
    };
    let log = export_transcript(&member.app, &member.actor(), &member.who, id, format).await?;
    let file = transcript(&log, &member.who, member.app.now())?;
    let body = match format {
        "json" => serde_json::to_string_pretty(&file).map_err(|error| AppError::Internal(error.into()))?,
        _ => export_page(&member.ui, &log, &file.head, file.exported_at)
            .render()
            .map_err(|error| AppError::Internal(error.into()))?,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"transcript-{id}.{format}\"")))
        .content_type(media_type)
        .body(body))
}

fn export_page(ui: &Ui, log: &Log, head: &str, at: i64) -> ExportPage {
    let mut all: Vec<_> = vec![(ui.t("list.begun"), Html(Time(log.row.created_at).to_string()))];
    let text = |(name, value): (&'static str, String)| (name, Html(super::parts::escape(&value)));
    all.extend(facts(ui, log).into_iter().map(text));
    let at = super::time::minute(at);
    ExportPage {
        ui: *ui,
        heading: heading(ui, log),
        entries: log.entries.iter().map(|entry| EntryView::new(ui, log.site.tenant_id, entry)).collect(),
        facts: all,
        foot: ui.texts().fill("transcript.foot", &[("at", &at), ("id", &log.row.id.to_string()), ("head", head)]),
    }
}
