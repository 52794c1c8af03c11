//! Time and chance: the two inputs a rule may not fetch itself. Both are fields of [`crate::app::App`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use uuid::{NoContext, Timestamp, Uuid};

/// The wall clock, for what is stored and shown. It never goes back within a process (C16).
pub struct Clock {
    started: Instant,
    latest: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { started: Instant::now(), latest: AtomicI64::new(0) }
    }
}

impl Clock {
    /// Now, in Unix milliseconds; never less than an earlier answer.
    pub fn now(&self) -> i64 {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_millis());
        let wall = i64::try_from(wall).unwrap_or(i64::MAX);
        self.latest.fetch_max(wall, Ordering::Relaxed).max(wall)
    }

    /// Milliseconds since the process began, for limits and timers: steps of the wall clock do not move it.
    pub fn monotonic(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// A new id. UUIDv7: ids made later sort later, which keeps index pages together.
pub fn new_id(now: i64) -> Uuid {
    let ms = u64::try_from(now).unwrap_or(0);
    let timestamp = Timestamp::from_unix(NoContext, ms / 1000, ((ms % 1000) * 1_000_000) as u32);
    Uuid::new_v7(timestamp)
}
