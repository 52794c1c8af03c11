//! `frontdesk backup` and `frontdesk restore`: one file with everything an installation on SQLite keeps.
//!
//! The file is a plain tar: `manifest.json`, `frontdesk.db`, `keys`, then `files/` as they lie in the data
//! folder. A backup is taken beside a running server; a restore needs it stopped, gives the stored history a
//! new name (epoch), so that clients which saw more than the backup holds start over instead of missing what
//! comes next (F37), and keeps what it replaced.

/// What a backup says of itself.
mod manifest;
/// Putting a backup back.
mod restore;
/// Taking a backup.
mod take;

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Output;
use super::tenant::JSON;
use crate::config::Config;
use crate::server;
use crate::store::{EveryTenant, meta};

/// The names inside the file.
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "frontdesk.db";
const KEYS: &str = "keys";
const FILES: &str = "files";

/// Options of `frontdesk backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// File to write; must not exist. It holds everything, the signing keys too: keep it as safe as the data.
    #[arg(long)]
    to: PathBuf,
    #[arg(long, help = JSON)]
    json: bool,
}

/// Options of `frontdesk restore`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file made by `frontdesk backup`.
    #[arg(required_unless_present = "renew_history")]
    file: Option<PathBuf>,
    /// Replace the database that is there. It is kept beside the new one.
    #[arg(long)]
    replace: bool,
    /// The database was put back by other means (a snapshot of the disk, a database tool): only give its
    /// history a new name, so that clients that have seen more than it holds start over.
    #[arg(long, conflicts_with_all = ["file", "replace"])]
    renew_history: bool,
    #[arg(long, help = JSON)]
    json: bool,
}

impl Backup {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let manifest = take::take(&config, &self.to).await?;
        Output::new(self.json).print(&manifest, || format!("{manifest}\nwritten to {}", self.to.display()))
    }
}

impl Restore {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let output = Output::new(self.json);
        let Some(file) = self.file else {
            let app = server::open_app(config).await?;
            let epoch = app.store.write(EveryTenant, |tx| Box::pin(meta::renew_epoch(tx))).await?;
            app.store.close().await;
            let words = "The history has a new name. Restart every server: clients start over from what is stored.";
            return output.print(&serde_json::json!({ "epoch": epoch }), || words.to_owned());
        };
        let restored = restore::restore(&config, &file, self.replace).await?;
        output.print(&restored, || restored.to_string())
    }
}

/// `path` with `suffix` after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
