//! Every route on one page: a path, a method, a function.

use actix_web::middleware::Compress;
use actix_web::web::{self, ServiceConfig, get, post, resource};

use crate::realtime::{longpoll, textpage};
use crate::{admin, health, http};

/// Most bytes of a form.
const FORM_BYTES: usize = 64 * 1024;

/// Most bytes of a form of the chat or the panels: the longest message, every byte of it escaped, and the rest.
const LONG_FORM_BYTES: usize = 128 * 1024;

/// The routes.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(web::FormConfig::default().limit(FORM_BYTES))
        .app_data(http::json::config())
        .app_data(web::PayloadConfig::default().limit(FORM_BYTES));

    // What merchants embed, and what it loads.
    cfg.service(resource("/w/{file}").wrap(Compress::default()).route(get().to(http::loader)))
        .service(resource("/frame/{key}").route(get().to(http::frame)))
        .service(resource("/chat/{key}").route(get().to(http::hosted)))
        .service(resource("/assets/{name}").route(get().to(http::asset)));

    // The same chat for browsers without JavaScript.
    cfg.service(
        resource("/chat/{key}/text")
            .app_data(web::FormConfig::default().limit(LONG_FORM_BYTES))
            .route(get().to(textpage::show))
            .route(post().to(textpage::act)),
    )
    .service(resource("/chat/{key}/text/colors.css").route(get().to(http::chat::colors)))
    .service(resource("/chat/{key}/text/files/{id}").route(get().to(textpage::file)));

    // By a link in a mail.
    cfg.service(resource("/back/{token}").route(get().to(http::back_form)).route(post().to(http::back)));

    // Realtime. Handshakes never come here, and polls seldom: see `door`.
    cfg.service(resource("/v1/ws").route(get().to(http::upgrade_required)))
        .service(resource("/v1/poll").route(post().to(longpoll::poll)))
        .service(resource("/v1/commands").route(post().to(longpoll::commands)));

    // The rest of the interface for programs.
    cfg.service(resource("/v1/visitor").route(post().to(http::issue)))
        .service(resource("/v1/me").route(get().to(http::me)))
        .service(resource("/v1/probe").route(get().to(http::probe::probe)))
        .service(resource("/v1/files").route(post().to(http::files::upload)))
        .service(resource("/v1/files/{id}").route(get().to(http::files::download)));

    // Pages for people who work with it.
    cfg.service(resource("/").route(get().to(http::landing)))
        .service(resource("/console").route(get().to(http::console)))
        .service(resource("/sign-in").route(get().to(http::sign_in_form)).route(post().to(http::sign_in)))
        .service(resource("/sign-in/code").route(get().to(http::code_form)).route(post().to(http::code)))
        .service(resource("/second-factor").route(get().to(http::second_factor::show)))
        .service(resource("/second-factor/begin").route(post().to(http::second_factor::begin)))
        .service(resource("/second-factor/confirm").route(post().to(http::second_factor::confirm)))
        .service(resource("/second-factor/codes").route(post().to(http::second_factor::renew_codes)))
        .service(resource("/second-factor/off").route(post().to(http::second_factor::disable)))
        .service(resource("/sign-out").route(get().to(http::sign_out_form)).route(post().to(http::sign_out)))
        .service(resource("/setup/{token}").route(get().to(http::setup_form)).route(post().to(http::accept)))
        .service(resource("/forgot").route(get().to(http::forgot_form)).route(post().to(http::request_reset)));

    // The panels.
    admin::routes(cfg, LONG_FORM_BYTES);

    // For whoever runs it.
    cfg.service(resource("/healthz").route(get().to(health::healthz)))
        .service(resource("/readyz").route(get().to(health::readyz)))
        .default_service(web::to(http::not_found));
}
