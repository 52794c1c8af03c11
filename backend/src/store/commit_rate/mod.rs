//! What the database commits by itself, without a server: the yardstick for the write lane. Rows have the columns and
//! indexes of an entry, and go in by one statement a commit, so that the driver hardly counts.

/// The measurement on PostgreSQL.
pub mod postgres;
/// The measurement on SQLite.
pub mod sqlite;

use std::time::Duration;

/// What was committed.
pub struct Commits {
    /// How long each commit took, from its begin.
    pub each: Vec<Duration>,
    /// How long all took.
    pub took: Duration,
}

/// The body of a message of `size` characters.
fn body(size: usize) -> String {
    format!("{{\"type\":\"message\",\"text\":\"{}\"}}", "x".repeat(size))
}
