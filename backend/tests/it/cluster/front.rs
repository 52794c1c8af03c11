//! What stands around several servers: HAProxy in front, round robin without stickiness, and Redis behind.

use std::path::Path;

use super::haproxy::{Entrance, Haproxy};
use crate::redis_server::RedisServer;

/// The entrance people use.
const ENTRANCE: &str = "chat";

/// Ask whether a server is ready, and give what it did not take to another.
const SETTINGS: [&str; 7] = [
    "option httpchk GET /readyz",
    // As long as they are, or a check on a busy machine counts as none.
    "timeout check 3s",
    "default-server check inter 100ms fall 1 rise 1",
    "option redispatch 1",
    "retries 3",
    "retry-on conn-failure empty-response 503",
    "timeout tunnel 1h",
];

/// A proxy and a Redis server of their own.
pub(crate) struct Front {
    /// The proxy.
    pub(crate) haproxy: Haproxy,
    /// What the servers tell each other by.
    pub(crate) redis: RedisServer,
}

impl Front {
    /// Starts both, for servers on these ports.
    pub(crate) fn before(servers: &[u16]) -> Self {
        let haproxy = Haproxy::before(servers, vec![Entrance::new(ENTRANCE, &SETTINGS)]);
        Self { haproxy, redis: RedisServer::start() }
    }

    /// Where people come in.
    pub(crate) fn port(&self) -> u16 {
        self.haproxy.port(ENTRANCE)
    }

    /// What servers are told about it, and the place of the keys they share.
    pub(crate) fn environment(&self, data: &Path) -> Vec<(String, String)> {
        let keys = data.join("keys").display().to_string();
        let all = [
            ("REDIS_URL", self.redis.url()),
            ("FRONTDESK_SECRET_FILE", keys),
            ("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// Waits until HAProxy sees that many servers ready.
    pub(crate) async fn sees(&self, servers: usize) {
        self.haproxy.sees(servers).await;
    }
}
