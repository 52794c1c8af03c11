//! The content of attachments: in the data folder, or in the database where nodes share nothing else. Neither way
//! holds a whole file in memory.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use protocol::ids::{AttachmentId, TenantId};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::app::App;
use crate::error::AppResult;
use crate::store::attachment::{self, Attachment, PART};
use crate::store::{Conn, Store};

/// Bytes read from a folder at once.
const CHUNK: usize = 64 * 1024;

/// Stores a file that lies complete at `path`, and its row. Both are on disk when this returns, or neither is
/// known to anybody.
///
/// # Errors
/// When the file, the folder or the database fails.
pub(super) async fn keep(app: &App, tenant: TenantId, row: Attachment, path: &Path) -> AppResult<()> {
    if !app.store.holds_content() {
        app.files.keep(path, tenant, &row.sha256).await.context("cannot keep an upload")?;
        return app
            .store
            .write(tenant, move |tx| Box::pin(async move { attachment::insert(tx, tenant, &row).await }))
            .await;
    }
    let path = path.to_owned();
    app.store
        .write_bulk(tenant, move |tx| {
            Box::pin(async move {
                attachment::insert(tx, tenant, &row).await?;
                let stored = add_parts(tx, tenant, row.id, &path).await?;
                let whole = stored == row.sha256;
                whole.then_some(()).ok_or_else(|| anyhow!("an upload changed while it was stored").into())
            })
        })
        .await
}

/// Copies a file into the database, part by part; gives the SHA-256 of what was copied.
///
/// # Errors
/// When the file or the database fails.
pub(super) async fn add_parts(tx: &mut Conn, tenant: TenantId, id: AttachmentId, path: &Path) -> AppResult<Vec<u8>> {
    let mut file = File::open(path).await.context("cannot open a file")?;
    let mut part = Vec::with_capacity(PART);
    let mut hash = Sha256::new();
    for number in 0.. {
        part.clear();
        (&mut file).take(PART as u64).read_to_end(&mut part).await.context("cannot read a file")?;
        if part.is_empty() {
            break;
        }
        hash.update(&part);
        attachment::add_part(tx, tenant, id, number, &part).await?;
    }
    Ok(hash.finalize().to_vec())
}

/// The content of a file, to be read from the start to the end once.
pub struct Content(Place);

enum Place {
    Folder(PathBuf),
    Reading(File),
    Parts { store: Store, tenant: TenantId, id: AttachmentId, next: i64 },
}

impl Content {
    /// That of a row. Nothing is read yet.
    pub(super) fn of(app: &App, tenant: TenantId, row: &Attachment) -> Self {
        if app.store.holds_content() {
            Self(Place::Parts { store: app.store.clone(), tenant, id: row.id, next: 0 })
        } else {
            Self(Place::Folder(app.files.path(tenant, &row.sha256)))
        }
    }

    /// What comes next, at most 256 KiB; `None` at the end. Nothing is held open between two reads but a file.
    ///
    /// # Errors
    /// When the folder or the database fails.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Place::Folder(path) = &self.0 {
            self.0 = Place::Reading(File::open(path).await?);
        }
        match &mut self.0 {
            Place::Folder(_) => Ok(None),
            Place::Reading(file) => {
                let mut bytes = vec![0; CHUNK];
                let read = file.read(&mut bytes).await?;
                bytes.truncate(read);
                Ok((read > 0).then_some(bytes))
            }
            Place::Parts { store, tenant, id, next } => {
                let mut conn = store.read(*tenant).await.map_err(io::Error::other)?;
                let part = attachment::part(&mut conn, *tenant, *id, *next).await.map_err(io::Error::other)?;
                *next += 1;
                Ok(part)
            }
        }
    }
}
