//! Taking a backup beside a running server. The database is copied first, in one consistent read; a file is
//! on disk before the row that names it is committed and never changes, so the files copied afterwards are
//! at least those the copy names.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::manifest::{FORMAT, Manifest, sha256_of};
use super::{DATABASE, FILES, KEYS, MANIFEST, beside};
use crate::clock::Clock;
use crate::config::Config;
use crate::files::FileStore;
use crate::store::snapshot::{self, StoredFile};

/// Writes a backup to `to`, which appears only when it is complete and on disk.
pub(super) async fn take(config: &Config, to: &Path) -> anyhow::Result<Manifest> {
    if to.exists() {
        bail!("{} exists: choose another name with --to", to.display());
    }
    let partial = Partial(beside(to, ".partial"));
    let database = Partial(beside(to, ".db.partial"));
    // Left over from a backup that was cut off.
    let _ = std::fs::remove_file(&database.0);
    let copied = snapshot::copy_sqlite(config.database.needs_file()?, &database.0).await?;
    let files: Vec<(StoredFile, PathBuf)> = {
        let store = FileStore::new(config.data.join(FILES));
        let path = |file: &StoredFile| store.path(file.tenant, &file.sha256);
        copied.files.into_iter().map(|file| (file.clone(), path(&file))).collect()
    };
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: Clock::default().now(),
        counts: copied.counts,
        database_sha256: sha256_of(&database.0)?,
        files: files.len() as u64,
        file_bytes: files.iter().map(|(file, _)| u64::try_from(file.size).unwrap_or(0)).sum(),
    };
    let out = private(&partial.0).with_context(|| format!("cannot write {}", partial.0.display()))?;
    let mut tar = tar::Builder::new(out);
    add_bytes(&mut tar, MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
    tar.append_path_with_name(&database.0, DATABASE).context("cannot copy the database")?;
    let keys = std::fs::read(&config.secret_file);
    let keys = keys.with_context(|| format!("cannot read the keys {}", config.secret_file.display()))?;
    add_bytes(&mut tar, KEYS, &keys)?;
    for (_, path) in &files {
        let name = path.strip_prefix(&config.data)?;
        tar.append_path_with_name(path, name).with_context(|| format!("cannot copy {}", path.display()))?;
    }
    tar.into_inner()?.sync_all()?;
    std::fs::rename(&partial.0, to).with_context(|| format!("cannot write {}", to.display()))?;
    sync_folder_of(to)?;
    Ok(manifest)
}

/// A file that is removed unless it got its final name.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn add_bytes<W: Write>(tar: &mut tar::Builder<W>, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    tar.append_data(&mut header, name, bytes)
}

/// A name is on disk when its folder is.
pub(super) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
