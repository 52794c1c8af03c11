//! The export format of a conversation, and its verification without the server.
//!
//! Every entry stands in the file, whole, without its text (redacted), or as a placeholder that shows nothing. In
//! all three forms it is a link of the chain ([`crate::chain`]), so a changed, removed, moved or inserted entry is
//! found. Site, visitor, names and the times of the file itself are labels for readers and are not proven. That
//! nothing was cut off at the end is proven by comparing `head` with what the server says.

use protocol::ids::{ConversationId, SiteId, TenantId, VisitorId};
use serde::{Deserialize, Serialize};

use crate::chain::{self, Hash};
use crate::entry::{Audience, audience_of};

/// The `format` of every transcript.
pub const FORMAT: &str = "frontdesk-transcript";
/// The newest `version` written and read.
pub const VERSION: u32 = 1;

/// A conversation as exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The tenant; part of the chain.
    pub tenant: TenantId,
    /// The conversation; part of the chain.
    pub conversation: ConversationId,
    /// The site it came from.
    pub site: SiteId,
    /// Its name.
    pub site_name: String,
    /// The visitor.
    pub visitor: VisitorId,
    /// The visitor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_name: Option<String>,
    /// When it began, Unix milliseconds.
    pub created_at: i64,
    /// When this file was made, Unix milliseconds.
    pub exported_at: i64,
    /// Number of entries.
    pub last_seq: u64,
    /// Hash of the last entry, hexadecimal; of an empty conversation the hash before the first.
    pub head: String,
    /// The entries, from seq 1 on.
    pub entries: Vec<TranscriptEntry>,
}

/// One entry: whole, redacted (no `body_json` and `salt`), or a placeholder (`digest` alone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptEntry {
    /// Position, 1, 2, 3, ...
    pub seq: u64,
    /// When it was stored, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// Type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// [`crate::entry::author_key`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Name shown at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_name: Option<String>,
    /// Who may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// The body: the JSON text exactly as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_json: Option<String>,
    /// Salt of the commitment, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Commitment to the body, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// Placeholder only: digest of the entry, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Hash of the entry, hexadecimal.
    pub hash: String,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Position.
    pub seq: u64,
    /// When it was stored, Unix milliseconds.
    pub at: i64,
    /// [`crate::entry::kind_of`] its body.
    pub kind: String,
    /// [`crate::entry::author_key`].
    pub author: String,
    /// Name shown at the time.
    pub author_name: Option<String>,
    /// Body and salt; `None` once redacted.
    pub content: Option<(String, [u8; 16])>,
    /// Commitment to the body.
    pub commitment: Hash,
    /// Hash of the entry.
    pub hash: Hash,
}

impl TranscriptEntry {
    /// The entry as exported for `reader`; a placeholder when it is not meant for that reader.
    pub fn export(stored: &StoredEntry, reader: Audience) -> Self {
        let audience = audience_of(&stored.kind);
        let whole = reader.reads(audience);
        let digest = chain::digest(&stored.kind, &stored.author, stored.at, &stored.commitment);
        let content = stored.content.as_ref().filter(|_| whole);
        Self {
            seq: stored.seq,
            at: whole.then_some(stored.at),
            kind: whole.then(|| stored.kind.clone()),
            author: whole.then(|| stored.author.clone()),
            author_name: stored.author_name.clone().filter(|_| whole),
            audience: whole.then_some(audience),
            body_json: content.map(|(body, _)| body.clone()),
            salt: content.map(|(_, salt)| chain::to_hex(salt)),
            commitment: whole.then(|| chain::to_hex(&stored.commitment)),
            digest: (!whole).then(|| chain::to_hex(&digest)),
            hash: chain::to_hex(&stored.hash),
        }
    }
}

/// What a verified transcript contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Number of entries in all.
    pub entries: u64,
    /// Entries whose text was deleted.
    pub redacted: u64,
    /// Entries that are not meant for the reader of this file.
    pub placeholders: u64,
}

/// What is wrong with a transcript. Numbers are the seq at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not a transcript of a known version.
    #[error("not a {FORMAT} of version {VERSION}")]
    Format,
    /// Entries are missing, doubled, or out of order.
    #[error("entry {expected} is missing or out of place: found {found}")]
    Order {
        /// The seq due here.
        expected: u64,
        /// The seq found.
        found: u64,
    },
    /// The number of entries is not the one stated.
    #[error("{stated} entries are stated, {found} are there")]
    Count {
        /// The number stated.
        stated: u64,
        /// The number found.
        found: u64,
    },
    /// An entry has neither the form of a whole or redacted entry nor of a placeholder, or contradicts itself.
    #[error("entry {0} is malformed")]
    Entry(u64),
    /// The text is not the one committed to.
    #[error("the content of entry {0} was changed")]
    Content(u64),
    /// The entry is not the one that was linked after the one before it.
    #[error("entry {0} does not fit the chain")]
    Link(u64),
    /// The chain does not end where stated.
    #[error("the last entry is not the one stated")]
    Head,
}

/// Recomputes every commitment and the whole chain.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify(transcript: &Transcript) -> Result<Verified, VerifyError> {
    if transcript.format != FORMAT || transcript.version != VERSION {
        return Err(VerifyError::Format);
    }
    let mut verified = Verified { entries: 0, redacted: 0, placeholders: 0 };
    let mut previous = chain::genesis(transcript.tenant, transcript.conversation);
    for entry in &transcript.entries {
        verified.entries += 1;
        if entry.seq != verified.entries {
            return Err(VerifyError::Order { expected: verified.entries, found: entry.seq });
        }
        let digest = digest_of(entry, &mut verified)?;
        let hash = chain::link_digest(&previous, entry.seq, &digest);
        if chain::from_hex(&entry.hash) != Some(hash) {
            return Err(VerifyError::Link(entry.seq));
        }
        previous = hash;
    }
    if verified.entries != transcript.last_seq {
        return Err(VerifyError::Count { stated: transcript.last_seq, found: verified.entries });
    }
    if chain::from_hex(&transcript.head) != Some(previous) {
        return Err(VerifyError::Head);
    }
    Ok(verified)
}

fn digest_of(entry: &TranscriptEntry, verified: &mut Verified) -> Result<Hash, VerifyError> {
    let malformed = || VerifyError::Entry(entry.seq);
    if let Some(digest) = &entry.digest {
        let bare = TranscriptEntry {
            seq: entry.seq,
            at: None,
            kind: None,
            author: None,
            author_name: None,
            audience: None,
            body_json: None,
            salt: None,
            commitment: None,
            digest: Some(digest.clone()),
            hash: entry.hash.clone(),
        };
        verified.placeholders += 1;
        return chain::from_hex(digest).filter(|_| *entry == bare).ok_or_else(malformed);
    }
    let (Some(at), Some(kind), Some(author), Some(commitment)) =
        (entry.at, &entry.kind, &entry.author, &entry.commitment)
    else {
        return Err(malformed());
    };
    let commitment: Hash = chain::from_hex(commitment).ok_or_else(malformed)?;
    if entry.audience != Some(audience_of(kind)) {
        return Err(malformed());
    }
    match (&entry.body_json, &entry.salt) {
        (None, None) => verified.redacted += 1,
        (Some(body), Some(salt)) => {
            let salt = chain::from_hex(salt).ok_or_else(malformed)?;
            if chain::commitment(&salt, body) != commitment {
                return Err(VerifyError::Content(entry.seq));
            }
            if type_of(body).as_deref() != Some(kind) {
                return Err(malformed());
            }
        }
        _ => return Err(malformed()),
    }
    Ok(chain::digest(kind, author, at, &commitment))
}

/// The `type` member of a body.
fn type_of(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Tag {
        r#type: String,
    }
    serde_json::from_str::<Tag>(body).ok().map(|tag| tag.r#type)
}
