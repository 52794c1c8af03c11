//! What runs beside requests: each job is one file and one loop, woken by an alarm of [`crate::app::App`].

/// Lines of the agents' lists.
mod announcer;
/// The database's time.
pub mod clock;
/// E-mail.
pub mod deliver_outbox;
/// Whether files and connections can be opened.
mod descriptors;
/// Offers, timers, positions.
mod dispatcher;
/// The search index.
mod indexer;
/// Who came and went on other nodes.
mod people;
/// Positions, for who missed a note.
mod positions;
/// Suspensions and sign-outs by another process.
mod suspensions;
/// When visitors came and went.
mod visitors;

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::bus::Deliver;
use crate::mail::smtp::Mailer;

/// Starts every job; without `mailer` mail waits in the outbox. They run until the handle is aborted or the
/// process ends; nothing of theirs is lost then, because what is to be done is in the database.
pub fn start(app: &Arc<App>, sessions: Arc<dyn Deliver>, mailer: Option<Mailer>) -> Vec<JoinHandle<()>> {
    let mut jobs = vec![
        tokio::spawn(dispatcher::run(Arc::clone(app))),
        tokio::spawn(announcer::run(Arc::clone(app))),
        tokio::spawn(visitors::run(Arc::clone(app))),
        tokio::spawn(indexer::run(Arc::clone(app))),
        tokio::spawn(clock::run(Arc::clone(app))),
        tokio::spawn(descriptors::run()),
        tokio::spawn(suspensions::run(Arc::clone(app), Arc::clone(&sessions))),
        tokio::spawn(people::run(Arc::clone(app), Arc::clone(&sessions))),
        tokio::spawn(positions::run(Arc::clone(app), sessions)),
    ];
    jobs.extend(mailer.map(|mailer| tokio::spawn(deliver_outbox::run(Arc::clone(app), mailer))));
    jobs
}
