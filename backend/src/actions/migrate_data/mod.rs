//! Copies a whole installation from SQLite to PostgreSQL: `frontdesk migrate-data`.
//!
//! Every table by the one list of `store/copy/tables.rs`, in the order of its key, in batches. How far it came stands
//! in the target, written in the transaction that brings it there, so that a move that was cut off goes on where it
//! stopped; while anything stands there no server serves the target. At the end both sides are compared row by row,
//! every conversation's hash chain and every file's hash is computed anew. The history keeps its name (epoch), because
//! it is the same: clients resume on the new installation.

/// Attachments.
mod files;
/// Whether the target holds what the source holds.
mod verify;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::error::AppError;
use crate::files::FileStore;
use crate::store::copy::tables::{TABLES, Table};
use crate::store::copy::{self, Of, Value};
use crate::store::{Conn, EveryTenant, Store, meta};

/// The note that says which installation is moved; the others have the names of tables.
const WHOLE: &str = "installation";
/// The note about attachments.
const FILES: &str = "attachment_part";

/// What is moved, and where to.
pub struct Move<'a> {
    /// An SQLite database as it is at one moment ([`copy::open_source`]).
    pub source: Conn,
    /// Its attachments.
    pub files: &'a FileStore,
    /// An empty PostgreSQL database, or one where this was begun.
    pub target: &'a Store,
    /// Rows written in one transaction, 1 to 1000.
    pub batch: i64,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Step {
    /// It goes on where an earlier run stopped.
    Resumed,
    /// Rows of a table are in the target.
    Copied {
        /// The table.
        table: &'static str,
        /// Rows copied so far.
        rows: i64,
        /// Rows there are.
        of: i64,
    },
    /// A table, or all chains or files, are the same on both sides.
    Verified {
        /// What was compared.
        what: &'static str,
        /// How many.
        count: i64,
    },
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The name of the history, which goes on.
    pub epoch: String,
    /// Whether this run went on where an earlier one stopped.
    pub resumed: bool,
    /// Rows of every table.
    pub tables: BTreeMap<&'static str, i64>,
    /// Conversations whose hash chain was verified in the target.
    pub chains: i64,
    /// Attachments whose content was verified in the target.
    pub files: i64,
    /// Bytes of their content.
    pub file_bytes: i64,
    /// How long it took.
    pub seconds: f64,
}

/// Which installation a target is being filled with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Whole {
    epoch: String,
    rows: BTreeMap<String, i64>,
}

/// How far a table is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    /// Key of the last row copied.
    after: Option<Vec<Json>>,
    rows: i64,
    done: bool,
}

impl Move<'_> {
    /// Moves everything, or what an earlier run left, and verifies all of it.
    ///
    /// # Errors
    /// One sentence: the target holds something else, a file is missing or damaged, a database failed, or the two
    /// sides differ. The target stays marked as half moved.
    pub async fn run(mut self, tell: &mut dyn FnMut(Step)) -> anyhow::Result<Summary> {
        let begun = Instant::now();
        let epoch = meta::stored_epoch(&mut self.source).await?.context("the source has never been used")?;
        let mut rows = BTreeMap::new();
        for table in TABLES {
            rows.insert(table.name, copy::count(&mut self.source, table, Of::Everybody).await?);
        }
        let missing = files::missing(&mut self.source, self.files).await?;
        if let Some((path, count)) = missing {
            bail!("{count} attachments are missing in the data folder, such as {}; nothing was moved", path.display());
        }
        let notes = self.notes(&epoch, &rows).await?;
        let resumed = notes.len() > 1;
        if resumed {
            tell(Step::Resumed);
        }
        for table in TABLES {
            self.table(table, notes.get(table.name).cloned().unwrap_or_default(), rows[table.name], tell).await?;
        }
        self.attachments(notes.get(FILES).cloned().unwrap_or_default(), rows["attachment"], tell).await?;
        for table in TABLES {
            verify::table(&mut self.source, self.target, table).await?;
            tell(Step::Verified { what: table.name, count: rows[table.name] });
        }
        let chains = verify::chains(self.target).await?;
        tell(Step::Verified { what: "chains", count: chains });
        let (files, file_bytes) = verify::files(self.target).await?;
        tell(Step::Verified { what: "files", count: files });
        self.target.write(EveryTenant, |tx| Box::pin(copy::forget_progress(tx))).await?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Summary { epoch, resumed, tables: rows, chains, files, file_bytes, seconds })
    }

    /// What is noted in the target. On the first run it must be empty, and gets its mark.
    async fn notes(&self, epoch: &str, rows: &BTreeMap<&'static str, i64>) -> anyhow::Result<BTreeMap<String, Note>> {
        let rows = rows.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect();
        let whole = Whole { epoch: epoch.to_owned(), rows };
        let noted = copy::progress(&mut self.target.read(EveryTenant).await?).await?;
        let Some((_, mark)) = noted.iter().find(|(name, _)| name == WHOLE) else {
            let text = serde_json::to_string(&whole)?;
            let marked = self.target.write(EveryTenant, move |tx| {
                Box::pin(async move {
                    for table in TABLES.iter().filter(|table| table.name != "meta") {
                        if copy::count(tx, table, Of::Everybody).await? > 0 {
                            return Err(anyhow::anyhow!("the target is not empty: {} holds rows", table.name).into());
                        }
                    }
                    copy::note_progress(tx, WHOLE, &text).await
                })
            });
            marked.await.map_err(AppError::into_cause)?;
            return Ok(BTreeMap::from([(WHOLE.to_owned(), Note::default())]));
        };
        let mark: Whole =
            serde_json::from_str(mark).context("the target's note about an earlier move is unreadable")?;
        ensure!(
            mark.epoch == whole.epoch,
            "another installation is half moved into the target: empty the target first"
        );
        ensure!(
            mark.rows == whole.rows,
            "the source has changed since the move began: empty the target and begin again"
        );
        let parsed = noted.iter().map(|(name, state)| match name.as_str() {
            WHOLE => Ok((name.clone(), Note::default())),
            _ => Ok((name.clone(), serde_json::from_str(state)?)),
        });
        parsed.collect()
    }

    /// Copies what a table still lacks.
    async fn table(
        &mut self,
        table: &'static Table,
        mut note: Note,
        of: i64,
        tell: &mut dyn FnMut(Step),
    ) -> anyhow::Result<()> {
        while !note.done {
            let after = note.after.as_deref().map(|key| parse_key(table, key)).transpose()?;
            let rows = copy::page(&mut self.source, table, Of::Everybody, after.as_deref(), self.batch).await?;
            let first = note.after.is_none();
            note.done = (rows.len() as i64) < self.batch;
            note.rows += rows.len() as i64;
            if let Some(last) = rows.last() {
                note.after = Some(last.key(table).iter().map(Value::to_json).collect());
            }
            let text = serde_json::to_string(&note)?;
            let written = self.target.write(EveryTenant, move |tx| {
                Box::pin(async move {
                    // What the target said about itself while it was empty.
                    if first && table.name == "meta" {
                        copy::clear_meta(tx).await?;
                    }
                    copy::insert(tx, table, &rows).await?;
                    copy::note_progress(tx, table.name, &text).await
                })
            });
            written.await.map_err(AppError::into_cause).with_context(|| interrupted(table.name))?;
            tell(Step::Copied { table: table.name, rows: note.rows, of });
        }
        Ok(())
    }
}

/// What is said when the target fails in between.
fn interrupted(what: &str) -> String {
    format!("stopped at {what}; what is there stays, run the same command again to go on")
}

fn parse_key(table: &Table, key: &[Json]) -> anyhow::Result<Vec<Value>> {
    let columns = table.key.iter().map(|name| table.columns.iter().find(|column| column.name == *name));
    let parsed = columns.zip(key).map(|(column, json)| {
        let column = column.context("the list of tables names a key that is no column")?;
        Value::from_json(column, json).map_err(|what| anyhow::anyhow!("the target's note is damaged: {what} is due"))
    });
    parsed.collect()
}
