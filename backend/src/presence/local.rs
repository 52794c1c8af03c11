//! Presence of a single node: counters behind a lock.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Presence, Who};

/// People remembered before those long gone are forgotten.
const REMEMBERED: usize = 10_000;
/// When somebody without a connection may be forgotten: every grace period is shorter.
const FORGOTTEN_AFTER_MS: i64 = 60 * 60 * 1000;

/// Counts the connections of this process.
pub struct LocalPresence {
    started_at: i64,
    // A std mutex: held for a map operation, never across an await.
    people: Mutex<HashMap<Who, State>>,
}

struct State {
    connections: u32,
    left_at: i64,
}

impl LocalPresence {
    /// Nobody is connected; everybody counts as gone since `now`.
    pub fn new(now: i64) -> Self {
        Self { started_at: now, people: Mutex::new(HashMap::new()) }
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<Who, State>) -> T) -> T {
        // A panic elsewhere cannot leave counters half changed: carry on with what is there.
        change(&mut self.people.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Presence for LocalPresence {
    fn joined(&self, who: Who) -> bool {
        self.with(|people| {
            let state = people.entry(who).or_insert(State { connections: 0, left_at: 0 });
            state.connections += 1;
            state.connections == 1
        })
    }

    fn left(&self, who: Who, now: i64) -> bool {
        self.with(|people| {
            let Some(state) = people.get_mut(&who) else { return false };
            state.connections = state.connections.saturating_sub(1);
            state.left_at = now;
            let last = state.connections == 0;
            if people.len() > REMEMBERED {
                people.retain(|_, state| state.connections > 0 || now - state.left_at < FORGOTTEN_AFTER_MS);
            }
            last
        })
    }

    fn is_here(&self, who: Who, now: i64, grace_ms: i64) -> bool {
        self.gone_since(who).is_none_or(|since| now - since < grace_ms)
    }

    fn gone_since(&self, who: Who) -> Option<i64> {
        self.with(|people| match people.get(&who) {
            Some(state) if state.connections > 0 => None,
            Some(state) => Some(state.left_at),
            None => Some(self.started_at),
        })
    }

    fn count(&self) -> (usize, usize) {
        self.with(|people| {
            let here = people.iter().filter(|(_, state)| state.connections > 0);
            here.fold((0, 0), |(agents, visitors), (who, _)| match who {
                Who::Agent(..) => (agents + 1, visitors),
                Who::Visitor(..) => (agents, visitors + 1),
            })
        })
    }
}
