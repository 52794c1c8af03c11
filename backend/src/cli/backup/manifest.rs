//! The first member of a backup: enough to refuse a file that is not whole, not ours or too new.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::snapshot::Counts;

/// The layout of the file this program writes.
pub(super) const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Layout of the file; [`FORMAT`].
    pub(super) format: u32,
    /// Version of the program that made it.
    pub(super) version: String,
    /// When, Unix milliseconds.
    pub(super) made_at: i64,
    /// Rows of the tables that matter most, and the schema they are in.
    pub(super) counts: Counts,
    /// SHA-256 of the database, lower-case hexadecimal.
    pub(super) database_sha256: String,
    /// Attachments in the file.
    pub(super) files: u64,
    /// Their size in bytes.
    pub(super) file_bytes: u64,
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { tenants, conversations, entries, .. } = &self.counts;
        let Self { files, file_bytes, .. } = self;
        write!(
            f,
            "{tenants} tenants, {conversations} conversations, {entries} entries, {files} files ({file_bytes} bytes)"
        )
    }
}

/// Reads to the end and says the SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(mut reader: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// [`sha256`] of a file.
pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    sha256(std::fs::File::open(path)?)
}
