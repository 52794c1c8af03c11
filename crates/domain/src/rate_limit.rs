//! Token buckets.

/// A token bucket: it holds at most `capacity` tokens and fills by `refill_per_s` a second. Starts full.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    capacity: f64,
    refill_per_s: f64,
    tokens: f64,
    at_ms: i64,
}

/// How long until what was asked for is there, in milliseconds, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfterMs(pub u64);

/// The longest time to wait that is ever told.
const LONGEST_MS: f64 = 24.0 * 60.0 * 60.0 * 1000.0;

/// Fractions of a token below this are errors of binary fractions.
const ROUNDING: f64 = 1e-6;

impl Bucket {
    /// A full bucket. A capacity below 1 counts as 1. `now_ms` may come from any clock as long as it is always
    /// the same one.
    pub fn new(capacity: u32, refill_per_s: f64, now_ms: i64) -> Self {
        let capacity = f64::from(capacity.max(1));
        let refill_per_s = if refill_per_s.is_finite() { refill_per_s.max(0.0) } else { 0.0 };
        Self { capacity, refill_per_s, tokens: capacity, at_ms: now_ms }
    }

    /// Takes `n` tokens, or none and says how long to wait. More than the capacity counts as the capacity, so
    /// that waiting always helps. A clock that goes backwards adds nothing and takes nothing away.
    ///
    /// # Errors
    /// The time until the tokens are there, at most a day.
    pub fn take(&mut self, n: u32, now_ms: i64) -> Result<(), RetryAfterMs> {
        self.fill(now_ms);
        let wanted = f64::from(n).min(self.capacity);
        if self.tokens + ROUNDING >= wanted {
            self.tokens = (self.tokens - wanted).max(0.0);
            return Ok(());
        }
        // Division by a refill of 0 is infinite and becomes the longest time.
        let wait = (wanted - self.tokens) / self.refill_per_s * 1000.0;
        Err(RetryAfterMs((wait - ROUNDING).clamp(1.0, LONGEST_MS).ceil() as u64))
    }

    /// Whether it is full at `now_ms`: then it need not be kept.
    pub fn is_full(&mut self, now_ms: i64) -> bool {
        self.fill(now_ms);
        self.tokens + ROUNDING >= self.capacity
    }

    fn fill(&mut self, now_ms: i64) {
        let passed = now_ms.saturating_sub(self.at_ms).max(0);
        self.at_ms = now_ms;
        self.tokens = (self.tokens + passed as f64 / 1000.0 * self.refill_per_s).min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_empties_says_how_long_and_fills() {
        let mut bucket = Bucket::new(2, 4.0, 1_000);
        assert_eq!(bucket.take(1, 1_000), Ok(()));
        assert_eq!(bucket.take(1, 1_000), Ok(()));
        assert_eq!(bucket.take(1, 1_000), Err(RetryAfterMs(250)));
        assert_eq!(bucket.take(1, 1_249), Err(RetryAfterMs(1)));
        assert_eq!(bucket.take(1, 1_250), Ok(()));
        assert!(!bucket.is_full(1_260));
        assert!(bucket.is_full(2_000));
    }

    #[test]
    fn a_bucket_that_never_fills_says_a_day() {
        let mut bucket = Bucket::new(1, 0.0, 0);
        assert_eq!(bucket.take(5, 0), Ok(()));
        assert_eq!(bucket.take(1, i64::MAX), Err(RetryAfterMs(86_400_000)));
    }

    proptest! {
        #[test]
        fn no_clock_breaks_it(times in prop::collection::vec(any::<i64>(), 1..50), n in any::<u32>()) {
            let mut bucket = Bucket::new(10, 3.0, 0);
            for time in times {
                if let Err(RetryAfterMs(wait)) = bucket.take(n, time) {
                    prop_assert!((1..=86_400_000).contains(&wait));
                    let mut later = bucket.clone();
                    prop_assert_eq!(later.take(n, time.saturating_add(wait as i64)).is_ok(), time <= i64::MAX - wait as i64);
                }
            }
        }

        #[test]
        fn never_more_than_capacity_and_refill(steps in prop::collection::vec((0i64..500, 1u32..5), 1..200)) {
            let mut bucket = Bucket::new(10, 20.0, 0);
            let (mut now, mut taken) = (0, 0);
            for (passed, n) in steps {
                now += passed;
                if bucket.take(n, now).is_ok() {
                    taken += i64::from(n);
                }
                prop_assert!(taken as f64 <= 10.0 + now as f64 / 1000.0 * 20.0 + 1e-3);
            }
        }
    }
}
