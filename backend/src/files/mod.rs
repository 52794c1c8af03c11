//! Where attachments lie when the database is a file: content-addressed files under the data folder, one folder per
//! tenant. On PostgreSQL only uploads under way are here (`actions/content.rs`).

/// What a file is, by looking at it.
pub mod content;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::ids::TenantId;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The folder of attachments.
pub struct FileStore {
    root: PathBuf,
    // Decoding a picture may take hundreds of megabytes.
    turns: Semaphore,
}

impl FileStore {
    /// Uses (and makes on first write) the folder `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root, turns: Semaphore::new(1) }
    }

    /// Waits for the turn to look into a file; dropping it lets the next one in.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// The folder for uploads that are not complete yet, on the same file system as their final place.
    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// A new file for an upload, and where to write it. `name` is ours and unique.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn receive(&self, name: &str) -> io::Result<(Incoming, std::fs::File)> {
        let incoming = Incoming { path: self.incoming().join(name) };
        // Not by another thread: nobody would remove a file that is made after its request was given up.
        let file = std::fs::File::create(&incoming.path)?;
        Ok((incoming, file))
    }

    /// Removes what uploads left behind that a stop of the process cut off, if nobody wrote to it for this long:
    /// another node may use the same folder.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub async fn sweep(&self, untouched_for: Duration) -> io::Result<()> {
        let incoming = self.incoming();
        tokio::fs::create_dir_all(&incoming).await?;
        let mut entries = tokio::fs::read_dir(&incoming).await?;
        while let Some(entry) = entries.next_entry().await? {
            let age =
                entry.metadata().await.and_then(|found| found.modified()).map(|at| at.elapsed().unwrap_or_default());
            let swept = match age {
                Ok(age) if age < untouched_for => continue,
                Ok(_) => tokio::fs::remove_file(entry.path()).await,
                Err(error) => Err(error),
            };
            // Another node sweeps as well.
            if let Err(error) = swept
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Where the content with this SHA-256 lies for a tenant. Names come from hashes alone, never from a
    /// client (rule U1).
    pub fn path(&self, tenant: TenantId, sha256: &[u8]) -> PathBuf {
        let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = hex.get(..2).unwrap_or("00").to_owned();
        self.tenant(tenant).join(folder).join(hex)
    }

    /// The folder of a tenant's content.
    pub fn tenant(&self, tenant: TenantId) -> PathBuf {
        self.root.join(tenant.to_string())
    }

    /// Moves a complete upload to its final place. The content is on disk when this returns.
    pub async fn keep(&self, incoming: &Path, tenant: TenantId, sha256: &[u8]) -> io::Result<()> {
        let path = self.path(tenant, sha256);
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        tokio::fs::File::open(incoming).await?.sync_all().await?;
        tokio::fs::rename(incoming, &path).await
    }
}

/// An upload under way. Its file goes with it, however the request ends; what was kept has another name by then.
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
}

impl Incoming {
    /// Where its bytes lie.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an upload could not be removed");
        }
    }
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
