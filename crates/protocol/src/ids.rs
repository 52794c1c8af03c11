//! Identifiers. All are UUIDv7 made by the server, except [`Cmid`], which a client makes. In JSON they are
//! lower-case hyphenated text.

use alloc::string::String;
use uuid::Uuid;

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
                (text.len() == 36).then(|| Uuid::try_parse_ascii(text.as_bytes()).ok())?.map(Self)
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
                let mut buffer = Uuid::encode_buffer();
                $crate::codec::write_text(out, self.0.hyphenated().encode_lower(&mut buffer));
            }
            fn read(value: &$crate::codec::Value) -> Option<Self> {
                Self::parse(value.text()?)
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
