//! Redis: whether it is there and lets us do what nodes need.

use tokio::time::Instant;

use super::Finding;
use crate::config::Config;
use crate::shared::Redis;

/// A command that takes longer delays what goes from node to node, in milliseconds.
const SLOW_MS: u128 = 50;
/// Stands where the id of an installation stands: nobody's keys are touched.
const NOBODY: &str = "doctor";

/// Tries every command that nodes use.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let Some(settings) = &config.redis else { return Vec::new() };
    let place = settings.place();
    let redis = match Redis::open(settings, NOBODY).await {
        Ok(redis) => redis,
        Err(error) => return vec![Finding::failed("redis", "redis.failed").with("error", error)],
    };
    let begun = Instant::now();
    let answered = redis.ask::<redis::Value>(&redis::cmd("PING"), super::client::PATIENCE).await;
    let ms = begun.elapsed().as_millis();
    vec![
        match (answered, ms) {
            (Ok(_), ..=SLOW_MS) => Finding::ok("redis", "redis.ok"),
            _ => Finding::warning("redis", "redis.slow"),
        }
        .with("place", place)
        .with("ms", ms),
    ]
}
