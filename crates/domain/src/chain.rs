//! The hash chain over the entries of a conversation. All hashes are SHA-256; all numbers are big-endian.
//!
//! ```text
//! commitment = H(salt[16] ‖ body)                                 body: the JSON text exactly as stored
//! digest     = H("frontdesk-entry-1" ‖ u32 len ‖ kind ‖ u32 len ‖ author ‖ i64 at ‖ commitment[32])
//! hash       = H("frontdesk-link-1" ‖ previous hash[32] ‖ u64 seq ‖ digest[32])
//! first previous hash = H("frontdesk-chain-1" ‖ tenant id[16] ‖ conversation id[16])
//! ```
//!
//! Every field has a fixed or written length, so no two different entries have the same encoding. The salt keeps
//! the text from being guessed from the commitment once body and salt are deleted. The digest lets an export stand
//! in for an entry without telling its kind, author or time, and the chain still verifies.

use protocol::ids::{ConversationId, TenantId};
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash before the first entry. It binds the chain to its conversation.
pub fn genesis(tenant: TenantId, conversation: ConversationId) -> Hash {
    hash(&[b"frontdesk-chain-1", tenant.0.as_bytes(), conversation.0.as_bytes()])
}

/// Commits to a body without showing it. `salt` is random and made once per entry.
pub fn commitment(salt: &[u8; 16], body_json: &str) -> Hash {
    hash(&[salt, body_json.as_bytes()])
}

/// What an entry contributes to the chain. `author` is [`crate::entry::author_key`], `at` Unix milliseconds.
pub fn digest(kind: &str, author: &str, at: i64, commitment: &Hash) -> Hash {
    hash(&[
        b"frontdesk-entry-1",
        &length(kind),
        kind.as_bytes(),
        &length(author),
        author.as_bytes(),
        &at.to_be_bytes(),
        commitment,
    ])
}

/// The hash of an entry from the hash before it and its digest.
pub fn link_digest(previous: &Hash, seq: u64, digest: &Hash) -> Hash {
    hash(&[b"frontdesk-link-1", previous, &seq.to_be_bytes(), digest])
}

/// The hash of an entry. `previous` is the hash of the entry before it, or [`genesis`] for the first.
#[allow(clippy::too_many_arguments, reason = "one argument per field of the hash, in its order")]
pub fn link(previous: &Hash, seq: u64, kind: &str, author: &str, at: i64, commitment: &Hash) -> Hash {
    link_digest(previous, seq, &digest(kind, author, at, commitment))
}

/// Bytes as lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Reads exactly `N` bytes of lower-case hexadecimal; `None` for anything else.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Kinds and authors are a few bytes; saturating keeps the function total.
fn length(text: &str) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}
