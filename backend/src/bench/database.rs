//! How fast the database commits by itself: rows of the size of a message, some in a commit, on the disk of the data
//! folder. No server can acknowledge more durable messages than that.

use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use uuid::Uuid;

use super::histogram::{Histogram, Percentiles};
use super::options::Database;
use super::report::{Finished, Table, round};
use crate::config::Config;
use crate::store::commit_rate::{self, Commits};

#[derive(Debug, Serialize)]
struct Line {
    rows_per_commit: u32,
    rows_per_s: f64,
    commits_per_s: f64,
    commit_ms: Option<Percentiles>,
}

/// Measures every number of rows that was asked for, each on a fresh database.
pub(super) async fn run(config: &Config, options: Database) -> anyhow::Result<Finished> {
    let mut lines = Vec::new();
    for rows in &options.rows {
        let folder = config.data.join(format!("bench-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let within = Duration::from_secs(options.duration);
        let commits = commit_rate::measure(&folder.join("commits.db"), *rows, options.size, within).await;
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        lines.push(line(*rows, &commits?));
    }
    let mut table = Table::default();
    for line in &lines {
        let name = format!("{} rows a commit", line.rows_per_commit);
        table.row(&name, &format!("{} rows/s, {} commits/s", line.rows_per_s, line.commits_per_s));
        table.latency("  a commit took", line.commit_ms);
    }
    Ok(Finished::new(&lines, table.text, options.json, true))
}

fn line(rows: u32, commits: &Commits) -> Line {
    let mut each = Histogram::default();
    for took in &commits.each {
        each.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    let per_s = commits.each.len() as f64 / commits.took.as_secs_f64();
    Line {
        rows_per_commit: rows,
        rows_per_s: round(per_s * f64::from(rows)),
        commits_per_s: round(per_s),
        commit_ms: each.percentiles(),
    }
}
