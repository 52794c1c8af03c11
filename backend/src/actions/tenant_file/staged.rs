//! Reading a file into a folder of its own. Members lie there under numbers: no name in a file ever becomes a path.
//! Every byte is counted and hashed, every row parsed and found to be the tenant's, before the database is touched.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use domain::chain;
use protocol::limits::ATTACHMENT_BYTES;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::{FORMAT, FileError, KIND, LINE_BYTES, MANIFEST, MANIFEST_BYTES, Manifest, Member};
use crate::store::copy::Row;
use crate::store::copy::tables::{Table, named};
use crate::store::schema;

/// A file that was read and found whole. Its folder goes with it.
pub(super) struct Staged {
    pub(super) manifest: Manifest,
    folder: PathBuf,
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Staged {
    /// Reads `file` into the new folder `folder`.
    ///
    /// # Errors
    /// [`FileError`]; or the disk fails.
    pub(super) fn read(file: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        let reader = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut archive = tar::Archive::new(BufReader::new(reader));
        // Raw: what stretches a name or a length is a member that no file has, and is not read into memory.
        let mut entries = archive.entries().map_err(unreadable)?.raw(true);
        let manifest = match entries.next() {
            Some(first) => read_manifest(first.map_err(unreadable)?)?,
            None => return Err(FileError::NotOurs("it is empty".to_owned()).into()),
        };
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let staged = Self { manifest, folder };
        let mut due = staged.manifest.members.iter().enumerate();
        for entry in entries {
            let mut entry = entry.map_err(unreadable)?;
            let name = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
            match due.next() {
                Some((number, member)) if member.name == name && entry.header().entry_type().is_file() => {
                    take(&mut entry, member, &staged.place(number))?;
                }
                _ => return Err(FileError::Member(name).into()),
            }
        }
        if due.next().is_some() {
            return Err(FileError::Truncated.into());
        }
        staged.check_rows()?;
        Ok(staged)
    }

    fn place(&self, number: usize) -> PathBuf {
        self.folder.join(number.to_string())
    }

    /// Where the content with a hash lies.
    pub(super) fn content(&self, sha256: &str) -> Option<PathBuf> {
        let name = super::file_member(sha256);
        self.manifest.members.iter().position(|member| member.name == name).map(|number| self.place(number))
    }

    /// The rows of a table, one after the other; none when the file has no such table.
    pub(super) fn rows(&self, table: &'static Table) -> anyhow::Result<Rows<'_>> {
        let name = super::table_member(table.name);
        let number = self.manifest.members.iter().position(|member| member.name == name);
        let lines = number.map(|number| File::open(self.place(number))).transpose()?.map(BufReader::new);
        Ok(Rows { staged: self, table, member: name, lines, line: 0 })
    }

    /// Reads every row once, and compares what they say about each other.
    fn check_rows(&self) -> anyhow::Result<()> {
        let (mut contents, mut logins, mut members) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for member in &self.manifest.members {
            let Some(table) = table_of(member) else { continue };
            let mut count = 0;
            for row in self.rows(table)? {
                let row = row?;
                count += 1;
                match table.name {
                    "attachment" => drop(contents.insert(self.check_content(table, &row)?)),
                    "account" => logins.extend(row.id(table, "id")),
                    "agent" => members.extend(row.id(table, "account_id")),
                    _ => {}
                }
            }
            if member.rows != Some(count) {
                return Err(FileError::Changed(member.name.clone()).into());
            }
            if table.name == "tenant" && count != 1 {
                return Err(FileError::Rows(format!("it has {count} tenants")).into());
            }
        }
        if !members.is_subset(&logins) {
            return Err(FileError::Rows("a member has no login in the file".to_owned()).into());
        }
        if members.len() < logins.len() {
            return Err(FileError::Rows("a login in the file is of nobody who is a member".to_owned()).into());
        }
        let files = self.manifest.members.iter().filter(|member| table_of(member).is_none());
        match files.map(|member| &member.sha256).find(|sha256| !contents.contains(*sha256)) {
            Some(unused) => Err(FileError::Rows(format!("no attachment has the content {unused}")).into()),
            None => Ok(()),
        }
    }

    /// The content of an attachment is there, and of the length stated.
    fn check_content(&self, table: &Table, row: &Row) -> Result<String, FileError> {
        let sha256 = chain::to_hex(row.bytes(table, "sha256").unwrap_or_default());
        let name = super::file_member(&sha256);
        let member = self.manifest.members.iter().find(|member| member.name == name);
        let size = row.number(table, "size").and_then(|size| u64::try_from(size).ok());
        match member {
            Some(member) if Some(member.bytes) == size => Ok(sha256),
            _ => Err(FileError::Rows(format!("the content {sha256} of an attachment is missing"))),
        }
    }
}

/// See [`Staged::rows`].
pub(super) struct Rows<'a> {
    staged: &'a Staged,
    table: &'static Table,
    member: String,
    lines: Option<BufReader<File>>,
    line: u64,
}

impl Rows<'_> {
    fn next_row(&mut self) -> anyhow::Result<Option<Row>> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let mut text = Vec::new();
        lines.take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if text.pop() != Some(b'\n') {
            let member = format!("line {} of {}", self.line, self.member);
            return Err(if text.len() >= LINE_BYTES {
                FileError::TooLarge { member, limit: LINE_BYTES as u64 }.into()
            } else {
                FileError::Truncated.into()
            });
        }
        self.parse(&text).map(Some).map_err(Into::into)
    }

    fn parse(&self, text: &[u8]) -> Result<Row, FileError> {
        let wrong = |what: String| FileError::Row { member: self.member.clone(), line: self.line, what };
        let object: Map<String, Json> =
            serde_json::from_slice(text).map_err(|error| wrong(format!("no object of JSON: {error}")))?;
        let row = Row::from_json(self.table, &object).map_err(wrong)?;
        let whose = if self.table.name == "tenant" { "id" } else { "tenant_id" };
        let walled = self.table.columns.iter().any(|column| column.name == whose) && self.table.name != "account";
        if walled && row.id(self.table, whose) != Some(self.staged.manifest.tenant.0) {
            return Err(FileError::Foreign { member: self.member.clone(), line: self.line });
        }
        Ok(row)
    }
}

impl Iterator for Rows<'_> {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

/// The table a member holds; a content when there is none.
fn table_of(member: &Member) -> Option<&'static Table> {
    let name = member.name.strip_prefix("tables/")?.strip_suffix(".jsonl")?;
    named(name).filter(|table| table.of_tenant.is_some())
}

fn read_manifest(mut entry: tar::Entry<'_, impl Read>) -> anyhow::Result<Manifest> {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
        format: u32,
        schema: i64,
        version: String,
    }
    let ours = |why: &str| FileError::NotOurs(why.to_owned());
    if entry.path().map_err(unreadable)?.as_ref() != Path::new(MANIFEST) {
        return Err(ours("it has no manifest").into());
    }
    if entry.size() > MANIFEST_BYTES {
        return Err(FileError::TooLarge { member: MANIFEST.to_owned(), limit: MANIFEST_BYTES }.into());
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(unreadable)?;
    if (text.len() as u64) < entry.size() {
        return Err(FileError::Truncated.into());
    }
    let head: Head = serde_json::from_slice(&text).map_err(|_| ours("its manifest is unreadable"))?;
    if head.kind != KIND {
        return Err(ours("its manifest is of something else").into());
    }
    if head.format != FORMAT {
        return Err(FileError::Format { found: head.format, version: head.version }.into());
    }
    if head.schema > schema::version() {
        return Err(FileError::Newer { version: head.version }.into());
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| ours("its manifest is unreadable"))?;
    let mut seen = BTreeSet::new();
    for member in &manifest.members {
        check_member(member)?;
        if !seen.insert(&member.name) {
            return Err(FileError::Member(member.name.clone()).into());
        }
    }
    Ok(manifest)
}

fn check_member(member: &Member) -> Result<(), FileError> {
    if table_of(member).is_some() {
        return Ok(());
    }
    let known = chain::from_hex::<32>(&member.sha256).is_some() && member.name == super::file_member(&member.sha256);
    if !known || member.rows.is_some() {
        return Err(FileError::Member(member.name.clone()));
    }
    if member.bytes > ATTACHMENT_BYTES {
        return Err(FileError::TooLarge { member: member.name.clone(), limit: ATTACHMENT_BYTES });
    }
    Ok(())
}

/// Copies a member to its place, never more than its manifest says.
fn take(entry: &mut impl Read, member: &Member, place: &Path) -> anyhow::Result<()> {
    let mut out = File::create(place)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = entry.read(&mut buffer).map_err(unreadable)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        bytes += count as u64;
        if bytes > member.bytes {
            return Err(FileError::TooLarge { member: member.name.clone(), limit: member.bytes }.into());
        }
        hash.update(read);
        out.write_all(read)?;
    }
    if bytes < member.bytes {
        return Err(FileError::Truncated.into());
    }
    if chain::to_hex(&hash.finalize()) != member.sha256 {
        return Err(FileError::Changed(member.name.clone()).into());
    }
    Ok(out.sync_all()?)
}

fn unreadable(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::UnexpectedEof => FileError::Truncated,
        _ => FileError::NotOurs(error.to_string()),
    }
}
