//! Metrics on a listener of their own, which the public does not reach; health and readiness beside them, for
//! whoever asks from inside.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{self, get};
use actix_web::{App as Routes, HttpResponse, HttpServer};

use super::sample::sample;
use super::{healthz, readyz};
use crate::app::App;
use crate::metrics::metrics;
use crate::realtime::Realtime;

/// Serves `/metrics`, `/healthz` and `/readyz` on `listener`.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(realtime: &Realtime, listener: TcpListener) -> io::Result<Server> {
    let realtime = realtime.clone();
    let server = HttpServer::new(move || {
        Routes::new()
            .app_data(web::Data::from(Arc::clone(&realtime.app)))
            .app_data(web::Data::new(realtime.clone()))
            .route("/metrics", get().to(scrape))
            .route("/healthz", get().to(healthz))
            .route("/readyz", get().to(readyz))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

/// `GET /metrics`
async fn scrape(app: web::Data<App>, realtime: web::Data<Realtime>) -> HttpResponse {
    sample(&app, &realtime).await;
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics().render())
}
