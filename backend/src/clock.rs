//! Time and chance: the two inputs a rule may not fetch itself. Both are fields of [`crate::app::App`].

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use uuid::{NoContext, Timestamp, Uuid};

/// The clock for what is stored and shown. It never goes back within a process (C16). It is the wall clock of this
/// machine until somebody else's time is [set](Clock::set): nodes that share a database go by the database's.
pub struct Clock {
    started: Instant,
    latest: AtomicI64,
    /// What time it was when [`Clock::monotonic`] was 0, by somebody else's clock.
    elsewhere: OnceLock<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { started: Instant::now(), latest: AtomicI64::new(0), elsewhere: OnceLock::new() }
    }
}

impl Clock {
    /// Now, in Unix milliseconds; never less than an earlier answer.
    pub fn now(&self) -> i64 {
        let now = self.elsewhere.get().map_or_else(wall, |began| began.load(Ordering::Relaxed) + self.monotonic());
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// It is `now` (Unix milliseconds) by the clock that counts, and was so when [`Clock::monotonic`] was `at`. Says
    /// by how much this clock was behind.
    pub fn set(&self, now: i64, at: i64) -> i64 {
        let began = now - at;
        let first = wall() - self.monotonic();
        began - self.elsewhere.get_or_init(|| AtomicI64::new(first)).swap(began, Ordering::Relaxed)
    }

    /// Milliseconds since the process began, for limits and timers: steps of the wall clock do not move it.
    pub fn monotonic(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// The clock of this machine.
fn wall() -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_millis());
    i64::try_from(wall).unwrap_or(i64::MAX)
}

/// A new id. UUIDv7: ids made later sort later, which keeps index pages together.
pub fn new_id(now: i64) -> Uuid {
    let ms = u64::try_from(now).unwrap_or(0);
    let timestamp = Timestamp::from_unix(NoContext, ms / 1000, ((ms % 1000) * 1_000_000) as u32);
    Uuid::new_v7(timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_time_is_followed_and_never_back() {
        let clock = Clock::default();
        assert!((clock.now() - wall()).abs() < 1_000);
        let later = wall() + 3_600_000;
        let behind = clock.set(later, clock.monotonic());
        assert!((behind - 3_600_000).abs() < 1_000, "{behind}");
        let seen = clock.now();
        assert!((seen - later).abs() < 1_000, "{seen}");
        clock.set(later - 60_000, clock.monotonic());
        assert!(clock.now() >= seen);
    }
}
