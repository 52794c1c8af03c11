//! Presence of many nodes. Each counts its own connections and says what changed; what the others said is kept in
//! memory, so that asking who is here never waits.
//!
//! Nothing is stored: a node that begins, or that missed something, asks until the others have said everything again. Each
//! speaks every two seconds ([`crate::shared::voice`]); of whom nothing is heard for 12 s is dead, unless
//! the database knows better, and its people are gone since it was last heard. While Redis is away nobody can be heard, and the last that is known
//! stands: nobody goes ([`doubt`]).

/// Whether it can be relied on.
mod doubt;
/// What the others said.
mod others;
/// People as bytes.
mod record;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::local::{LocalPresence, Seen};
use super::{Presence, Silent, Who};
use crate::shared::ears::{Ear, Ears, Hears};
use crate::shared::message::{Channel, NodeId, Reader};
use crate::shared::voice::Voice;
use others::Others;
use record::{person, read_person, read_state, states};

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

impl RedisPresence {
    /// Nobody is known yet; those gone since before count as gone since `now`. It must be one of the listeners of
    /// `ears`.
    pub fn new(now: i64, voice: Arc<Voice>, ears: &Ears) -> Self {
        let ear = ears.listen(Channel::People);
        Self { local: LocalPresence::new(now), voice, _ear: ear, others: Mutex::default(), bell: Notify::new() }
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        // Nothing in here panics half-way through a change.
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, record: Vec<u8>) {
        self.voice.say(Channel::People, record);
    }

    fn say_state(&self, who: Who) {
        if let Some(seen) = self.local.seen(who) {
            self.say(states(&[(who, seen)]));
        }
    }

    fn say_all(&self) {
        // Nobody comes or goes meanwhile: what is said after it is newer.
        self.local.everybody(|people| {
            self.say(vec![b'<']);
            people.chunks(IN_ONE).for_each(|part| self.say(states(part)));
            self.say(vec![b'>']);
        });
    }

    /// Looks after the others at `at`, which is `now` in Unix milliseconds.
    fn look(&self, now: i64, at: Instant) -> Vec<Silent> {
        let mut others = self.others();
        others.looks(now, at);
        others.judge(now, at);
        let silent = others.silent(now, at);
        drop(others);
        self.bell.notify_one();
        self.ask(at);
        self.answer(at);
        silent
    }

    /// Says everything, if somebody asked and it was not said just before `at`.
    fn answer(&self, at: Instant) {
        if self.others().answers(at) {
            self.say_all();
        }
    }

    /// Asks the others for everything, if something is missing at `at`.
    fn ask(&self, at: Instant) {
        if self.others().asks(at) {
            self.say(vec![b'?']);
        }
    }

    /// Since when nobody has a connection of somebody open, and whether somebody ever had one, as far as is known.
    fn absent(&self, who: Who) -> Option<(i64, bool)> {
        let own = self.local.seen(who);
        if own.is_some_and(|seen| seen.is_here) {
            return None;
        }
        match own.into_iter().chain(self.others().seen(who)).reduce(Seen::merged) {
            Some(seen) if seen.is_here => None,
            Some(seen) if seen.left_at > 0 => Some((seen.left_at, true)),
            _ => Some((self.local.began(), false)),
        }
    }

    fn marked_idle(&self, who: Who) {
        self.local.mark_idle(who);
        self.others().idle.insert(who);
    }

    fn heard_state(&self, from: NodeId, who: Who, seen: Seen) {
        let known_here = self.local.seen(who).is_some();
        let mut others = self.others();
        let before = others.seen(who);
        let was_here = before.is_some_and(|seen| seen.is_here);
        if before.is_none_or(|before| before.active_at < seen.active_at) {
            // The node that saw the sign has told of it.
            others.idle.remove(&who);
        }
        others.said(from, who, seen);
        // This node may have noted that somebody of a dead node is gone, after the person came to another.
        let mourned = seen.is_here && others.is_mourned(who);
        // Agents show in every list. Of a visitor the node that had the connection speaks; only when two nodes lost
        // one at the same moment, each may have thought that the other still had it.
        let shows = matches!(who, Who::Agent(..)) || known_here || mourned;
        if shows && was_here != seen.is_here {
            others.moved.push(who);
            self.bell.notify_one();
        }
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
        let Some((since, _)) = self.absent(who) else { return true };
        self.others().doubt.is_within(who, since, now, grace_ms)
    }

    fn gone_since(&self, who: Who) -> Option<i64> {
        let (since, came) = self.absent(who)?;
        let stands = !came || self.others().doubt.is_gone(who, since, self.local.began());
        stands.then_some(since)
    }

    fn is_sure(&self) -> bool {
        self.others().doubt.is_sure(Instant::now())
    }

    fn active(&self, who: Who, now: i64) -> bool {
        let was_idle = self.local.active(who, now);
        let was_marked = self.others().idle.remove(&who);
        self.say_state(who);
        was_idle || was_marked
    }

    fn active_at(&self, who: Who) -> i64 {
        let own = self.local.seen(who).map(|seen| seen.active_at);
        let other = self.others().seen(who).map(|seen| seen.active_at);
        own.max(other).unwrap_or_else(|| self.local.active_at(who))
    }

    fn mark_idle(&self, who: Who) {
        self.marked_idle(who);
        self.say([&b"i"[..], &person(who)].concat());
    }

    fn count(&self) -> (usize, usize) {
        let mut here = HashSet::new();
        self.local.everybody(|people| here.extend(people.iter().filter(|(_, seen)| seen.is_here).map(|(who, _)| *who)));
        here.extend(self.others().here());
        let agents = here.iter().filter(|who| matches!(who, Who::Agent(..))).count();
        (agents, here.len() - agents)
    }

    fn moved(&self) -> BoxFuture<'_, Vec<Who>> {
        async {
            loop {
                let moved = std::mem::take(&mut self.others().moved);
                if !moved.is_empty() {
                    return moved;
                }
                self.bell.notified().await;
            }
        }
        .boxed()
    }

    fn look_round(&self, now: i64) -> Vec<Silent> {
        self.look(now, Instant::now())
    }

    fn bury(&self, dead: Silent) {
        self.others().bury(self.voice.node(), dead);
        self.bell.notify_one();
    }

    fn leave(&self, now: i64) {
        self.say([&b"x"[..], &now.to_le_bytes()].concat());
    }
}

impl Hears for RedisPresence {
    fn heard(&self, channel: Channel, from: NodeId, record: &[u8]) {
        if channel != Channel::People || self.others().has_stopped(from) {
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
            Some(b'?') => {
                self.others().is_asked = true;
                self.answer(Instant::now());
            }
            Some(b'<') => self.others().begins(from),
            Some(b'>') => {
                self.others().ends(from);
                self.bell.notify_one();
            }
            Some(b'x') => {
                if let Some(since) = reader.time() {
                    self.others().stops(from);
                    self.bury(Silent { node: from, since });
                }
            }
            _ => {}
        }
    }

    fn missed(&self, channel: Channel, from: NodeId) {
        if channel == Channel::People {
            self.others().missed(from);
            self.ask(Instant::now());
        }
    }

    fn alive(&self, from: NodeId) {
        let mut others = self.others();
        let is_new = !others.has_stopped(from) && others.lives(from, Instant::now());
        drop(others);
        if is_new {
            self.ask(Instant::now());
        }
    }

    fn back(&self) {
        let mut others = self.others();
        others.hears_again(Instant::now());
        others.is_asked = true;
        drop(others);
        self.say(vec![b'?']);
        self.answer(Instant::now());
    }

    fn gone(&self) {
        self.others().hears_nothing(Instant::now());
    }
}

#[cfg(test)]
mod tests;
