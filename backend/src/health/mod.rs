//! Health, readiness and numbers, for whoever runs it and for load balancers.

/// The listener of metrics.
mod listener;
/// What is only known when somebody looks.
mod sample;

pub use listener::serve;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::app::App;
use crate::realtime::Realtime;
use crate::store::{EveryTenant, meta};

/// Why a node is not ready, or not whole. The words are part of the public surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// It stops: clients were told to go elsewhere.
    Draining,
    /// The database does not answer.
    Database,
    /// The database does not take writes.
    DatabaseWrites,
    /// The database lacks migrations of this build.
    Migrations,
    /// Redis does not answer: what happens on other nodes arrives late, nothing is lost.
    Redis,
}

/// How a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Everything works.
    Ready,
    /// It serves, but not as well as it should.
    Degraded,
    /// Send requests elsewhere.
    NotReady,
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
struct Readiness {
    status: Status,
    reasons: Vec<Reason>,
}

/// `GET /healthz`: the process answers. It says so also while the database does not (C14).
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: whether requests can be served, and why not: 503 while the server stops, the database does not
/// answer or take writes, or lacks migrations. Without Redis it is 200 and `degraded`.
pub async fn readyz(app: web::Data<App>, realtime: web::Data<Realtime>) -> HttpResponse {
    let readiness = readiness(&app, &realtime).await;
    let status = match readiness.status {
        Status::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        Status::Ready | Status::Degraded => StatusCode::OK,
    };
    HttpResponse::build(status).json(readiness)
}

async fn readiness(app: &App, realtime: &Realtime) -> Readiness {
    let mut reasons = Vec::new();
    if realtime.hub.is_draining() {
        reasons.push(Reason::Draining);
    }
    reasons.extend(database(app).await);
    let status = if reasons.is_empty() { Status::Ready } else { Status::NotReady };
    if app.bus.works() {
        return Readiness { status, reasons };
    }
    reasons.push(Reason::Redis);
    let status = if status == Status::Ready { Status::Degraded } else { status };
    Readiness { status, reasons }
}

async fn database(app: &App) -> Option<Reason> {
    if !app.store.is_writable() {
        return Some(Reason::DatabaseWrites);
    }
    let lacks = async { meta::lacks_migrations(&mut app.store.read(EveryTenant).await?).await };
    match lacks.await {
        Ok(false) => None,
        Ok(true) => Some(Reason::Migrations),
        Err(_) => Some(Reason::Database),
    }
}
