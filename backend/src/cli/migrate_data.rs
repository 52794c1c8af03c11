//! `frontdesk migrate-data`: an installation on SQLite moves to PostgreSQL.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::tenant::JSON;
use crate::actions::migrate_data::{Move, Step, Summary};
use crate::config::Config;
use crate::config::database::{Database, sqlite};
use crate::config::source::{Flags, Found};
use crate::files::FileStore;
use crate::server::Claim;
use crate::store::{Store, copy};

/// Options of `frontdesk migrate-data`.
#[derive(Debug, Args)]
pub(super) struct MigrateData {
    /// Database to copy, sqlite:PATH; its server must not run [default: sqlite:DATA/frontdesk.db]
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Empty database to fill, postgres://...; better by --to-file or DATABASE_URL, because others may read flags
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// File that holds the address of the database to fill
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Folder of the attachments to copy [default: `files` beside the database]
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Rows written in one transaction
    #[arg(long, value_name = "ROWS", default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=1000))]
    batch: i64,
    #[arg(long, help = JSON)]
    json: bool,
}

impl MigrateData {
    /// Takes the target's address, before the configuration is read.
    ///
    /// # Errors
    /// When the file with it cannot be read.
    pub(super) fn name_database(&self, flags: &mut Flags) -> anyhow::Result<()> {
        if let Some(url) = &self.to {
            flags.named_database = Some(("--to", url.clone()));
        }
        if let Some(path) = &self.to_file {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            flags.named_database = Some(("--to-file", text.trim().to_owned()));
        }
        Ok(())
    }

    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let Database::Postgres(settings) = &config.database else {
            bail!(
                "say where to move to: DATABASE_URL, --to-file or --to with postgres://NAME:PASSWORD@HOST:PORT/DATABASE"
            );
        };
        let path = match &self.from {
            Some(from) => sqlite(&Found { value: from.clone(), origin: "--from".to_owned() })?,
            None => config.data.join("frontdesk.db"),
        };
        if !path.is_file() {
            bail!("there is no database at {}; --from names another", path.display());
        }
        // Held to the end: what a server wrote meanwhile would stay behind.
        let _claim = Claim::take(&path)?;
        let source = copy::open_source(&path).await?;
        copy::check_target(settings).await?;
        let target = Store::open(&config.database).await?;
        let beside = || path.parent().map(|folder| folder.join("files")).unwrap_or_default();
        let files = FileStore::new(self.files.unwrap_or_else(beside));
        let moving = Move { source, files: &files, target: &target, batch: self.batch };
        let json = self.json;
        let moved = moving.run(&mut |step| say(json, &step)).await;
        target.close().await;
        finish(json, &moved?, &config)
    }
}

/// Progress: a line for people, or a JSON object on a line. Who does not listen any more is no reason to stop.
fn say(json: bool, step: &Step) {
    let mut out = std::io::stdout();
    let _ = match step {
        step if json => writeln!(out, "{}", serde_json::to_string(step).unwrap_or_default()),
        Step::Resumed => writeln!(out, "going on where an earlier run stopped"),
        Step::Copied { rows: 0, .. } => Ok(()),
        Step::Copied { table, rows, of } => writeln!(out, "{table:<16} {rows} of {of} copied"),
        Step::Verified { count: 0, .. } => Ok(()),
        Step::Verified { what, count } => writeln!(out, "{what:<16} {count} verified"),
    };
    let _ = out.flush();
}

fn finish(json: bool, summary: &Summary, config: &Config) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    if json {
        let mut object = serde_json::to_value(summary)?;
        if let Some(members) = object.as_object_mut() {
            members.insert("event".to_owned(), "done".into());
        }
        writeln!(out, "{object}")?;
        return Ok(());
    }
    let Summary { chains, files, seconds, .. } = summary;
    let rows: i64 = summary.tables.values().sum();
    writeln!(out, "moved and verified {rows} rows, {chains} conversations and {files} files in {seconds:.1} s")?;
    writeln!(
        out,
        "Next: give every node the signing keys ({}), DATABASE_URL and REDIS_URL, and start them.",
        config.secret_file.display()
    )?;
    Ok(())
}
