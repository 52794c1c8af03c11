//! Everything outside the rules, built once in `server.rs` and handed to every action: database, bus,
//! presence, clock, configuration. There is no other application state.

use std::sync::Arc;

use protocol::ids::{Epoch, TenantId};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::auth::keys::Keys;
use crate::auth::limiter::Limiter;
use crate::bus::Bus;
use crate::clock::{Clock, new_id};
use crate::config::Config;
use crate::files::FileStore;
use crate::presence::Presence;
use crate::store::Store;

/// The outside world of an action.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// Tells sessions what happened.
    pub bus: Arc<dyn Bus>,
    /// Who is connected.
    pub presence: Arc<dyn Presence>,
    /// What time it is.
    pub clock: Clock,
    /// Keys that sign visitor tokens.
    pub keys: Keys,
    /// Buckets that bound how often one may ask.
    pub limiter: Limiter,
    /// Where attachments lie.
    pub files: FileStore,
    /// The history this installation holds (C5).
    pub epoch: Epoch,
    /// Wakes the dispatcher for a tenant whose queue, agents or presence changed.
    pub dispatcher: Wake<TenantId>,
    /// Wakes the job that sends mail.
    pub mailer: Wake<()>,
}

impl App {
    /// Now, in Unix milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        new_id(self.now())
    }
}

/// The sending half of a job's alarm. Never waits: a job that is already called needs no second call.
pub struct Wake<T>(mpsc::Sender<T>);

impl<T> Wake<T> {
    /// An alarm and the end the job listens to.
    pub fn new(capacity: usize) -> (Self, mpsc::Receiver<T>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    /// Calls the job. When the alarm is full the job is busy and looks at everything again by itself.
    pub fn call(&self, what: T) {
        let _ = self.0.try_send(what);
    }
}
