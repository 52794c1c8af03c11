//! One tenant as one file: `frontdesk tenant export` and `frontdesk tenant import`.
//!
//! The file is a plain tar. First `manifest.json`, which names every member that follows with its length and SHA-256;
//! then `tables/NAME.jsonl`, a row a line as a JSON object, by the list of `store/copy/tables.rs`; then
//! `files/SHA256`, each content of attachments once. docs/operators.md describes it for people.
//!
//! No secret is in it: no password, second factor, session, one-time link or mail. Whoever is known to the
//! installation already is linked only when that is certain (decision 17).

/// Making a file.
mod export;
/// Taking a file in.
mod import;
/// People of a file and people who are here.
mod people;
/// Reading a file into a folder of its own, checking every byte.
mod staged;

pub use export::export_tenant;
pub use import::{Imported, import_tenant};

use protocol::ids::TenantId;
use serde::{Deserialize, Serialize};

/// What every file says it is.
const KIND: &str = "frontdesk-tenant";
/// The layout written and read.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Largest manifest read, in bytes: room for 500,000 attachments.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;
/// Longest line of a table, in bytes.
const LINE_BYTES: usize = 1024 * 1024;
/// Rows written at a time.
const BATCH: usize = 200;

/// The first member of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`KIND`].
    pub kind: String,
    /// [`FORMAT`].
    pub format: u32,
    /// The newest migration of the build that made it.
    pub schema: i64,
    /// Version of the program that made it.
    pub version: String,
    /// When, Unix milliseconds.
    pub made_at: i64,
    /// Whose.
    pub tenant: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What follows, in this order.
    pub members: Vec<Member>,
}

/// A member of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the file.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Rows of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// Why a file is not taken in. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Something else.
    #[error("it is not a tenant's file: {0}")]
    NotOurs(String),
    /// A layout of another time.
    #[error(
        "it has layout {found}; this build reads layout {FORMAT}: use the version that made it, frontdesk {version}"
    )]
    Format {
        /// What it has.
        found: u32,
        /// Who made it.
        version: String,
    },
    /// Made by a newer build.
    #[error("it was made by the newer frontdesk {version}: bring this installation up to date first")]
    Newer {
        /// Who made it.
        version: String,
    },
    /// Its end is missing.
    #[error("it is cut off")]
    Truncated,
    /// A member is not what the manifest says.
    #[error("{0} was changed: it is not what the manifest says")]
    Changed(String),
    /// A member or line above its limit.
    #[error("{member} is larger than {limit} bytes")]
    TooLarge {
        /// Which.
        member: String,
        /// What is allowed.
        limit: u64,
    },
    /// A member that no file has: another name, a link, a name twice.
    #[error("it holds {0:?}, which no tenant's file has")]
    Member(String),
    /// A row that is none.
    #[error("line {line} of {member} has {what}")]
    Row {
        /// Which member.
        member: String,
        /// Counted from 1.
        line: u64,
        /// What it has.
        what: String,
    },
    /// A row of somebody else.
    #[error("line {line} of {member} belongs to another tenant")]
    Foreign {
        /// Which member.
        member: String,
        /// Counted from 1.
        line: u64,
    },
    /// Rows that contradict each other.
    #[error("its rows do not fit together: {0}")]
    Rows(String),
    /// The tenant is here.
    #[error("this tenant is here already, as {0:?}")]
    TenantExists(String),
    /// Another has its short name.
    #[error("the short name {0:?} is taken here by another tenant")]
    SlugTaken(String),
    /// Another has the key of one of its sites.
    #[error("the site key {0} is taken here by another tenant")]
    SiteKeyTaken(String),
    /// Somebody may or may not be a person who is here.
    #[error(
        "these people have a login here already: {}; name each who is the same person with --link ADDRESS",
        .0.join(", ")
    )]
    PeopleKnown(Vec<String>),
    /// A login that is here has another address than in the file.
    #[error("{0} has a login here with another address: make the addresses the same on one side first")]
    AddressDiffers(String),
}

fn table_member(table: &str) -> String {
    format!("tables/{table}.jsonl")
}

fn file_member(sha256: &str) -> String {
    format!("files/{sha256}")
}
