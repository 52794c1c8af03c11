//! What runs beside requests: each job is one file and one loop, woken by an alarm of [`crate::app::App`].

/// Offers, timers, positions.
mod dispatcher;
/// Lines of the agents' lists.
mod announcer;
/// When visitors came and went.
mod visitors;
/// E-mail.
pub mod deliver_outbox;

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::app::App;

/// Starts every job. They run until the handle is aborted or the process ends; nothing of theirs is lost
/// then, because what is to be done is in the database.
pub fn start(app: &Arc<App>) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(dispatcher::run(Arc::clone(app))),
        tokio::spawn(announcer::run(Arc::clone(app))),
        tokio::spawn(visitors::run(Arc::clone(app))),
        tokio::spawn(deliver_outbox::run(Arc::clone(app))),
    ]
}
