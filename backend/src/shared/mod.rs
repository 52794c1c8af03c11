//! What nodes share besides the database: a Redis server, for what may be lost. Nothing is kept there that could
//! not be made again from the database and the connections that are open.
//!
//! [`Redis`] asks and never waits for long; [`voice::Voice`] speaks to the other nodes; [`ears::Ears`] hears them.
//! The bus, presence and the limiter are made of these three.

/// Hearing other nodes.
pub mod ears;
/// What travels between nodes.
pub mod message;
/// Reaching a server, a cluster, or the server that sentinels name.
mod reach;
/// Speaking to other nodes.
pub mod voice;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use redis::aio::PubSub;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::config;
use crate::metrics::metrics;
use reach::{Commands, Reach};

/// A server that does not take a connection in this time is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// A server that does not answer a ping in this time is away.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often the server is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Between two attempts to connect.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// Why a server cannot be used, for whoever set `REDIS_URL`. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Nothing answers there.
    #[error("REDIS_URL: the Redis server at {place} does not answer ({why}); is it running, and is the address right?")]
    Away {
        /// Hosts and ports.
        place: String,
        /// What the attempt said.
        why: String,
    },
    /// The name or the password is wrong, or one is needed.
    #[error("REDIS_URL: the Redis server at {place} refuses the name or the password ({why})")]
    Denied {
        /// Hosts and ports.
        place: String,
        /// What the server said.
        why: String,
    },
    /// The user may not do what is needed.
    #[error(
        "REDIS_URL: the user at the Redis server at {place} may not run {command} ({why}); it needs the keys and \
         channels `frontdesk:*` and the commands PING, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, SET, GET, DEL, EVAL, TIME"
    )]
    Forbidden {
        /// Hosts and ports.
        place: String,
        /// What was tried.
        command: &'static str,
        /// What the server said.
        why: String,
    },
}

/// The server is away. Whoever asks has a way to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away;

/// A Redis server, cluster, or the server that sentinels name. It may be away at any time: it is tried again and
/// again, and nobody waits for that.
pub struct Redis {
    reach: Reach,
    place: String,
    prefix: String,
    // A std mutex: held for a clone, never across an await.
    commands: Mutex<Option<Commands>>,
    failed: Notify,
    /// When this node said its last sign of life and has not heard it yet.
    said_at: Mutex<Option<Instant>>,
}

impl Redis {
    /// Reaches the server and tries everything that will be needed, so that what is missing is said at start.
    /// `installation` keeps several installations on one server apart.
    ///
    /// # Errors
    /// One sentence that names `REDIS_URL`.
    pub async fn open(settings: &config::redis::Redis, installation: &str) -> Result<Arc<Self>, Unusable> {
        let place = settings.place();
        let reach = Reach::new(settings).map_err(|error| unusable(&place, "connecting", &error))?;
        let redis = Arc::new(Self {
            reach,
            prefix: format!("frontdesk:{installation}:"),
            commands: Mutex::default(),
            failed: Notify::new(),
            said_at: Mutex::default(),
            place,
        });
        redis.connect().await.map_err(|error| unusable(&redis.place, "connecting", &error))?;
        redis.check().await?;
        tokio::spawn(keep(Arc::downgrade(&redis)));
        Ok(redis)
    }

    /// A server that is never reached, for tests of what rests on one.
    #[cfg(test)]
    fn away(settings: &config::redis::Redis) -> Result<Self, RedisError> {
        let reach = Reach::new(settings)?;
        let (place, prefix) = (settings.place(), String::new());
        Ok(Self { reach, place, prefix, commands: Mutex::default(), failed: Notify::new(), said_at: Mutex::default() })
    }

    /// Hosts and ports, for people.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The name of a key or channel of this installation.
    pub fn name(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// Whether it answered last.
    pub fn is_up(&self) -> bool {
        self.current().is_some()
    }

    /// Asks, and waits for the answer for at most `within`.
    ///
    /// # Errors
    /// When there is no answer in time.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd, within: Duration) -> Result<T, Away> {
        let mut commands = self.current().ok_or(Away)?;
        let answer = timeout(within, commands.run(command)).await;
        self.judge(answer.map_err(|_| Away)?)
    }

    /// A sign of life is being said.
    fn said(&self) {
        *self.said_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A sign of life of this node's own is heard: so long a note takes to another node.
    fn heard(&self) {
        if let Some(at) = self.said_at.lock().unwrap_or_else(PoisonError::into_inner).take() {
            metrics().bus_lag.record(at.elapsed().as_secs_f64());
        }
    }

    /// A connection that hears.
    async fn hearing(&self) -> Result<PubSub, RedisError> {
        match timeout(CONNECT_WITHIN, self.reach.hearing()).await {
            Ok(reached) => reached,
            Err(_) => Err(late()),
        }
    }

    fn current(&self) -> Option<Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge<T>(&self, answer: Result<T, RedisError>) -> Result<T, Away> {
        answer.map_err(|error| {
            if error.is_io_error() || error.is_connection_dropped() {
                self.failed.notify_one();
            } else {
                tracing::warn!(error = %said(&error), "Redis refused a command");
            }
            Away
        })
    }

    async fn connect(&self) -> Result<(), RedisError> {
        let commands = match timeout(CONNECT_WITHIN, self.reach.commands()).await {
            Ok(reached) => reached?,
            Err(_) => return Err(late()),
        };
        *self.commands.lock().unwrap_or_else(PoisonError::into_inner) = Some(commands);
        Ok(())
    }

    /// Tries everything that will be needed.
    async fn check(&self) -> Result<(), Unusable> {
        let key = self.name("probe");
        let mut commands = self.current().ok_or_else(|| unusable(&self.place, "connecting", &late()))?;
        for (what, command) in [
            ("PING", redis::cmd("PING")),
            ("SET", redis::cmd("SET").arg(&key).arg(1).arg("PX").arg(1000).clone()),
            ("GET", redis::cmd("GET").arg(&key).clone()),
            ("DEL", redis::cmd("DEL").arg(&key).clone()),
            ("PUBLISH", redis::cmd("PUBLISH").arg(&key).arg(1).clone()),
            ("EVAL", redis::cmd("EVAL").arg("return redis.call('TIME')[1]").arg(1).arg(&key).clone()),
        ] {
            let ran = timeout(ANSWER_WITHIN, commands.run::<redis::Value>(&command)).await;
            ran.unwrap_or_else(|_| Err(late())).map_err(|error| unusable(&self.place, what, &error))?;
        }
        let hearing = async {
            let mut hearing = self.hearing().await?;
            hearing.subscribe(&key).await
        };
        let heard = timeout(CONNECT_WITHIN, hearing).await.unwrap_or_else(|_| Err(late()));
        heard.map_err(|error| unusable(&self.place, "SUBSCRIBE", &error))
    }

    async fn ping(&self) -> bool {
        let Some(mut commands) = self.current() else { return false };
        let answer = timeout(ANSWER_WITHIN, commands.run::<redis::Value>(&redis::cmd("PING"))).await;
        answer.is_ok_and(|answer| answer.is_ok())
    }
}

/// Connects again whenever the server was away, for as long as anybody needs it.
async fn keep(redis: Weak<Redis>) {
    loop {
        let Some(redis) = redis.upgrade() else { return };
        let _ = timeout(PING_EVERY, redis.failed.notified()).await;
        if redis.ping().await {
            continue;
        }
        redis.commands.lock().unwrap_or_else(PoisonError::into_inner).take();
        tracing::warn!(place = %redis.place, "Redis is away: other nodes hear of news from the database only");
        while Arc::strong_count(&redis) > 1 && (redis.connect().await.is_err() || !redis.ping().await) {
            sleep(RETRY_EVERY).await;
        }
        tracing::info!(place = %redis.place, "Redis is back");
    }
}

fn late() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time").into()
}

/// What an error says, in one line.
fn said(error: &RedisError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn unusable(place: &str, command: &'static str, error: &RedisError) -> Unusable {
    let (place, why) = (place.to_owned(), said(error));
    let code = error.code().unwrap_or_default();
    if error.kind() == ErrorKind::AuthenticationFailed || matches!(code, "NOAUTH" | "WRONGPASS") {
        return Unusable::Denied { place, why };
    }
    if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) || code == "NOPERM" {
        return Unusable::Forbidden { place, command, why };
    }
    Unusable::Away { place, why }
}
