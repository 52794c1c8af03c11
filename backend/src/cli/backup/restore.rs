//! Putting a backup back. Everything is unpacked beside what is there and checked; only then does it take the
//! place of what is there, which is kept.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Serialize;

use super::manifest::{FORMAT, Manifest, sha256, sha256_of};
use super::take::sync_folder_of;
use super::{DATABASE, FILES, KEYS, MANIFEST, beside};
use crate::clock::Clock;
use crate::config::Config;
use crate::files::write_private;
use crate::server::{Claim, make_private};
use crate::store::{EveryTenant, Store, meta, snapshot};

/// What was put back.
#[derive(Debug, Serialize)]
pub(super) struct Restored {
    manifest: Manifest,
    /// The new name of the history.
    epoch: String,
    /// Where the database that was there lies now.
    replaced: Option<PathBuf>,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "restored {}", self.manifest)?;
        match &self.replaced {
            Some(folder) => write!(f, "\nwhat was there before is kept in {}", folder.display()),
            None => Ok(()),
        }
    }
}

/// Restores `file` into the configured places.
pub(super) async fn restore(config: &Config, file: &Path, replace: bool) -> anyhow::Result<Restored> {
    make_private(&config.data).with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
    let place = config.database.needs_file()?;
    let claim = Claim::take(place)?;
    let occupied = place.exists();
    if occupied && !replace {
        bail!(
            "there is a database at {} already; --replace puts the backup in its place and keeps it",
            place.display()
        );
    }
    let unpacked = Unpacked::beside(config, place);
    let manifest = unpacked.fill(config, file)?;
    let epoch = unpacked.check(&manifest).await?;
    let replaced = if occupied { Some(set_aside(config, place).await?) } else { None };
    std::fs::rename(&unpacked.keys, &config.secret_file)?;
    std::fs::rename(&unpacked.database, place)?;
    sync_folder_of(place)?;
    sync_folder_of(&config.secret_file)?;
    drop(claim);
    Ok(Restored { manifest, epoch, replaced })
}

/// Database and keys of a backup on their way, on the same file systems as their final places. What is left
/// of them is removed.
struct Unpacked {
    database: PathBuf,
    keys: PathBuf,
}

impl Unpacked {
    fn beside(config: &Config, place: &Path) -> Self {
        Self { database: beside(place, ".restoring"), keys: beside(&config.secret_file, ".restoring") }
    }

    /// Unpacks the file. Attachments go to their final places at once: their names are their content.
    fn fill(&self, config: &Config, file: &Path) -> anyhow::Result<Manifest> {
        let shown = file.display();
        let reader = File::open(file).with_context(|| format!("cannot read {shown}"))?;
        let mut archive = tar::Archive::new(std::io::BufReader::new(reader));
        let mut members = archive.entries().with_context(|| format!("{shown} is not a backup"))?;
        let first = members.next().with_context(|| format!("{shown} is empty"))?;
        let mut first = first.with_context(|| format!("{shown} is not a backup"))?;
        ensure!(first.path()?.as_ref() == Path::new(MANIFEST), "{shown} is not a backup: it has no manifest");
        let manifest = read_manifest(&mut first).with_context(|| format!("{shown} has an unreadable manifest"))?;
        let (mut has_database, mut has_keys, mut files, mut bytes) = (false, false, 0, 0);
        for member in members {
            let mut member = member.with_context(|| format!("{shown} is cut off or damaged"))?;
            let name = member.path()?.into_owned();
            if name == Path::new(DATABASE) {
                let mut out = File::create(&self.database)?;
                std::io::copy(&mut member, &mut out).with_context(|| format!("{shown} is cut off or damaged"))?;
                out.sync_all()?;
                has_database = true;
            } else if name == Path::new(KEYS) {
                let mut keys = Vec::new();
                member.read_to_end(&mut keys)?;
                write_private(&self.keys, &keys)?;
                has_keys = true;
            } else if is_file_name(&name) {
                let size = unpack_file(config, &name, &mut member)
                    .with_context(|| format!("{} of {shown} is damaged", name.display()))?;
                files += 1;
                bytes += size;
            } else {
                bail!("{shown} holds {}, which no backup has", name.display());
            }
        }
        let whole = has_database && has_keys && files == manifest.files && bytes == manifest.file_bytes;
        ensure!(whole, "{shown} is cut off: it does not hold what its manifest says");
        Ok(manifest)
    }

    /// Checks the database, brings it up to date and gives its history a new name.
    async fn check(&self, manifest: &Manifest) -> anyhow::Result<String> {
        ensure!(sha256_of(&self.database)? == manifest.database_sha256, "the database in the backup was changed");
        let counts = snapshot::check_sqlite(&self.database).await.context("the database in the backup is damaged")?;
        ensure!(counts == manifest.counts, "the database in the backup does not hold what its manifest says");
        let store = Store::open_sqlite(&self.database).await?;
        let epoch = store.write(EveryTenant, |tx| Box::pin(meta::renew_epoch(tx))).await;
        store.close().await;
        snapshot::seal_sqlite(&self.database).await?;
        Ok(epoch?.0.to_string())
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        for path in [&self.keys, &self.database, &beside(&self.database, "-wal"), &beside(&self.database, "-shm")] {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn read_manifest(member: &mut impl Read) -> anyhow::Result<Manifest> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
        version: String,
    }
    let mut text = Vec::new();
    member.read_to_end(&mut text)?;
    let Format { format, version } = serde_json::from_slice(&text)?;
    ensure!(format == FORMAT, "it was made by frontdesk {version} in a layout this version does not know");
    Ok(serde_json::from_slice(&text)?)
}

/// `files/TENANT/XX/HEX` and nothing that leads elsewhere.
fn is_file_name(name: &Path) -> bool {
    let parts: Vec<_> = name.components().collect();
    parts.len() == 4
        && parts.first() == Some(&Component::Normal(FILES.as_ref()))
        && parts.iter().all(|part| matches!(part, Component::Normal(_)))
}

/// Puts an attachment in its place and says how long it is.
fn unpack_file(config: &Config, name: &Path, member: &mut impl Read) -> anyhow::Result<u64> {
    let place = config.data.join(name);
    let expected = name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = place.parent().context("a file without a folder")?;
    std::fs::create_dir_all(folder)?;
    let partial = beside(&place, ".restoring");
    let mut out = File::create(&partial)?;
    let size = std::io::copy(member, &mut out)?;
    out.sync_all()?;
    if sha256(File::open(&partial)?)? != expected {
        std::fs::remove_file(&partial)?;
        bail!("its content is not what its name says");
    }
    std::fs::rename(&partial, &place)?;
    Ok(size)
}

/// Moves the database that is there, and its keys, into a folder of their own.
async fn set_aside(config: &Config, place: &Path) -> anyhow::Result<PathBuf> {
    // Opening and closing writes the write-ahead log into the database; a damaged one is kept as it is.
    if let Ok(store) = Store::open_sqlite(place).await {
        store.close().await;
    }
    let folder = config.data.join(format!("replaced-{}", Clock::default().now()));
    make_private(&folder)?;
    for suffix in ["-wal", "-shm", ""] {
        let from = beside(place, suffix);
        if from.exists() {
            move_file(&from, &folder.join(format!("{DATABASE}{suffix}")))?;
        }
    }
    if config.secret_file.exists() {
        move_file(&config.secret_file, &folder.join(KEYS))?;
    }
    Ok(folder)
}

/// Renames, or copies where the other place is on another disk.
fn move_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    if std::fs::rename(from, to).is_err() {
        std::fs::copy(from, to).with_context(|| format!("cannot keep {}", from.display()))?;
        File::open(to)?.sync_all()?;
        std::fs::remove_file(from)?;
    }
    Ok(())
}
