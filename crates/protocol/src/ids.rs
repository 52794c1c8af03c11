//! Identifiers. All are UUIDv7 made by the server, except [`Cmid`], which a client makes. In JSON they are
//! lower-case hyphenated text.

use alloc::string::String;
use uuid::Uuid;

/// Where the hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Reads hyphenated hexadecimal text and nothing else. The reader of the `uuid` crate knows more forms and
/// costs a browser more.
fn parse(text: &str) -> Option<Uuid> {
    let mut number = 0u128;
    if text.len() != 36 {
        return None;
    }
    for (at, byte) in text.bytes().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return None;
            }
        } else {
            number = number << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(Uuid::from_u128(number))
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

        impl $crate::codec::Wire for $name {
            fn write(&self, out: &mut String) {
                $crate::codec::write_text(out, &self.text());
            }
            fn read(value: &$crate::codec::Value) -> Option<Self> {
                Self::parse(value.text()?)
            }
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
