//! The operators' side: tenants, operators, health, jobs.

/// How the installation is.
mod health;
/// Operators.
mod operators;
/// Inviting owners.
mod invite;
/// Tenants.
mod tenants;

use actix_web::web::{ServiceConfig, get, post};

use super::{audit, profile};

/// The routes below `/platform`.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("", get().to(tenants::list))
        .route("/tenants", post().to(tenants::create))
        .route("/tenants/new", get().to(tenants::new))
        .route("/tenants/{id}", get().to(tenants::show))
        .route("/tenants/{id}", post().to(tenants::rename))
        .route("/tenants/{id}/suspend", get().to(tenants::confirm))
        .route("/tenants/{id}/suspend", post().to(tenants::suspend))
        .route("/tenants/{id}/resume", post().to(tenants::resume))
        .route("/tenants/{id}/invite", get().to(invite::form))
        .route("/tenants/{id}/invite", post().to(invite::make))
        .route("/operators", get().to(operators::list))
        .route("/health", get().to(health::health))
        .route("/health", post().to(health::check))
        .route("/jobs", get().to(health::jobs))
        .route("/audit", get().to(audit::list_of_all))
        .route("/profile", get().to(profile::show_operator))
        .route("/profile/password", post().to(profile::change_operator_password))
        .route("/profile/sign-out-everywhere", post().to(profile::sign_out_operator_everywhere));
}
