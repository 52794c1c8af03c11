//! Heads as they were left, so that a busy conversation is not read for each batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::policy::Policy;
use protocol::ids::{ConversationId, TenantId};
use tokio::time::Instant;

use super::sql::{self, Hold, Version, Written};
use super::{Address, Head};
use crate::error::AppResult;
use crate::store::Conn;
use crate::store::conversation::Conversation;
use crate::store::tenant::{TenantState, policy_of};

/// Most heads that are kept from one batch to the next.
const KNOWN: usize = 4096;
/// What somebody else has changed so often is not kept for a while: the two sides of a conversation may write at different
/// nodes, and what is kept would be wrong each time. Once is nothing: it was offered, or accepted at another node.
const SHARED_AFTER: u32 = 2;
/// That while, from the last change on.
const SHARED_FOR: Duration = Duration::from_secs(300);

/// A conversation, and whose.
pub(in crate::store) type Place = (TenantId, ConversationId);

/// What is kept of conversations. On SQLite it holds as long as nobody else has written: the lane forgets everything
/// after a job, and another connection's write shows in the database's version. On PostgreSQL, where others write at the
/// same time, each head is kept with the version of the rows it was read from, and the statement that writes looks
/// whether they are still the same (`quick.rs`).
#[derive(Default)]
pub(in crate::store) struct Heads {
    known: HashMap<Place, Known>,
    /// Of SQLite.
    version: Option<i64>,
    /// What proved wrong, until it is read again.
    doubted: HashMap<Place, Version>,
    /// What somebody else changed.
    shared: HashMap<Place, Wrong>,
}

/// What was kept of a conversation proved wrong.
struct Wrong {
    times: u32,
    last: Instant,
}

fn place(address: &Address) -> Place {
    (address.tenant, address.conversation)
}

struct Known {
    head: Head,
    /// On PostgreSQL, once what was written is committed or about to be.
    version: Option<Version>,
}

impl Heads {
    /// Forgets everything.
    pub(in crate::store) fn forget(&mut self) {
        self.known.clear();
    }

    /// Forgets one.
    pub(in crate::store) fn forget_one(&mut self, place: Place) {
        self.known.remove(&place);
    }

    /// Forgets the conversations of a batch, because some of them proved wrong.
    pub(super) fn doubt(&mut self, batch: &[Address]) {
        for place in batch.iter().map(place) {
            if let Some(version) = self.known.remove(&place).and_then(|known| known.version) {
                self.doubted.insert(place, version);
            }
        }
    }

    /// Forgets what another connection may have changed since: everything if the database's version says so, and the
    /// conversations of the batch where it has none.
    pub(super) fn trust(&mut self, version: Option<i64>, batch: &[Address]) {
        if version.is_none() {
            batch.iter().for_each(|address| self.forget_one(place(address)));
        } else if version != self.version || self.known.len() > KNOWN {
            self.forget();
        }
        self.version = version;
    }

    /// What is known of a conversation.
    pub(super) fn get(&self, place: &Place) -> Option<&Head> {
        Some(&self.known.get(place)?.head)
    }

    /// Keeps what a conversation has become.
    pub(super) fn set(&mut self, place: &Place, row: Conversation) {
        if let Some(known) = self.known.get_mut(place) {
            known.head.row = row;
        }
    }

    /// The rows of these conversations.
    pub(super) fn rows<'a>(&'a self, places: &'a [Place]) -> Vec<(TenantId, &'a Conversation)> {
        places.iter().filter_map(|place| Some((place.0, &self.known.get(place)?.head.row))).collect()
    }

    /// The rows of these conversations with the versions they rest on; those without one are left out.
    pub(super) fn versions<'a>(&'a self, places: &'a [Place]) -> Vec<(&'a Conversation, &'a Version)> {
        let known = places.iter().filter_map(|place| self.known.get(place));
        known.filter_map(|known| Some((&known.head.row, known.version.as_ref()?))).collect()
    }

    /// Reads the heads of these conversations that are not known.
    pub(super) async fn read(&mut self, conn: &mut Conn, addresses: &[Address], hold: Hold) -> AppResult<()> {
        let places = addresses.iter().map(place);
        let mut asked: Vec<_> = places.filter(|place| !self.known.contains_key(place)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        // In one order, whoever asks: where rows are locked, two batches never wait for each other.
        asked.sort_unstable();
        asked.dedup();
        let mut policies: HashMap<TenantId, Arc<Policy>> = HashMap::new();
        for row in sql::heads(conn, &asked, hold).await? {
            let tenant = row.tenant_id;
            let settings = || row.tenant_settings.as_deref().unwrap_or_default();
            let policy = policies.entry(tenant).or_insert_with(|| Arc::new(policy_of(tenant, settings())));
            let head = Head {
                suspended: row.tenant_state == TenantState::Suspended,
                policy: Arc::clone(policy),
                visitor_name: row.visitor_name,
                row: row.conversation,
            };
            let place = (tenant, head.row.id);
            let version = row.version.sound();
            if let (Some(old), Some(new)) = (self.doubted.remove(&place), &version)
                && old != *new
            {
                let times = self.shared.get(&place).map_or(0, |wrong| wrong.times) + 1;
                self.shared.insert(place, Wrong { times, last: Instant::now() });
            }
            self.known.insert(place, Known { head, version });
        }
        Ok(())
    }

    /// What was written has these versions now. Nothing else of the batch is kept, nor what others write too.
    pub(super) fn written(&mut self, tenant: TenantId, touched: &[Place], rows: Vec<Written>) {
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        if self.shared.len() > KNOWN {
            self.shared.clear();
        }
        self.shared.retain(|_, wrong| wrong.last.elapsed() < SHARED_FOR);
        for place in touched.iter().filter(|place| place.0 == tenant) {
            let Some(known) = self.known.get_mut(place) else { continue };
            match (rows.remove(&place.1), &mut known.version) {
                (Some(row), Some(version)) if self.shared.get(place).is_none_or(|wrong| wrong.times < SHARED_AFTER) => {
                    version.place = row.place;
                    version.version = row.version;
                }
                _ => {
                    self.known.remove(place);
                }
            }
        }
    }

    /// Keeps room for a batch: what is known beyond the limit goes, except what the batch needs.
    pub(super) fn make_room(&mut self, addresses: &[Address]) {
        self.doubted.clear();
        if self.known.len() <= KNOWN {
            return;
        }
        let needed: HashSet<Place> = addresses.iter().map(place).collect();
        self.known.retain(|place, _| needed.contains(place));
    }
}
