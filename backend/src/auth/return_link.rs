//! The way back for a visitor who kept the place in the queue and was written to: a sealed token in a link. It says
//! which place it is about and nothing that can be read from outside; whether it still is good stands in the database.

use protocol::ids::{ConversationId, SiteId, TenantId};
use uuid::Uuid;

use super::keys::Keys;
use crate::error::AppResult;

/// What the token is for: it opens nothing else, and nothing else opens as one.
const CONTEXT: &str = "return:1";
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES: usize = 256;
/// Bytes of what is sealed: three ids and two times.
const BYTES: usize = 3 * 16 + 2 * 8;

/// Which place a link leads back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLink {
    /// The tenant.
    pub tenant: TenantId,
    /// The conversation whose place is kept.
    pub conversation: ConversationId,
    /// Where it came from.
    pub site: SiteId,
    /// Since when the place is kept, Unix milliseconds: a place that was given up and kept again is another one.
    pub kept_at: i64,
    /// Until when the link is good, Unix milliseconds.
    pub until: i64,
}

impl Keys {
    /// Makes the token of a link, about 130 characters that can stand in an address.
    ///
    /// # Errors
    /// As [`Keys::seal`].
    pub fn sign_return(&self, link: &ReturnLink) -> AppResult<String> {
        let ids = [link.tenant.0, link.conversation.0, link.site.0];
        let mut plain: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        plain.extend(link.kept_at.to_be_bytes());
        plain.extend(link.until.to_be_bytes());
        self.seal(&plain, CONTEXT)
    }

    /// Reads the token of a link; `None` for one that is not ours. Whether its time is over is for the caller to see,
    /// who has something to say then.
    pub fn read_return(&self, token: &str) -> Option<ReturnLink> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let plain: [u8; BYTES] = self.unseal(token, CONTEXT).ok()?.try_into().ok()?;
        let (ids, times) = plain.split_at(3 * 16);
        let mut ids = ids.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok());
        let mut times = times.chunks_exact(8).filter_map(|at| Some(i64::from_be_bytes(at.try_into().ok()?)));
        Some(ReturnLink {
            tenant: TenantId(ids.next()?),
            conversation: ConversationId(ids.next()?),
            site: SiteId(ids.next()?),
            kept_at: times.next()?,
            until: times.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn keys(byte: u8) -> Keys {
        Keys::from_text(&format!("k{byte} {}", URL_SAFE_NO_PAD.encode([byte; 32]))).unwrap()
    }

    #[test]
    fn a_link_says_what_was_put_in_and_to_nobody_else() {
        let id = Uuid::from_u128;
        let link = ReturnLink {
            tenant: TenantId(id(1)),
            conversation: ConversationId(id(2)),
            site: SiteId(id(3)),
            kept_at: 4,
            until: i64::MAX,
        };
        let (ours, theirs) = (keys(1), keys(2));
        let token = ours.sign_return(&link).unwrap();
        assert!(
            token.len() < 150 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{token}"
        );
        assert_eq!(ours.read_return(&token), Some(link));
        assert_eq!(theirs.read_return(&token), None);
        for bad in ["", ".", "k1.", &token[..token.len() - 1], &format!("{token}A"), &"k".repeat(10_000)] {
            assert_eq!(ours.read_return(bad), None, "{bad}");
        }
        assert_eq!(ours.read_return(&ours.seal(&[0; 64], "identity_key").unwrap()), None, "sealed for something else");
        assert_eq!(ours.read_return(&ours.seal(&[0; 63], CONTEXT).unwrap()), None, "too short");
    }
}
