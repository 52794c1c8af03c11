//! How fast the database commits by itself: rows of the size of a message, some in a commit, on the disk of the data
//! folder or on a PostgreSQL server. No server can acknowledge more durable messages than that.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use uuid::Uuid;

use super::histogram::{Histogram, Percentiles};
use super::options::Database;
use super::report::{Finished, Table, round};
use crate::config::Config;
use crate::config::database::address;
use crate::config::source::Found;
use crate::store::commit_rate::{Commits, postgres, sqlite};

#[derive(Debug, Serialize)]
struct Line {
    /// Connections that committed at the same time; absent where there is one writer.
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u32>,
    rows_per_commit: u32,
    /// Of all connections.
    rows_per_s: f64,
    commits_per_s: f64,
    commit_ms: Option<Percentiles>,
}

/// Measures every number of rows that was asked for, each on fresh tables.
pub(super) async fn run(config: &Config, options: Database) -> anyhow::Result<Finished> {
    let url = options.on.clone().map(|value| address(&Found { value, origin: "--on".to_owned() })).transpose()?;
    let Database { connections, size, .. } = options;
    let within = Duration::from_secs(options.duration);
    let mut lines = Vec::new();
    for &rows in &options.rows {
        let commits = match &url {
            Some(url) => postgres::measure(url, postgres::Load { connections, rows, size, within }).await?,
            None => in_folder(&config.data, rows, size, within).await?,
        };
        lines.push(line(rows, url.as_ref().map(|_| connections), &commits));
    }
    let mut table = Table::default();
    if url.is_some() {
        table.row("connections", &connections.to_string());
    }
    for line in &lines {
        let name = format!("{} rows a commit", line.rows_per_commit);
        table.row(&name, &format!("{} rows/s, {} commits/s", line.rows_per_s, line.commits_per_s));
        table.latency("  a commit took", line.commit_ms);
    }
    Ok(Finished::new(&lines, table.text, options.json, true))
}

/// Measures SQLite on the disk of the data folder.
async fn in_folder(data: &Path, rows: u32, size: usize, within: Duration) -> anyhow::Result<Commits> {
    let folder = data.join(format!("bench-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let commits = sqlite::measure(&folder.join("commits.db"), rows, size, within).await;
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    commits
}

fn line(rows: u32, connections: Option<u32>, commits: &Commits) -> Line {
    let mut each = Histogram::default();
    for took in &commits.each {
        each.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    let per_s = commits.each.len() as f64 / commits.took.as_secs_f64();
    Line {
        connections,
        rows_per_commit: rows,
        rows_per_s: round(per_s * f64::from(rows)),
        commits_per_s: round(per_s),
        commit_ms: each.percentiles(),
    }
}
