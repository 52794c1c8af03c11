//! What nodes share over Redis: the bus, presence, limits. One file each, which the implementation inside one process
//! passes too; and what a server refuses at start.

/// Notes.
mod bus;
/// Limits.
mod limiter;
/// Who is connected.
mod presence;
/// What is refused at start.
mod start;
/// Turns and mails, which one server has at a time.
mod turns;

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use frontdesk::bus::redis::RedisBus;
use frontdesk::bus::{Deliver, Lost, Note, Topic};
use frontdesk::config::Config;
use frontdesk::config::source::{Flags, Source};
use frontdesk::presence::Presence as _;
use frontdesk::presence::redis::RedisPresence;
use frontdesk::shared::Redis;
use frontdesk::shared::ears::{Ears, Hears};
use frontdesk::shared::message::NodeId;
use frontdesk::shared::voice::Voice;
use uuid::Uuid;

use crate::basics::DEADLINE;
use crate::redis_server::RedisServer;

/// What a node's sessions are handed.
#[derive(Default)]
struct Heard {
    notes: Mutex<Vec<(Topic, String)>>,
}

impl Heard {
    fn texts(&self, topic: Topic) -> Vec<String> {
        let notes = self.notes.lock().expect("not poisoned");
        notes.iter().filter(|(heard, _)| *heard == topic).map(|(_, text)| text.clone()).collect()
    }
}

impl Deliver for Heard {
    fn deliver(&self, topic: Topic, note: &Note) {
        let text = match note {
            Note::Frame(frame) => frame.to_string(),
            other => format!("{other:?}"),
        };
        self.notes.lock().expect("not poisoned").push((topic, text));
    }

    fn lost(&self, _lost: &Lost) {}
}

/// A node, as far as it talks to others. Dropping it is its death.
struct Node {
    bus: Arc<RedisBus>,
    presence: Arc<RedisPresence>,
    heard: Arc<Heard>,
}

/// An installation's name that no other test has.
fn installation() -> String {
    Uuid::new_v4().simple().to_string()
}

async fn open(server: &RedisServer, installation: &str) -> Arc<Redis> {
    let variables = [("DATABASE_URL", "postgres://frontdesk@127.0.0.1:1/x".to_owned()), ("REDIS_URL", server.url())];
    let find =
        move |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone());
    let source = Source::with_environment(Flags::default(), find).expect("no file");
    let settings = Config::load(&source).expect("it is allowed").redis.expect("it is set");
    Redis::open(&settings, installation).await.expect("Redis answers")
}

impl Node {
    /// A node that began at `now`, when it hears the others.
    async fn start(server: &RedisServer, installation: &str, now: i64) -> Self {
        let redis = open(server, installation).await;
        let id = NodeId(u64::from_le_bytes(Uuid::new_v4().as_bytes()[..8].try_into().expect("eight bytes")));
        let voice = Voice::start(Arc::clone(&redis), id);
        let (ears, closed) = Ears::new();
        let heard = Arc::new(Heard::default());
        let bus = Arc::new(RedisBus::new(Arc::clone(&heard) as Arc<_>, Arc::clone(&voice), ears.clone()));
        let presence = Arc::new(RedisPresence::new(now, voice, &ears));
        let listeners: [Arc<dyn Hears>; 2] = [Arc::clone(&bus) as _, Arc::clone(&presence) as _];
        closed.open(redis, id, listeners.iter().map(Arc::downgrade).collect());
        tokio::time::timeout(DEADLINE, ears.ready()).await.expect("it hears");
        tokio::spawn(look_round(Arc::downgrade(&presence), now));
        Self { bus, presence, heard }
    }
}

/// Looks after the other nodes, as a server does, until the node is dropped.
async fn look_round(presence: Weak<RedisPresence>, begun_at: i64) {
    let begun = Instant::now();
    while let Some(presence) = presence.upgrade() {
        let now = begun_at + i64::try_from(begun.elapsed().as_millis()).expect("short");
        presence.look_round(now).into_iter().for_each(|silent| presence.bury(silent));
        drop(presence);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
