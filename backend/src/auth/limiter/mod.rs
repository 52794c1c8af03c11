//! How often one may ask (rule R1). Token buckets by rule and key.
//!
//! What a person does again and again, such as writing, is counted by the node that has the connection. What somebody
//! may try at every node, such as signing in, is counted by all of them together.

/// Buckets of this process.
pub mod local;
/// Buckets of all nodes.
pub mod redis;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::error::Refusal;
use crate::shared::Redis;
use local::LocalBuckets;
use redis::RedisBuckets;

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

    /// Whether somebody could guess a secret by trying often.
    const fn guards_secrets(self) -> bool {
        matches!(
            self,
            Self::SignInAccount | Self::SignInIp | Self::SecondFactor | Self::ResetAccount | Self::ResetIp | Self::Link
        )
    }
}

/// Buckets, wherever they are.
pub trait Buckets: Send + Sync {
    /// Counts one event at `now` ([`crate::clock::Clock::monotonic`]). Never takes long.
    ///
    /// # Errors
    /// `rate_limited` with the time after which one more is allowed.
    fn take<'a>(&'a self, rule: Rule, key: &'a str, now: i64) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// The buckets of this server, and those it shares.
pub struct Limiter {
    own: Arc<LocalBuckets>,
    everywhere: Arc<dyn Buckets>,
    switched_off: bool,
}

impl Limiter {
    /// Buckets of one server, or of all servers that share `redis`.
    pub fn new(redis: Option<Arc<Redis>>) -> Self {
        let own = Arc::new(LocalBuckets::default());
        let everywhere: Arc<dyn Buckets> = match redis {
            Some(redis) => Arc::new(RedisBuckets::new(redis)),
            None => Arc::clone(&own) as _,
        };
        Self { own, everywhere, switched_off: false }
    }

    /// A limiter that never refuses, for measurements on a closed network.
    pub fn switched_off() -> Self {
        Self { switched_off: true, ..Self::new(None) }
    }

    /// Counts one event of a person or place that this server has the connection of, at `now`
    /// ([`crate::clock::Clock::monotonic`]).
    ///
    /// # Errors
    /// `rate_limited` with the time after which one more is allowed.
    pub fn take(&self, rule: Rule, key: &str, now: i64) -> Result<(), Refusal> {
        if self.switched_off { Ok(()) } else { self.own.take_now(rule, key, now) }
    }

    /// Counts one event that may happen at any server.
    ///
    /// # Errors
    /// As [`Limiter::take`].
    pub async fn take_everywhere(&self, rule: Rule, key: &str, now: i64) -> Result<(), Refusal> {
        if self.switched_off { Ok(()) } else { self.everywhere.take(rule, key, now).await }
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

    #[test]
    fn addresses_of_one_connection_are_one_key() {
        let key = |text: &str| ip_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }
}
