//! Presence of a single node: counters behind a lock.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Presence, Who};

/// People remembered before those long gone are forgotten.
const REMEMBERED: usize = 10_000;
/// A connection that is back within this time broke; later the person went and came.
const BROKEN_MS: i64 = 60 * 1000;
/// When somebody without a connection may be forgotten: every grace period is shorter.
pub(super) const FORGOTTEN_AFTER_MS: i64 = 60 * 60 * 1000;

/// Counts the connections of this process.
pub struct LocalPresence {
    started_at: i64,
    // A std mutex: held for a map operation, never across an await.
    people: Mutex<HashMap<Who, State>>,
}

struct State {
    connections: u32,
    left_at: i64,
    active_at: i64,
    idle: bool,
}

/// What is known of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) is_here: bool,
    /// When the last connection went; 0 when none has.
    pub(super) left_at: i64,
    pub(super) active_at: i64,
}

impl Seen {
    /// What two nodes know together.
    pub(super) fn merged(self, other: Self) -> Self {
        Self {
            is_here: self.is_here || other.is_here,
            left_at: self.left_at.max(other.left_at),
            active_at: self.active_at.max(other.active_at),
        }
    }
}

impl From<&State> for Seen {
    fn from(state: &State) -> Self {
        Self { is_here: state.connections > 0, left_at: state.left_at, active_at: state.active_at }
    }
}

impl State {
    /// Somebody who comes at `now`.
    fn new(now: i64) -> Self {
        Self { connections: 0, left_at: 0, active_at: now, idle: false }
    }
}

impl LocalPresence {
    /// Nobody is connected; everybody counts as gone since `now`.
    pub fn new(now: i64) -> Self {
        Self { started_at: now, people: Mutex::new(HashMap::new()) }
    }

    /// When the process began: who was never seen counts as gone since.
    pub(super) fn began(&self) -> i64 {
        self.started_at
    }

    /// What is known of somebody.
    pub(super) fn seen(&self, who: Who) -> Option<Seen> {
        self.with(|people| people.get(&who).map(Seen::from))
    }

    /// Shows everybody who is known, while nobody comes or goes.
    pub(super) fn everybody(&self, show: impl FnOnce(&[(Who, Seen)])) {
        self.with(|people| show(&people.iter().map(|(who, state)| (*who, state.into())).collect::<Vec<_>>()));
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<Who, State>) -> T) -> T {
        // A panic elsewhere cannot leave counters half changed: carry on with what is there.
        change(&mut self.people.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Presence for LocalPresence {
    fn joined(&self, who: Who, now: i64) -> bool {
        self.with(|people| {
            let state = people.entry(who).or_insert_with(|| State::new(now));
            // Coming is a sign of the person; a connection that broke and is back is none.
            if state.connections == 0 && now - state.left_at > BROKEN_MS {
                state.active_at = state.active_at.max(now);
            }
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
            // Did something without ever having had a connection.
            Some(state) if state.left_at == 0 => Some(self.started_at),
            Some(state) => Some(state.left_at),
            None => Some(self.started_at),
        })
    }

    fn active(&self, who: Who, now: i64) -> bool {
        self.with(|people| {
            let state = people.entry(who).or_insert_with(|| State::new(now));
            state.active_at = now;
            std::mem::take(&mut state.idle)
        })
    }

    fn active_at(&self, who: Who) -> i64 {
        self.with(|people| people.get(&who).map_or(self.started_at, |state| state.active_at))
    }

    fn mark_idle(&self, who: Who) {
        self.with(|people| {
            if let Some(state) = people.get_mut(&who) {
                state.idle = true;
            }
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::{AgentId, TenantId};
    use uuid::Uuid;

    const ANN: Who = Who::Agent(TenantId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));

    #[test]
    fn coming_is_a_sign_of_life_and_a_broken_line_is_none() {
        let presence = LocalPresence::new(1_000);
        assert_eq!(presence.active_at(ANN), 1_000);
        presence.joined(ANN, 5_000);
        assert_eq!(presence.active_at(ANN), 5_000);
        presence.left(ANN, 100_000);
        presence.joined(ANN, 100_500);
        assert_eq!(presence.active_at(ANN), 5_000, "the line broke");
        presence.left(ANN, 200_000);
        presence.joined(ANN, 200_001 + BROKEN_MS);
        assert_eq!(presence.active_at(ANN), 200_001 + BROKEN_MS, "gone and back");
    }

    #[test]
    fn the_first_sign_of_somebody_idle_is_told_once() {
        let presence = LocalPresence::new(0);
        presence.joined(ANN, 0);
        assert!(!presence.active(ANN, 10));
        presence.mark_idle(ANN);
        assert!(presence.active(ANN, 20));
        assert!(!presence.active(ANN, 30));
        assert_eq!(presence.active_at(ANN), 30);
    }
}
