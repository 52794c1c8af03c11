//! The panels rendered on the server: `/admin` for a tenant's people, `/platform` for operators. They work
//! without JavaScript. A handler reads what it shows, or calls one action and redirects; rules and writes are in
//! [`crate::actions`].

/// Language, texts, navigation.
pub mod ui;
/// Small pieces of pages.
pub mod parts;
/// Times for people.
pub mod time;
/// Time zones.
pub mod zone;
/// Fields of forms.
pub mod field;
/// Answers: pages and redirects.
pub mod reply;
/// Who asks, in which tenant.
pub mod scope;
/// Which tenant a form was drawn for.
pub mod stamp;
/// Start page of a tenant.
mod overview;
/// What goes on now, and why.
mod board;
/// Why routing decided as it did, in words.
mod reasons;
/// The history of a conversation in queue and routing.
mod routing_steps;
/// Lengths of time.
mod duration;
/// Sites.
mod sites;
/// The form of a site.
mod site_form;
/// Members.
mod people;
/// One member.
mod person;
/// Inviting members.
mod invite;
/// Forms whose fields are not known beforehand.
mod pairs;
/// Settings of queue and routing, for people.
mod settings;
/// The page of those settings.
mod routing;
/// Departments.
mod departments;
/// The form of a department.
mod department_form;
/// Removing a department.
mod department_remove;
/// Who is a member of what.
mod memberships;
/// Business hours in a form.
mod hours_form;
/// Keys that say who a visitor is.
mod identity;
/// A log as people read it.
mod thread;
/// Conversations, searched and read.
mod transcripts;
/// Conversations as files.
mod export;
/// Messages left while nobody was there.
mod offline;
/// E-mail.
mod mail;
/// Who did what.
mod audit;
/// One's own login.
mod profile;
/// The operators' side.
mod platform;

use actix_web::web::{self, ServiceConfig, get, post};

/// The routes of both panels. Forms of the tenant side have at most `form_bytes`.
pub fn routes(cfg: &mut ServiceConfig, form_bytes: usize) {
    let forms = web::FormConfig::default().limit(form_bytes);
    cfg.service(web::scope("/admin").app_data(forms).configure(tenant_side));
    cfg.service(web::scope("/platform").configure(platform::routes));
}

fn tenant_side(cfg: &mut ServiceConfig) {
    cfg.route("", get().to(overview::show))
        .route("/switch", post().to(scope::switch))
        .route("/board", get().to(board::show))
        .route("/board.json", get().to(board::data))
        .route("/board/release", post().to(board::release))
        .route("/sites", get().to(sites::list))
        .route("/sites", post().to(sites::create))
        .route("/sites/new", get().to(sites::new))
        .route("/sites/{id}", get().to(sites::show))
        .route("/sites/{id}", post().to(sites::update))
        .route("/sites/{id}/preview", get().to(sites::preview))
        .route("/sites/{id}/{switch}", post().to(sites::switch))
        .route("/people", get().to(people::list))
        .route("/people/invite", get().to(invite::form))
        .route("/people/invite", post().to(invite::make))
        .route("/people/invite/withdraw", post().to(invite::withdraw))
        .route("/people/{id}", get().to(person::show))
        .route("/people/{id}", post().to(person::update))
        .route("/people/{id}/{switch}", post().to(person::switch))
        .route("/departments", get().to(departments::list))
        .route("/departments", post().to(departments::create))
        .route("/departments/new", get().to(departments::new))
        .route("/departments/{id}", get().to(departments::show))
        .route("/departments/{id}", post().to(departments::update))
        .route("/departments/{id}/remove", get().to(department_remove::ask))
        .route("/departments/{id}/remove", post().to(department_remove::remove))
        .route("/routing", get().to(routing::show))
        .route("/routing", post().to(routing::update))
        .route("/identity", get().to(identity::show))
        .route("/identity", post().to(identity::create))
        .route("/identity/{id}/revoke", post().to(identity::revoke))
        .route("/transcripts", get().to(transcripts::list))
        .route("/transcripts/{id}", get().to(transcripts::show))
        .route("/transcripts/{id}/export", post().to(export::export))
        .route("/offline", get().to(offline::list))
        .route("/offline/{id}", get().to(offline::show))
        .route("/offline/{id}/answer", post().to(offline::answer))
        .route("/offline/{id}/close", post().to(offline::close))
        .route("/mail", get().to(mail::list))
        .route("/mail/{id}/retry", post().to(mail::retry))
        .route("/audit", get().to(audit::list))
        .route("/profile", get().to(profile::show))
        .route("/profile/password", post().to(profile::change_password))
        .route("/profile/sign-out-everywhere", post().to(profile::sign_out_everywhere));
}

#[cfg(test)]
mod tests;
