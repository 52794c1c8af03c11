//! Waiting between attempts: full jitter, so that a thousand clients of a restarted server spread out.

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 30_000;
const SHORTEST_MS: u64 = 100;

/// Counts failures in a row and says how long to wait after each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure, in milliseconds: a random part of 0.5 s, 1 s, 2 s ... 30 s.
    pub(crate) fn next(&mut self, random: u32) -> u64 {
        let ceiling = (FIRST_MS << self.failures.min(6)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        ((ceiling * u64::from(random)) >> 32).max(SHORTEST_MS)
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}
