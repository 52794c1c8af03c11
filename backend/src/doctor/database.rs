//! The database: whether it keeps what it says it keeps, whether the schema is ours, what time it has.

use super::Finding;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::database::Database;
use crate::store::inspect::{self, Inspection, Schema};

/// Clocks that differ by more confuse timers, in milliseconds.
const APART_MS: u64 = 2_000;
/// And by more than this signatures and tokens (C16).
const FAR_APART_MS: u64 = 30_000;

/// Looks without changing anything.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    match &config.database {
        Database::Sqlite(file) if !file.exists() => {
            return vec![Finding::failed("database", "database.missing").with("place", file.display())];
        }
        _ => {}
    }
    match inspect::inspect(&config.database).await {
        Err(error) => vec![Finding::failed("database", "database.failed").with("error", format!("{error:#}"))],
        Ok(found) => {
            let mut findings = vec![durable(&found), schema(&found)];
            findings.extend(found.clock_ms.map(clock));
            findings.extend(found.room.and_then(|room| connections(room, config)));
            findings
        }
    }
}

fn durable(found: &Inspection) -> Finding {
    match &found.weakness {
        None => Finding::ok("database", "database.ok").with("what", &found.what),
        Some(weakness) => {
            Finding::failed("database", "database.weak").with("what", &found.what).with("weakness", weakness)
        }
    }
}

fn schema(found: &Inspection) -> Finding {
    match found.schema {
        Schema::Current => Finding::ok("schema", "schema.ok"),
        Schema::Older(count) => Finding::warning("schema", "schema.older").with("count", count),
        Schema::Newer(version) => Finding::failed("schema", "schema.newer").with("version", version),
        Schema::Empty => Finding::warning("schema", "schema.empty"),
    }
}

fn clock(theirs: i64) -> Finding {
    let apart = Clock::default().now().abs_diff(theirs);
    let finding = if apart <= APART_MS {
        Finding::ok("clock", "clock.ok")
    } else if apart <= FAR_APART_MS {
        Finding::warning("clock", "clock.apart")
    } else {
        Finding::failed("clock", "clock.far_apart")
    };
    finding.with("ms", apart)
}

/// Whether a node's connections fit into what the server allows.
fn connections(room: i64, config: &Config) -> Option<Finding> {
    let Database::Postgres(settings) = &config.database else { return None };
    let needed = i64::from(settings.connections) + i64::from(settings.lanes);
    let small = needed > room;
    small.then(|| Finding::failed("connections", "connections.few").with("needed", needed).with("room", room))
}
