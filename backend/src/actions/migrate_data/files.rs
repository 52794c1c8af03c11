//! Attachments: from the folder of the source into the database of the target, each in a transaction of its own.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use protocol::ids::{AttachmentId, TenantId};

use super::{FILES, Move, Note, Step, interrupted, parse_key};
use crate::actions::content::add_parts;
use crate::error::AppError;
use crate::files::FileStore;
use crate::store::copy::tables::{Table, named};
use crate::store::copy::{self, Of, Row, Value};
use crate::store::{Conn, EveryTenant};

/// Attachments read at a time.
const PAGE: i64 = 200;

/// What is needed of a row of `attachment`.
pub(super) struct Attached {
    pub(super) tenant: TenantId,
    pub(super) id: AttachmentId,
    pub(super) sha256: Vec<u8>,
    pub(super) size: u64,
}

impl Attached {
    pub(super) fn of(table: &Table, row: &Row) -> anyhow::Result<Self> {
        let found = || {
            Some(Self {
                tenant: TenantId(row.id(table, "tenant_id")?),
                id: AttachmentId(row.id(table, "id")?),
                sha256: row.bytes(table, "sha256")?.to_owned(),
                size: u64::try_from(row.number(table, "size")?).ok()?,
            })
        };
        found().context("a row of attachment is damaged")
    }
}

/// The table of attachments.
pub(super) fn table() -> anyhow::Result<&'static Table> {
    named("attachment").context("there is no table attachment")
}

/// One of the attachments whose content is not where it should be, or of another length, and how many are not.
pub(super) async fn missing(source: &mut Conn, files: &FileStore) -> anyhow::Result<Option<(PathBuf, u64)>> {
    let table = table()?;
    let mut missing: Option<(PathBuf, u64)> = None;
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows = copy::page(source, table, Of::Everybody, after.as_deref(), PAGE).await?;
        for row in &rows {
            let attached = Attached::of(table, row)?;
            let path = files.path(attached.tenant, &attached.sha256);
            if !std::fs::metadata(&path).is_ok_and(|found| found.len() == attached.size) {
                missing.get_or_insert((path, 0)).1 += 1;
            }
        }
        match rows.last() {
            Some(last) => after = Some(last.key(table)),
            None => return Ok(missing),
        }
    }
}

impl Move<'_> {
    /// Copies the content of the attachments that the target still lacks.
    pub(super) async fn attachments(
        &mut self,
        mut note: Note,
        of: i64,
        tell: &mut dyn FnMut(Step),
    ) -> anyhow::Result<()> {
        let table = table()?;
        while !note.done {
            let after = note.after.as_deref().map(|key| parse_key(table, key)).transpose()?;
            let rows = copy::page(&mut self.source, table, Of::Everybody, after.as_deref(), PAGE).await?;
            note.done = rows.is_empty();
            for row in &rows {
                note.after = Some(row.key(table).iter().map(Value::to_json).collect());
                note.rows += 1;
                self.attachment(Attached::of(table, row)?, &note).await?;
                tell(Step::Copied { table: FILES, rows: note.rows, of });
            }
        }
        let text = serde_json::to_string(&note)?;
        let noted = self
            .target
            .write(EveryTenant, move |tx| Box::pin(async move { copy::note_progress(tx, FILES, &text).await }));
        Ok(noted.await?)
    }

    async fn attachment(&self, attached: Attached, note: &Note) -> anyhow::Result<()> {
        let path = self.files.path(attached.tenant, &attached.sha256);
        let shown = path.display().to_string();
        let text = serde_json::to_string(note)?;
        let written = self.target.write_bulk(EveryTenant, move |tx| {
            Box::pin(async move {
                let sha256 = add_parts(tx, attached.tenant, attached.id, &path).await?;
                copy::note_progress(tx, FILES, &text).await?;
                let same = || {
                    ensure!(sha256 == attached.sha256, "its content is not what its name says");
                    Ok(())
                };
                Ok(same()?)
            })
        });
        written.await.map_err(AppError::into_cause).with_context(|| interrupted(&shown))
    }
}
