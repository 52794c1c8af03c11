//! Topic to sessions, on this node. Delivering pushes onto mailboxes and waits for nobody.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::error::CloseCode;
use protocol::ids::{Cmid, TenantId};
use tokio::sync::Notify;

use crate::bus::{Deliver, Lost, Note, Topic};
use crate::error::Refusal;
use crate::metrics::{Role, metrics};
use crate::presence::Who;
use crate::realtime::mailbox::{Audience, End, Mailbox};
use crate::realtime::room::{Limits, Room};

/// Topics are spread over this many locks.
const SHARDS: usize = 16;
/// Clients told to come back after a restart do so spread over this many milliseconds (C12).
const RECONNECT_WITHIN_MS: u64 = 10_000;

type Listeners = HashMap<u64, Arc<Mailbox>>;

/// Who listens to what on this node, and how many connections there are.
pub struct Hub {
    hasher: RandomState,
    // Std mutexes: held for a map operation and pushes, never across an await.
    shards: [Mutex<HashMap<Topic, Listeners>>; SHARDS],
    polls: Mutex<HashMap<PollKey, RunningPoll>>,
    next_id: AtomicU64,
    counts: [AtomicUsize; 2],
    ended: Notify,
    draining: AtomicBool,
    room: Room,
}

/// How a connection reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket, from the handshake on.
    WebSocket = 0,
    /// A held poll.
    LongPoll = 1,
}

/// Open connections of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// WebSockets, those that have not said hello included.
    pub websockets: usize,
    /// Held polls.
    pub polls: usize,
}

/// One polling client: the person and the id of the page.
pub type PollKey = (Who, Cmid);

struct RunningPoll {
    generation: u64,
    mailbox: Arc<Mailbox>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub without listeners and limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::NONE)
    }

    /// A hub without listeners.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            polls: Mutex::default(),
            next_id: AtomicU64::new(1),
            counts: [AtomicUsize::new(0), AtomicUsize::new(0)],
            ended: Notify::new(),
            draining: AtomicBool::new(false),
            room: Room::new(limits),
        }
    }

    /// A mailbox that listens to nothing yet.
    pub fn mailbox(&self, audience: Audience) -> Arc<Mailbox> {
        Arc::new(Mailbox::new(self.next_id.fetch_add(1, Ordering::Relaxed), audience))
    }

    /// Counts a connection from a place for as long as the guard lives.
    ///
    /// # Errors
    /// `rate_limited` when there are too many from there.
    pub fn enter(self: &Arc<Self>, transport: Transport, place: Box<str>) -> Result<ConnectionGuard, Refusal> {
        self.room.enter(&place)?;
        self.count(transport).fetch_add(1, Ordering::AcqRel);
        metrics().opened(transport as usize);
        let hub = Arc::clone(self);
        Ok(ConnectionGuard { hub, transport, place, tenant: None, role: Role::Unknown, closed_with: None })
    }

    /// Connections open now.
    pub fn connections(&self) -> Connections {
        Connections {
            websockets: self.count(Transport::WebSocket).load(Ordering::Acquire),
            polls: self.count(Transport::LongPoll).load(Ordering::Acquire),
        }
    }

    /// Tells every session to come back after a while and ends it; new ones are refused from now on (C12).
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.ended.notify_waiters();
        for shard in &self.shards {
            for (topic, listeners) in lock(shard).iter() {
                // Every session listens to exactly one topic of these two kinds.
                if matches!(topic, Topic::Agent(..) | Topic::Visitor(..)) {
                    for mailbox in listeners.values() {
                        mailbox.end(End::Drain { after_ms: rand::random_range(0..RECONNECT_WITHIN_MS) });
                    }
                }
            }
        }
    }

    /// Whether [`Hub::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Waits for [`Hub::drain`].
    pub async fn drained(&self) {
        let mut ended = std::pin::pin!(self.ended.notified());
        ended.as_mut().enable();
        while !self.is_draining() {
            ended.as_mut().await;
            ended.set(self.ended.notified());
            ended.as_mut().enable();
        }
    }

    /// Waits until no connection is open. May never be; the caller sets the limit.
    pub async fn idle(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // Registered before counting: an end in between is not missed.
            ended.as_mut().enable();
            if self.connections() == (Connections { websockets: 0, polls: 0 }) {
                return;
            }
            ended.await;
        }
    }

    /// Makes `mailbox` the one poll of its client. An older poll is ended; false when this one is the older:
    /// it arrived late and must end itself (C11).
    pub fn begin_poll(self: &Arc<Self>, key: PollKey, generation: u64, mailbox: &Arc<Mailbox>) -> Option<PollGuard> {
        let mut polls = lock(&self.polls);
        if polls.get(&key).is_some_and(|running| running.generation > generation) {
            return None;
        }
        let running = RunningPoll { generation, mailbox: Arc::clone(mailbox) };
        let older = polls.insert(key, running);
        drop(polls);
        if let Some(older) = older {
            older.mailbox.end(End::Superseded);
        }
        Some(PollGuard { hub: Arc::clone(self), key, id: mailbox.id() })
    }

    /// Polls held now.
    #[cfg(test)]
    pub(super) fn held_polls(&self) -> usize {
        lock(&self.polls).len()
    }

    fn listen(&self, topic: Topic, mailbox: &Arc<Mailbox>) {
        lock(self.shard(&topic)).entry(topic).or_default().insert(mailbox.id(), Arc::clone(mailbox));
    }

    fn leave(&self, topic: Topic, id: u64) {
        let mut topics = lock(self.shard(&topic));
        if let Some(listeners) = topics.get_mut(&topic) {
            listeners.remove(&id);
            if listeners.is_empty() {
                topics.remove(&topic);
            }
        }
    }

    fn shard(&self, topic: &Topic) -> &Mutex<HashMap<Topic, Listeners>> {
        let index = self.hasher.hash_one(topic) as usize % SHARDS;
        &self.shards[index]
    }

    fn count(&self, transport: Transport) -> &AtomicUsize {
        &self.counts[transport as usize]
    }
}

impl Deliver for Hub {
    fn deliver(&self, topic: Topic, note: &Note) {
        if let Some(listeners) = lock(self.shard(&topic)).get(&topic) {
            for mailbox in listeners.values() {
                mailbox.push(note);
            }
            metrics().bus_delivered.increment(listeners.len() as u64);
        }
    }

    fn lost(&self, lost: &Lost) {
        for shard in &self.shards {
            for (topic, listeners) in lock(shard).iter() {
                let concerns = match lost {
                    Lost::Anything => true,
                    Lost::Of(tenants) => tenants.contains(&topic.tenant()),
                };
                // Every session listens to exactly one topic of these two kinds.
                if concerns && matches!(topic, Topic::Agent(..) | Topic::Visitor(..)) {
                    for mailbox in listeners.values() {
                        mailbox.push(&Note::StateChanged);
                    }
                }
            }
        }
    }
}

/// The topics one session listens to. Dropping it leaves them all.
pub struct Subscriptions {
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    topics: Vec<Topic>,
}

impl Subscriptions {
    /// No topics yet; what comes goes to `mailbox`.
    pub fn new(hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> Self {
        Self { hub, mailbox, topics: Vec::new() }
    }

    /// Listens to a topic from now on.
    pub fn add(&mut self, topic: Topic) {
        if !self.topics.contains(&topic) {
            self.hub.listen(topic, &self.mailbox);
            self.topics.push(topic);
        }
    }

    /// Stops listening to a topic. What is already in the mailbox stays there.
    pub fn remove(&mut self, topic: Topic) {
        if let Some(index) = self.topics.iter().position(|other| *other == topic) {
            self.topics.swap_remove(index);
            self.hub.leave(topic, self.mailbox.id());
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        for topic in &self.topics {
            self.hub.leave(*topic, self.mailbox.id());
        }
    }
}

/// One open connection. Dropping it counts it out.
pub struct ConnectionGuard {
    hub: Arc<Hub>,
    transport: Transport,
    place: Box<str>,
    tenant: Option<TenantId>,
    role: Role,
    closed_with: Option<CloseCode>,
}

impl ConnectionGuard {
    /// Counts it as one of a tenant's visitors too.
    ///
    /// # Errors
    /// `rate_limited` when there are too many of them.
    pub fn belongs_to(&mut self, tenant: TenantId) -> Result<(), Refusal> {
        self.hub.room.enter_tenant(tenant)?;
        self.tenant = Some(tenant);
        self.is_of(Role::Visitor);
        Ok(())
    }

    /// Notes who is on it.
    pub fn is_of(&mut self, role: Role) {
        metrics().became(self.transport as usize, self.role, role);
        self.role = role;
    }

    /// Notes the code it is closed with.
    pub fn closing(&mut self, code: CloseCode) {
        self.closed_with = Some(code);
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        metrics().closed(self.transport as usize, self.role, self.closed_with);
        self.hub.room.leave(&self.place);
        if let Some(tenant) = self.tenant {
            self.hub.room.leave_tenant(tenant);
        }
        self.hub.count(self.transport).fetch_sub(1, Ordering::AcqRel);
        if self.hub.is_draining() {
            self.hub.ended.notify_waiters();
        }
    }
}

/// A held poll. Dropping it lets the client's next poll be the first again.
pub struct PollGuard {
    hub: Arc<Hub>,
    key: PollKey,
    id: u64,
}

impl Drop for PollGuard {
    fn drop(&mut self) {
        let mut polls = lock(&self.hub.polls);
        if polls.get(&self.key).is_some_and(|running| running.mailbox.id() == self.id) {
            polls.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realtime::mailbox::Mail;
    use protocol::ids::VisitorId;
    use uuid::Uuid;

    const TENANT: TenantId = TenantId(Uuid::from_u128(7));

    fn visitor(number: u128) -> VisitorId {
        VisitorId(Uuid::from_u128(number))
    }

    fn listener(hub: &Arc<Hub>, topics: &[Topic]) -> (Arc<Mailbox>, Subscriptions) {
        let mailbox = hub.mailbox(Audience::Everyone);
        let mut subscriptions = Subscriptions::new(Arc::clone(hub), Arc::clone(&mailbox));
        for topic in topics {
            subscriptions.add(*topic);
        }
        (mailbox, subscriptions)
    }

    fn topics_of(hub: &Hub) -> usize {
        hub.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    #[test]
    fn a_note_reaches_those_who_listen_to_its_topic_only() {
        let hub = Arc::new(Hub::new());
        let (mine, _a) = listener(&hub, &[Topic::Visitor(TENANT, visitor(1))]);
        let (same, _b) = listener(&hub, &[Topic::Visitor(TENANT, visitor(1))]);
        let (other, _c) = listener(&hub, &[Topic::Visitor(TENANT, visitor(2))]);
        let (foreign, _d) = listener(&hub, &[Topic::Visitor(TenantId(Uuid::nil()), visitor(1))]);
        hub.deliver(Topic::Visitor(TENANT, visitor(1)), &Note::Frame("hi".into()));
        assert_eq!(mine.take(), Some(Mail::Frame("hi".into())));
        assert_eq!(same.take(), Some(Mail::Frame("hi".into())));
        assert_eq!(other.take(), None);
        assert_eq!(foreign.take(), None);
    }

    #[test]
    fn removing_and_dropping_leave_nothing_behind() {
        let hub = Arc::new(Hub::new());
        let (mailbox, mut subscriptions) =
            listener(&hub, &[Topic::Visitors(TENANT), Topic::Visitor(TENANT, visitor(1))]);
        subscriptions.add(Topic::Visitors(TENANT));
        subscriptions.remove(Topic::Visitors(TENANT));
        hub.deliver(Topic::Visitors(TENANT), &Note::StateChanged);
        assert_eq!(mailbox.take(), None);
        assert_eq!(topics_of(&hub), 1);
        drop(subscriptions);
        assert_eq!(topics_of(&hub), 0);
        assert_eq!(Arc::strong_count(&mailbox), 1, "only the test holds it");
    }

    #[test]
    fn a_revocation_reaches_every_session_of_the_person() {
        let hub = Arc::new(Hub::new());
        let topic = Topic::Visitor(TENANT, visitor(1));
        let sessions: Vec<_> = (0..3).map(|_| listener(&hub, &[topic])).collect();
        hub.deliver(topic, &Note::Revoked(CloseCode::Forbidden));
        for (mailbox, _) in &sessions {
            assert_eq!(mailbox.take(), Some(Mail::Ended(End::Revoked(CloseCode::Forbidden))));
        }
    }

    #[tokio::test]
    async fn draining_ends_every_session_once_and_waits_for_connections() {
        let hub = Arc::new(Hub::new());
        let connection = hub.enter(Transport::WebSocket, "a".into()).unwrap();
        let poll = hub.enter(Transport::LongPoll, "b".into()).unwrap();
        assert_eq!(hub.connections(), Connections { websockets: 1, polls: 1 });
        let (mailbox, _a) = listener(&hub, &[Topic::Visitors(TENANT), Topic::Visitor(TENANT, visitor(1))]);
        hub.drain();
        assert!(hub.is_draining());
        match mailbox.take() {
            Some(Mail::Ended(End::Drain { after_ms })) => assert!(after_ms < RECONNECT_WITHIN_MS),
            other => panic!("{other:?}"),
        }
        let waiting = tokio::spawn({
            let hub = Arc::clone(&hub);
            async move { hub.idle().await }
        });
        drop(connection);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(poll);
        waiting.await.unwrap();
    }

    #[test]
    fn a_newer_poll_ends_the_older_and_a_late_one_ends_itself() {
        let hub = Arc::new(Hub::new());
        let key = (Who::Visitor(TENANT, visitor(1)), Cmid(Uuid::from_u128(9)));
        let [first, second, late, next] = std::array::from_fn(|_| hub.mailbox(Audience::Everyone));
        let older = hub.begin_poll(key, 1, &first);
        let newer = hub.begin_poll(key, 2, &second);
        assert!(older.is_some() && newer.is_some());
        assert_eq!(first.take(), Some(Mail::Ended(End::Superseded)));
        assert!(hub.begin_poll(key, 1, &late).is_none());
        drop(older);
        assert_eq!(lock(&hub.polls).len(), 1, "the older guard leaves the newer alone");
        assert_eq!(second.take(), None);
        drop(newer);
        assert!(lock(&hub.polls).is_empty());
        assert!(hub.begin_poll(key, 1, &next).is_some());
    }
}
