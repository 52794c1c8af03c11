//! Buckets of all nodes, in Redis. This process's own bucket comes first, so that a flood stays here. When Redis does
//! not answer at once, the node decides alone; where passwords can be guessed, by half of what is allowed (C15).

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};

use super::local::LocalBuckets;
use super::{Buckets, Rule};
use crate::error::Refusal;
use crate::shared::Redis;

/// How long Redis has to answer: nobody notices that.
const WITHIN: Duration = Duration::from_millis(50);

/// A bucket as the time when it will be full again. One token costs ARGV[1] milliseconds, and it holds ARGV[2]. Says
/// how long to wait, 0 when it was taken. By the server's clock, the only one that all nodes share.
const TAKE: &str = "local t = redis.call('TIME') \
     local now = t[1] * 1000 + math.floor(t[2] / 1000) \
     local cost = tonumber(ARGV[1]) \
     local full = tonumber(redis.call('GET', KEYS[1]) or '') or now \
     if full < now then full = now end \
     local wait = full + cost - cost * tonumber(ARGV[2]) - now \
     if wait > 0 then return wait end \
     redis.call('SET', KEYS[1], string.format('%.0f', full + cost), 'PX', string.format('%.0f', full + cost - now)) \
     return 0";

/// Counts what every node is asked.
pub struct RedisBuckets {
    redis: Arc<Redis>,
    own: LocalBuckets,
    alone: LocalBuckets,
}

impl RedisBuckets {
    /// Buckets on this server.
    pub fn new(redis: Arc<Redis>) -> Self {
        Self { redis, own: LocalBuckets::default(), alone: LocalBuckets::halved() }
    }
}

impl Buckets for RedisBuckets {
    fn take<'a>(&'a self, rule: Rule, key: &'a str, now: i64) -> BoxFuture<'a, Result<(), Refusal>> {
        async move {
            self.own.take_now(rule, key, now)?;
            let (capacity, per_s) = rule.rate();
            let command = redis::cmd("EVAL")
                .arg(TAKE)
                .arg(1)
                .arg(self.redis.name(&format!("limit:{rule:?}:{}", digest(key))))
                .arg((1000.0 / per_s).round() as i64)
                .arg(capacity)
                .clone();
            match self.redis.ask::<u64>(&command, WITHIN).await {
                Ok(0) => Ok(()),
                Ok(wait) => Err(Refusal::rate_limited(wait)),
                Err(_) if rule.guards_secrets() => self.alone.take_now(rule, key, now),
                Err(_) => Ok(()),
            }
        }
        .boxed()
    }
}

/// What stands for a key: addresses of people do not lie in Redis.
fn digest(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
