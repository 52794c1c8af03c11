//! How often one may ask (rule R1). Token buckets by rule and key in a bounded map.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use domain::rate_limit::{Bucket, RetryAfterMs};

use crate::error::Refusal;

/// Most buckets kept. A full bucket says nothing and is dropped first.
const BUCKETS: usize = 100_000;

/// What is limited, and by what key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Attempts to sign in to one account. Key: address.
    SignInAccount,
    /// Attempts to sign in from one place. Key: IP.
    SignInIp,
    /// Codes of a second factor. Key: account.
    SecondFactor,
    /// Visitor tokens. Key: IP.
    NewVisitor,
    /// Conversations and offline messages begun by one visitor. Key: visitor.
    NewConversation,
    /// The same from one place. Key: IP.
    NewConversationIp,
    /// Messages of one visitor. Key: visitor.
    VisitorMessage,
    /// Messages and notes of one agent. Key: agent.
    AgentMessage,
    /// Everything else one connected person asks: typing, reads, lists. Key: visitor or agent.
    Command,
    /// Uploads. Key: visitor or agent.
    Upload,
    /// Looking at and using one-time links. Key: IP.
    Link,
    /// Requests for a new password for one account. Key: address.
    ResetAccount,
    /// Requests for a new password from one place. Key: IP.
    ResetIp,
    /// Connections opened from one place. Key: IP.
    Socket,
}

impl Rule {
    /// How many at once, and how many a second after that.
    const fn rate(self) -> (u32, f64) {
        match self {
            Self::SignInAccount => (10, 1.0 / 60.0),
            Self::SignInIp => (30, 0.2),
            // Five tries, then one in three minutes (rule A4).
            Self::SecondFactor => (5, 1.0 / 180.0),
            Self::NewVisitor => (120, 2.0),
            Self::NewConversation => (6, 1.0 / 60.0),
            Self::NewConversationIp => (60, 0.5),
            Self::VisitorMessage => (20, 1.0),
            Self::AgentMessage => (60, 5.0),
            Self::Command => (120, 20.0),
            Self::Upload => (20, 0.1),
            Self::Link => (20, 0.1),
            Self::ResetAccount => (3, 1.0 / 600.0),
            Self::ResetIp => (10, 1.0 / 60.0),
            Self::Socket => (120, 5.0),
        }
    }
}

/// Buckets of this process.
#[derive(Default)]
pub struct Limiter {
    // A std mutex: held for a map operation, never across an await.
    buckets: Mutex<HashMap<(Rule, String), Bucket>>,
    switched_off: bool,
}

impl Limiter {
    /// A limiter that never refuses, for measurements on a closed network.
    pub fn switched_off() -> Self {
        Self { buckets: Mutex::default(), switched_off: true }
    }

    /// Counts one event at `now` ([`crate::clock::Clock::monotonic`]).
    ///
    /// # Errors
    /// `rate_limited` with the time after which one more is allowed.
    pub fn take(&self, rule: Rule, key: &str, now: i64) -> Result<(), Refusal> {
        if self.switched_off {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS {
            make_room(&mut buckets, now);
        }
        let (capacity, per_s) = rule.rate();
        let bucket = buckets.entry((rule, key.to_owned())).or_insert_with(|| Bucket::new(capacity, per_s, now));
        bucket.take(1, now).map_err(|RetryAfterMs(wait)| Refusal::rate_limited(wait))
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

/// The key of an address: IPv6 by /64, because one connection owns that many.
pub fn ip_key(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::error::ErrorCode;

    #[test]
    fn one_more_than_allowed_is_refused_and_said_when() {
        let limiter = Limiter::default();
        for _ in 0..Rule::SignInAccount.rate().0 {
            limiter.take(Rule::SignInAccount, "a", 0).unwrap();
        }
        let refusal = limiter.take(Rule::SignInAccount, "a", 0).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RateLimited);
        assert_eq!(refusal.retry_after_ms, Some(60_000));
        assert!(limiter.take(Rule::SignInAccount, "b", 0).is_ok());
        assert!(limiter.take(Rule::SignInIp, "a", 0).is_ok());
        assert!(limiter.take(Rule::SignInAccount, "a", 60_000).is_ok());
        assert!(limiter.take(Rule::SignInAccount, "a", 60_000).is_err());
    }

    #[test]
    fn the_map_is_bounded() {
        let limiter = Limiter::default();
        for n in 0..BUCKETS + 10 {
            limiter.take(Rule::NewVisitor, &n.to_string(), 0).unwrap();
        }
        let kept = limiter.buckets.lock().unwrap().len();
        assert!(kept <= BUCKETS && kept > BUCKETS / 2, "{kept}");
    }

    #[test]
    fn addresses_of_one_connection_are_one_key() {
        let key = |text: &str| ip_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }
}
