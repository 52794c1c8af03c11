//! Presence of many nodes. Each counts its own connections and says what changed; what the others said is kept in
//! memory, so that asking who is here never waits.
//!
//! Nothing is stored: a node that begins, or that missed something, asks, and the others say everything again. Each
//! speaks every two seconds ([`crate::shared::voice`]); of whom nothing is heard for [`SILENT`] is dead, and
//! its people are gone since it was last heard. While Redis is away nobody can be heard, and the last that is known
//! stands.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::ids::{AgentId, TenantId, VisitorId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::local::{FORGOTTEN_AFTER_MS, LocalPresence, Seen};
use super::{Presence, Who};
use crate::shared::ears::{Ear, Ears, Hears};
use crate::shared::message::{Channel, NodeId, Reader};
use crate::shared::voice::Voice;

/// A node of which nothing was heard for so long is dead: several signs of life were missed.
const SILENT: Duration = Duration::from_secs(12);
/// People without a connection who are remembered of dead nodes.
const REMEMBERED: usize = 100_000;
/// People in one record.
const IN_ONE: usize = 1000;

/// Knows who is connected to any node.
pub struct RedisPresence {
    local: LocalPresence,
    voice: Arc<Voice>,
    _ear: Ear,
    // A std mutex: held for map operations, never across an await.
    others: Mutex<Others>,
    bell: Notify,
}

#[derive(Default)]
struct Others {
    nodes: HashMap<NodeId, Node>,
    /// Nodes that said that they stop; what they say until they have is not listened to.
    stopped: HashSet<NodeId>,
    /// Who was connected to nodes that are no more.
    past: HashMap<Who, Seen>,
    /// Whether nodes can be heard, and since when.
    hears_since: Option<Instant>,
    /// Who came or went without this node's doing.
    moved: Vec<Who>,
    /// Who is marked as idle, connected here or not: the next sign may come by any node.
    idle: HashSet<Who>,
}

struct Node {
    heard_at: Instant,
    people: HashMap<Who, Seen>,
    /// People of whom nothing was said yet since the node began to say everything.
    unsaid: Option<HashMap<Who, Seen>>,
}

impl RedisPresence {
    /// Nobody is known yet; those gone since before count as gone since `now`. It must be one of the listeners of
    /// `ears`.
    pub fn new(now: i64, voice: Arc<Voice>, ears: &Ears) -> Self {
        let ear = ears.listen(Channel::People);
        Self { local: LocalPresence::new(now), voice, _ear: ear, others: Mutex::default(), bell: Notify::new() }
    }

    fn say(&self, record: Vec<u8>) {
        self.voice.say(Channel::People, record);
    }

    fn say_state(&self, who: Who) {
        if let Some(seen) = self.local.seen(who) {
            let mut record = vec![b's'];
            put_state(&mut record, who, seen);
            self.say(record);
        }
    }

    fn say_all(&self) {
        // Nobody comes or goes meanwhile: what is said after it is newer.
        self.local.everybody(|people| {
            self.say(vec![b'<']);
            for part in people.chunks(IN_ONE) {
                let mut record = vec![b's'];
                part.iter().for_each(|(who, seen)| put_state(&mut record, *who, *seen));
                self.say(record);
            }
            self.say(vec![b'>']);
        });
    }

    /// What other nodes, and nodes that are no more, know of somebody: the best of it.
    fn elsewhere(&self, who: Who) -> Option<Seen> {
        let others = lock(&self.others);
        let nodes = others.nodes.values().filter_map(|node| node.seen(who));
        nodes.chain(others.past.get(&who).copied()).reduce(Seen::merged)
    }

    fn change(&self, from: NodeId, act: impl FnOnce(&mut Node)) {
        act(lock(&self.others).node(from));
    }

    fn note_move(&self, who: Who) {
        lock(&self.others).moved.push(who);
        self.bell.notify_one();
    }

    fn marked_idle(&self, who: Who) {
        self.local.mark_idle(who);
        lock(&self.others).idle.insert(who);
    }

    fn heard_state(&self, from: NodeId, who: Who, seen: Seen) {
        let before = self.elsewhere(who);
        let was_here = before.is_some_and(|seen| seen.is_here);
        if before.is_none_or(|before| before.active_at < seen.active_at) {
            // The node that saw the sign has told of it.
            lock(&self.others).idle.remove(&who);
        }
        self.change(from, |node| {
            if let Some(unsaid) = &mut node.unsaid {
                unsaid.remove(&who);
            }
            node.people.insert(who, seen);
        });
        let known_here = self.local.seen(who).is_some();
        // This node may have noted that somebody of a dead node is gone, after the person came to another.
        let mourned = seen.is_here && lock(&self.others).past.contains_key(&who);
        // Agents show in every list. Of a visitor the node that had the connection speaks; only when two nodes lost
        // one at the same moment, each may have thought that the other still had it.
        let shows = matches!(who, Who::Agent(..)) || known_here || mourned;
        if shows && was_here != seen.is_here {
            self.note_move(who);
        }
    }

    /// A node is no more: its people are gone.
    fn buried(&self, from: NodeId, at: i64) {
        let mut others = lock(&self.others);
        let Some(node) = others.nodes.remove(&from) else { return };
        // One of the others is enough to note of every visitor since when.
        let notes = others.nodes.keys().all(|other| self.voice.node() < *other);
        let people = node.people.into_iter().chain(node.unsaid.into_iter().flatten());
        for (who, seen) in people {
            if seen.is_here && (notes || matches!(who, Who::Agent(..))) {
                others.moved.push(who);
            }
            let gone = Seen { is_here: false, left_at: if seen.is_here { at } else { seen.left_at }, ..seen };
            others.past.entry(who).and_modify(|known| *known = known.merged(gone)).or_insert(gone);
        }
        if others.past.len() > REMEMBERED {
            others.past.retain(|_, seen| at - seen.left_at < FORGOTTEN_AFTER_MS);
        }
        drop(others);
        self.bell.notify_one();
    }
}

impl Others {
    fn node(&mut self, id: NodeId) -> &mut Node {
        self.nodes.entry(id).or_insert_with(|| Node { heard_at: Instant::now(), people: HashMap::new(), unsaid: None })
    }
}

impl Node {
    fn seen(&self, who: Who) -> Option<Seen> {
        self.people.get(&who).or_else(|| self.unsaid.as_ref()?.get(&who)).copied()
    }
}

impl Presence for RedisPresence {
    fn joined(&self, who: Who, now: i64) -> bool {
        let first = self.local.joined(who, now);
        if first {
            self.say_state(who);
        }
        first
    }

    fn left(&self, who: Who, now: i64) -> bool {
        let last = self.local.left(who, now);
        if last {
            self.say_state(who);
        }
        last
    }

    fn is_here(&self, who: Who, now: i64, grace_ms: i64) -> bool {
        self.gone_since(who).is_none_or(|since| now - since < grace_ms)
    }

    fn gone_since(&self, who: Who) -> Option<i64> {
        let own = self.local.seen(who);
        if own.is_some_and(|seen| seen.is_here) {
            return None;
        }
        match own.into_iter().chain(self.elsewhere(who)).reduce(Seen::merged) {
            Some(seen) if seen.is_here => None,
            Some(seen) if seen.left_at > 0 => Some(seen.left_at),
            // Never connected as far as anybody knows.
            _ => Some(self.local.began()),
        }
    }

    fn active(&self, who: Who, now: i64) -> bool {
        let was_idle = self.local.active(who, now);
        let was_marked = lock(&self.others).idle.remove(&who);
        self.say_state(who);
        was_idle || was_marked
    }

    fn active_at(&self, who: Who) -> i64 {
        let own = self.local.seen(who).map(|seen| seen.active_at);
        let other = self.elsewhere(who).map(|seen| seen.active_at);
        own.max(other).unwrap_or_else(|| self.local.active_at(who))
    }

    fn mark_idle(&self, who: Who) {
        self.marked_idle(who);
        self.say([&b"i"[..], &person(who)].concat());
    }

    fn count(&self) -> (usize, usize) {
        let mut here = HashSet::new();
        self.local.everybody(|people| here.extend(people.iter().filter(|(_, seen)| seen.is_here).map(|(who, _)| *who)));
        for node in lock(&self.others).nodes.values() {
            here.extend(node.people.iter().filter(|(_, seen)| seen.is_here).map(|(who, _)| *who));
        }
        let agents = here.iter().filter(|who| matches!(who, Who::Agent(..))).count();
        (agents, here.len() - agents)
    }

    fn moved(&self) -> BoxFuture<'_, Vec<Who>> {
        async {
            loop {
                let moved = std::mem::take(&mut lock(&self.others).moved);
                if !moved.is_empty() {
                    return moved;
                }
                self.bell.notified().await;
            }
        }
        .boxed()
    }

    fn look_round(&self, now: i64) {
        let others = lock(&self.others);
        let hears = others.hears_since.is_some_and(|at| at.elapsed() >= SILENT);
        let dead = others.nodes.iter().filter(|(_, node)| hears && node.heard_at.elapsed() >= SILENT);
        let dead: Vec<(NodeId, i64)> = dead
            .map(|(id, node)| (*id, now - i64::try_from(node.heard_at.elapsed().as_millis()).unwrap_or(0)))
            .collect();
        drop(others);
        for (id, at) in dead {
            tracing::warn!(node = id.0, "nothing is heard of a node: its people are gone");
            self.buried(id, at);
        }
    }

    fn leave(&self, now: i64) {
        self.say([&b"x"[..], &now.to_le_bytes()].concat());
    }
}

impl Hears for RedisPresence {
    fn heard(&self, channel: Channel, from: NodeId, record: &[u8]) {
        if channel != Channel::People || lock(&self.others).stopped.contains(&from) {
            return;
        }
        let mut reader = Reader(record);
        match reader.byte() {
            Some(b's') => {
                while let Some((who, seen)) = read_state(&mut reader) {
                    self.heard_state(from, who, seen);
                }
            }
            Some(b'i') => {
                if let Some(who) = read_person(&mut reader) {
                    self.marked_idle(who);
                }
            }
            Some(b'?') => self.say_all(),
            Some(b'<') => self.change(from, |node| {
                let known = std::mem::take(&mut node.people);
                node.unsaid.get_or_insert_default().extend(known);
            }),
            Some(b'>') => {
                let mut others = lock(&self.others);
                let unsaid = others.node(from).unsaid.take().unwrap_or_default();
                let gone: Vec<Who> = unsaid.into_iter().filter(|(_, seen)| seen.is_here).map(|(who, _)| who).collect();
                others.moved.extend(gone);
                drop(others);
                self.bell.notify_one();
            }
            Some(b'x') => {
                if let Some(at) = reader.time() {
                    lock(&self.others).stopped.insert(from);
                    self.buried(from, at);
                }
            }
            _ => {}
        }
    }

    fn missed(&self, channel: Channel, _from: NodeId) {
        if channel == Channel::People {
            self.say(vec![b'?']);
        }
    }

    fn alive(&self, from: NodeId) {
        let mut others = lock(&self.others);
        if others.stopped.contains(&from) {
            return;
        }
        let is_new = !others.nodes.contains_key(&from);
        let node = others.node(from);
        node.heard_at = Instant::now();
        drop(others);
        if is_new {
            self.say(vec![b'?']);
        }
    }

    fn back(&self) {
        lock(&self.others).hears_since = Some(Instant::now());
        self.say(vec![b'?']);
        self.say_all();
    }

    fn gone(&self) {
        lock(&self.others).hears_since = None;
    }
}

fn person(who: Who) -> Vec<u8> {
    let (letter, tenant, id) = match who {
        Who::Agent(tenant, id) => (b'a', tenant, id.0),
        Who::Visitor(tenant, id) => (b'v', tenant, id.0),
    };
    [&[letter][..], tenant.0.as_bytes(), id.as_bytes()].concat()
}

fn read_person(reader: &mut Reader<'_>) -> Option<Who> {
    let letter = reader.byte()?;
    let (tenant, id) = (TenantId(reader.id()?), reader.id()?);
    match letter {
        b'a' => Some(Who::Agent(tenant, AgentId(id))),
        b'v' => Some(Who::Visitor(tenant, VisitorId(id))),
        _ => None,
    }
}

fn put_state(out: &mut Vec<u8>, who: Who, seen: Seen) {
    out.extend(person(who));
    out.push(u8::from(seen.is_here));
    out.extend_from_slice(&seen.left_at.to_le_bytes());
    out.extend_from_slice(&seen.active_at.to_le_bytes());
}

fn read_state(reader: &mut Reader<'_>) -> Option<(Who, Seen)> {
    let who = read_person(reader)?;
    let is_here = reader.byte()? == 1;
    Some((who, Seen { is_here, left_at: reader.time()?, active_at: reader.time()? }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
