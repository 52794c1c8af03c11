//! Buckets of this process, in a bounded map.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::rate_limit::{Bucket, RetryAfterMs};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{Buckets, Rule};
use crate::error::Refusal;

/// Most buckets kept. A full bucket says nothing and is dropped first.
const BUCKETS: usize = 100_000;

/// Counts what this process is asked.
#[derive(Default)]
pub struct LocalBuckets {
    // A std mutex: held for a map operation, never across an await.
    buckets: Mutex<HashMap<(Rule, String), Bucket>>,
    /// Only half of what is allowed otherwise.
    halved: bool,
}

impl LocalBuckets {
    /// Buckets that hold half: two servers that cannot count together allow as much as one.
    pub(super) fn halved() -> Self {
        Self { halved: true, ..Self::default() }
    }

    /// Counts one event at `now`.
    ///
    /// # Errors
    /// `rate_limited` with the time after which one more is allowed.
    pub(super) fn take_now(&self, rule: Rule, key: &str, now: i64) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS {
            make_room(&mut buckets, now);
        }
        let (mut capacity, mut per_s) = rule.rate();
        if self.halved {
            (capacity, per_s) = (capacity.div_ceil(2), per_s / 2.0);
        }
        let bucket = buckets.entry((rule, key.to_owned())).or_insert_with(|| Bucket::new(capacity, per_s, now));
        bucket.take(1, now).map_err(|RetryAfterMs(wait)| Refusal::rate_limited(wait))
    }
}

impl Buckets for LocalBuckets {
    fn take<'a>(&'a self, rule: Rule, key: &'a str, now: i64) -> BoxFuture<'a, Result<(), Refusal>> {
        ready(self.take_now(rule, key, now)).boxed()
    }
}

/// Drops what says nothing; when that frees too little, every fourth, so that a flood of keys costs memory
/// no more than this and time only now and then.
fn make_room(buckets: &mut HashMap<(Rule, String), Bucket>, now: i64) {
    buckets.retain(|_, bucket| !bucket.is_full(now));
    if buckets.len() > BUCKETS / 4 * 3 {
        let mut index = 0_usize;
        buckets.retain(|_, _| {
            index += 1;
            !index.is_multiple_of(4)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_bounded() {
        let limiter = LocalBuckets::default();
        for n in 0..BUCKETS + 10 {
            limiter.take_now(Rule::NewVisitor, &n.to_string(), 0).unwrap();
        }
        let kept = limiter.buckets.lock().unwrap().len();
        assert!(kept <= BUCKETS && kept > BUCKETS / 2, "{kept}");
    }

    #[test]
    fn a_bucket_fills_with_time() {
        let limiter = LocalBuckets::default();
        for _ in 0..Rule::SignInAccount.rate().0 {
            limiter.take_now(Rule::SignInAccount, "a", 0).unwrap();
        }
        assert_eq!(limiter.take_now(Rule::SignInAccount, "a", 0).unwrap_err().retry_after_ms, Some(60_000));
        assert!(limiter.take_now(Rule::SignInAccount, "a", 60_000).is_ok());
        assert!(limiter.take_now(Rule::SignInAccount, "a", 60_000).is_err());
    }

    #[test]
    fn half_is_half() {
        let limiter = LocalBuckets::halved();
        let taken = (0..20).filter(|_| limiter.take_now(Rule::SignInAccount, "a", 0).is_ok()).count();
        assert_eq!(taken, 5);
    }
}
