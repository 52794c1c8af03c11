//! Everything outside the rules, built once in `server.rs` and handed to every action: database, bus,
//! presence, clock, configuration. There is no other application state.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::ids::{ConversationId, Epoch, TenantId, VisitorId};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::auth::keys::Keys;
use crate::auth::limiter::Limiter;
use crate::auth::password::Passwords;
use crate::bus::Bus;
use crate::clock::{Clock, new_id};
use crate::config::Config;
use crate::files::FileStore;
use crate::presence::Presence;
use crate::shared::Redis;
use crate::store::Store;
use crate::together::Together;

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
    /// The Redis server that nodes share; `None` when this server is the only one.
    pub shared: Option<Arc<Redis>>,
    /// What time it is.
    pub clock: Clock,
    /// Keys that sign visitor tokens.
    pub keys: Keys,
    /// The pool that computes password hashes.
    pub passwords: Passwords,
    /// Buckets that bound how often one may ask.
    pub limiter: Limiter,
    /// Where attachments lie.
    pub files: FileStore,
    /// The history this installation holds (C5).
    pub epoch: Epoch,
    /// Reads of what a whole tenant looks at, shared by those who ask at the same time.
    pub together: Together<TenantId>,
    /// Wakes the dispatcher for a tenant whose queue, agents or presence changed.
    pub dispatcher: Wake<TenantId>,
    /// Wakes the announcer for a conversation whose line in the agents' lists changed.
    pub announcer: Wake<(TenantId, ConversationId)>,
    /// Wakes the job that keeps the search index, for a conversation that has grown.
    pub indexer: Wake<(TenantId, ConversationId)>,
    /// Tells the announcer of a conversation that only grew: its line may be told a moment later.
    pub grown: Wake<(TenantId, ConversationId)>,
    /// Wakes the job that notes when a visitor came or went.
    pub visitors: Wake<(TenantId, VisitorId)>,
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

/// A job's alarm: what it was called for, each once, until it looks. Calling never waits and never loses.
pub struct Wake<T> {
    // A std mutex: held for a set operation, never across an await.
    due: Mutex<HashSet<T>>,
    bell: Notify,
}

impl<T> Default for Wake<T> {
    fn default() -> Self {
        Self { due: Mutex::new(HashSet::new()), bell: Notify::new() }
    }
}

impl<T: Eq + Hash> Wake<T> {
    /// Calls the job.
    pub fn call(&self, what: T) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
        self.bell.notify_one();
    }

    /// Waits until called, and takes everything it was called for since.
    pub async fn wait(&self) -> HashSet<T> {
        loop {
            let due = std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner));
            if !due.is_empty() {
                return due;
            }
            self.bell.notified().await;
        }
    }
}
