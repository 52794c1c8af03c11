//! Health and readiness, for whoever runs it and for load balancers.

use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::realtime::Realtime;
use crate::store::EveryTenant;
use crate::store::meta;

/// `GET /healthz`: the process answers. It says so also while the database does not (C14).
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: requests can be served; 503 while the server stops or the database does not answer
/// or does not take writes.
pub async fn readyz(app: web::Data<App>, realtime: web::Data<Realtime>) -> HttpResponse {
    let why = if realtime.hub.is_draining() { Some("stopping\n") } else { database(&app).await };
    match why {
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Some(why) => HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(why),
    }
}

async fn database(app: &App) -> Option<&'static str> {
    if !app.store.is_writable() {
        return Some("the database does not take writes\n");
    }
    let answer = async {
        let mut conn = app.store.read(EveryTenant).await?;
        meta::ping(&mut conn).await
    };
    answer.await.err().map(|_| "the database does not answer\n")
}
