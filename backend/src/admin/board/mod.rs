//! The live board: what goes on now, and why each conversation waits. The page is complete without JavaScript;
//! `board.js` fetches the same tables as JSON and puts in what changed.

/// What tables are made of.
mod table;
/// The tables' rows.
mod rows;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use domain::permission::Permission;
use protocol::ids::AgentId;
use protocol::state::Presence;
use serde::{Deserialize, Serialize};

use super::duration::duration;
use super::reply::{Reply, page, see};
use super::scope::{Area, Member};
use super::ui::{Chrome, Ui};
use crate::actions::board::{Board, board};
use crate::actions::release::release_agent;
use crate::error::AppError;
use rows::Rows;
use table::{Part, Table};

#[derive(Template)]
#[template(path = "admin/board.html")]
struct BoardPage {
    ui: Ui,
    chrome: Chrome,
    view: View,
}

/// What the page shows and what the script fetches.
#[derive(Serialize)]
struct View {
    /// When, Unix milliseconds.
    at: i64,
    /// All of it in one sentence.
    summary: String,
    /// The queue, the agents, the departments.
    tables: [Table; 3],
}

/// `GET /admin/board`
pub(super) async fn show(member: Member) -> Reply {
    let board = board(&member.app, &member.who).await?;
    let view = view(&member, &board);
    page(&BoardPage { ui: member.ui, chrome: member.chrome(Area::Board).await?, view })
}

/// `GET /admin/board.json`
pub(super) async fn data(member: Member) -> Reply {
    let board = board(&member.app, &member.who).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(view(&member, &board)))
}

fn view(member: &Member, board: &Board) -> View {
    let ui = &member.ui;
    let may_release = member.may(Permission::TakeOver) && !member.who.suspended;
    let rows = Rows { ui, board, may_release, stamp: &member.stamp() };
    View {
        at: board.at,
        summary: summary(ui, board),
        tables: [
            Table::new(ui, "waiting", rows.waiting()).note(rows.left_out()),
            Table::new(ui, "agents", rows.agents()),
            Table::new(ui, "departments", rows.departments()),
        ],
    }
}

fn summary(ui: &Ui, board: &Board) -> String {
    let online = board.agents.iter().filter(|agent| agent.presence == Presence::Online).count();
    let agents = [("online", online.to_string()), ("all", board.agents.len().to_string())];
    let agents = agents.each_ref().map(|(name, value)| (*name, value.as_str()));
    let agents = ui.texts().fill("board.agents_online", &agents);
    let waiting = match board.departments.iter().filter_map(|line| line.longest_ms).max() {
        None => ui.t("board.nobody_waits").to_owned(),
        Some(longest) => {
            let values = [("n", board.in_queue.to_string()), ("time", duration(ui, longest))];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            ui.texts().fill(if board.in_queue == 1 { "board.waits.one" } else { "board.waits.other" }, &values)
        }
    };
    ui.texts().fill("board.summary", &[("waiting", &waiting), ("agents", &agents)])
}

/// Whose list is given back.
#[derive(Deserialize)]
pub(super) struct Release {
    agent: String,
}

/// `POST /admin/board/release`: what an absent agent holds goes back to the heads of its queues.
pub(super) async fn release(member: Member, form: web::Form<Release>) -> Reply {
    member.require(Permission::TakeOver)?;
    let agent = AgentId::parse(&form.agent).ok_or_else(|| AppError::not_found("agent"))?;
    release_agent(&member.app, &member.principal(), agent).await?;
    see("/admin/board", "done=released")
}
