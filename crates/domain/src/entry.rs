//! Kinds and audiences of log entries.

use protocol::entry::{Author, AuthorKind, EntryBody, Item};
use serde::{Deserialize, Serialize};

/// Who may read an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The visitor and the agents.
    Everyone,
    /// Agents only.
    Agents,
}

impl Audience {
    /// The word in the database and in exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Agents => "agents",
        }
    }

    /// Whether a reader of this audience may read an entry meant for `entry`. Agents read everything.
    pub const fn reads(self, entry: Audience) -> bool {
        matches!((self, entry), (Self::Agents, _) | (_, Self::Everyone))
    }
}

/// The kind of an entry: the `type` of its body. Stored beside the body and part of the hash chain.
pub const fn kind_of(body: &EntryBody) -> &'static str {
    match body {
        EntryBody::Message(_) => "message",
        EntryBody::Note(_) => "note",
        EntryBody::File(_) => "file",
        EntryBody::Queued(_) => "queued",
        EntryBody::Assigned(_) => "assigned",
        EntryBody::Transferred(_) => "transferred",
        EntryBody::LeftOffline(_) => "left_offline",
        EntryBody::Closed(_) => "closed",
        EntryBody::Reopened(_) => "reopened",
        EntryBody::Rated(_) => "rated",
        EntryBody::PlaceKept(_) => "place_kept",
        EntryBody::Called(_) => "called",
        EntryBody::Unknown => "unknown",
    }
}

/// Who may read entries of a kind. Kinds this build does not know are for agents only.
pub fn audience_of(kind: &str) -> Audience {
    match kind {
        "message" | "file" | "queued" | "assigned" | "transferred" | "left_offline" | "closed" | "reopened"
        | "rated" | "place_kept" | "called" => Audience::Everyone,
        _ => Audience::Agents,
    }
}

/// How the hash chain and exports name an author: `visitor:ID`, `agent:ID` or `system`.
pub fn author_key(author: &Author) -> String {
    match (author.kind, author.id) {
        (AuthorKind::System, _) | (_, None) => author.kind.to_string(),
        (kind, Some(id)) => format!("{kind}:{id}"),
    }
}

/// Whether a reader of this audience sees the whole item.
pub fn is_seen_by(item: &Item, reader: Audience) -> bool {
    let audience = item.body.as_ref().map(kind_of).map_or(Audience::Agents, audience_of);
    reader.reads(audience)
}

/// The item as a reader sees it: itself, or the bare placeholder.
pub fn as_seen_by(item: Item, reader: Audience) -> Item {
    if is_seen_by(&item, reader) { item } else { placeholder(item.seq) }
}

/// What stands in a reader's stream for an entry outside the reader's audience.
pub const fn placeholder(seq: u64) -> Item {
    Item { seq, at: None, author: None, cmid: None, body: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::entry::Text;

    fn item(body: EntryBody) -> Item {
        Item { seq: 4, at: Some(1), author: None, cmid: None, body: Some(body) }
    }

    #[test]
    fn notes_are_placeholders_to_visitors_and_whole_to_agents() {
        let note = item(EntryBody::Note(Text { text: "secret".into() }));
        assert_eq!(as_seen_by(note.clone(), Audience::Everyone), placeholder(4));
        assert_eq!(as_seen_by(note.clone(), Audience::Agents), note);
        let message = item(EntryBody::Message(Text { text: "hello".into() }));
        assert_eq!(as_seen_by(message.clone(), Audience::Everyone), message);
        assert_eq!(as_seen_by(item(EntryBody::Unknown), Audience::Everyone), placeholder(4));
    }
}
