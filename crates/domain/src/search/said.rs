//! What an entry is found by.

use protocol::entry::EntryBody;

/// Kinds of entries that are found ([`crate::entry::kind_of`]).
pub const KINDS: [&str; 5] = ["message", "note", "file", "left_offline", "rated"];

/// The texts of an entry that people look for: messages, notes, names of files, what was left with a rating or an
/// offline message.
pub fn said(body: &EntryBody) -> Vec<&str> {
    match body {
        EntryBody::Message(text) | EntryBody::Note(text) => vec![&text.text],
        EntryBody::File(file) => vec![&file.name],
        EntryBody::Rated(rated) => rated.comment.as_deref().into_iter().collect(),
        EntryBody::LeftOffline(left) => [left.name.as_deref(), left.email.as_deref()].into_iter().flatten().collect(),
        _ => Vec::new(),
    }
}
