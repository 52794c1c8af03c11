//! Identifiers. All are UUIDv7 made by the server, except [`Cmid`], which a client makes. In JSON they are
//! lower-case hyphenated text.

use alloc::string::String;
use uuid::Uuid;

use crate::codec::{Put, Take, Value, Wire, write_text};

/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Reads hyphenated hexadecimal text and nothing else. The reader of the `uuid` crate knows more forms and
/// costs a browser more.
fn parse(text: &str) -> Option<Uuid> {
    let mut bytes = [0u8; 16];
    let mut digits = 0;
    if text.len() != 36 {
        return None;
    }
    for (at, byte) in text.bytes().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return None;
            }
        } else {
            let digit = (byte as char).to_digit(16)?;
            let slot = bytes.get_mut(digits / 2)?;
            *slot = *slot << 4 | digit as u8;
            digits += 1;
        }
    }
    Some(Uuid::from_bytes(bytes))
}

/// Writes hyphenated lower-case text without the formatting machinery.
fn text_of(id: Uuid) -> String {
    let mut text = String::new();
    for byte in id.as_bytes() {
        if HYPHENS.contains(&text.len()) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

impl Put for Uuid {
    fn write(&self, out: &mut String) {
        write_text(out, &text_of(*self));
    }
}

impl Take for Uuid {
    #[inline(never)]
    fn take(&mut self, value: Option<&Value>) -> bool {
        let read = value.and_then(Value::text).and_then(parse);
        *self = read.unwrap_or_default();
        read.is_some()
    }
}

impl Wire for Uuid {
    fn blank() -> Self {
        Uuid::nil()
    }
}

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(transparent))]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type))]
        #[cfg_attr(feature = "sqlx", sqlx(transparent))]
        pub struct $name(pub Uuid);

        impl $name {
            /// Parses hyphenated text, as on the wire; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                parse(text).map(Self)
            }

            /// Hyphenated text, as on the wire, without the formatting machinery.
            pub fn text(&self) -> String {
                text_of(self.0)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut buffer = Uuid::encode_buffer();
                f.write_str(self.0.hyphenated().encode_lower(&mut buffer))
            }
        }

        impl $crate::codec::Put for $name {
            fn write(&self, out: &mut String) {
                $crate::codec::Put::write(&self.0, out);
            }
        }

        impl $crate::codec::Take for $name {
            fn take(&mut self, value: Option<&$crate::codec::Value>) -> bool {
                $crate::codec::Take::take(&mut self.0, value)
            }
        }

        impl $crate::codec::Wire for $name {
            fn blank() -> Self {
                Self(Uuid::nil())
            }
        }
    )*};
}

id! {
    /// A merchant.
    TenantId,
    /// An embed of a tenant: key, allowed origins, appearance.
    SiteId,
    /// A person who visits a site.
    VisitorId,
    /// A person's membership in a tenant.
    AgentId,
    /// A person's login; may belong to several tenants.
    AccountId,
    /// A group of agents with one queue.
    DepartmentId,
    /// One conversation and its log.
    ConversationId,
    /// A stored file.
    AttachmentId,
    /// Client-made id of a send: retransmissions carry the same one, however often and wherever (C2).
    Cmid,
    /// The history a cursor belongs to; changed when a backup is restored (C5).
    Epoch,
}

impl Cmid {
    /// A fresh one, made of the time (Unix milliseconds) and of chance, of which the first six bytes are not needed.
    /// Beginning with the time, sends of about the same time stand side by side where they are stored. A clock that is
    /// wrong does no harm.
    #[must_use]
    pub fn fresh(wall: i64, [_, _, _, _, _, _, chance @ ..]: [u8; 16]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(wall.max(0).unsigned_abs(), &chance).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_cmid_begins_with_the_time() {
        let [early, late] = [1_700_000_000_000, 1_700_000_000_001].map(|wall| Cmid::fresh(wall, [0xff; 16]));
        assert_eq!(early.0.get_version_num(), 7);
        assert!(early < late);
        assert_ne!(Cmid::fresh(5, [1; 16]), Cmid::fresh(5, [2; 16]));
        assert_eq!(Cmid::fresh(-5, [1; 16]), Cmid::fresh(0, [1; 16]));
    }
}
