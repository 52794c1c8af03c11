//! What a thread shows, row by row: day separators, groups of messages, notes and system lines.

use std::collections::BTreeMap;

use protocol::command::PostBody;
use protocol::entry::{Author, AuthorKind, EntryBody, Item};
use protocol::ids::{AttachmentId, Cmid};
use protocol::timeline::{Pending, SendState};
use uuid::Uuid;

use super::thread::Thread;

/// Messages of one author closer than this stand in one group.
const GROUP_MS: i64 = 5 * 60 * 1000;

/// One row of a thread. Every row has a key that stays while the row stays.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A new day begins; the time is of its first entry.
    Day(i64),
    /// What somebody wrote.
    Bubble(Bubble),
    /// What the system noted.
    Line(Item),
}

/// What somebody wrote, stored or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Bubble {
    /// Stays the same when the send becomes the stored entry.
    pub key: Key,
    /// Who wrote it; `None` for this agent's own unsent messages.
    pub author: Option<Author>,
    /// Whether this agent wrote it.
    pub own: bool,
    /// Whether it begins a group: name and time are shown.
    pub first: bool,
    /// When it was written.
    pub at: i64,
    /// What it says.
    pub content: Content,
    /// Where it stands; `None` for other people's messages.
    pub mark: Option<SentMark>,
}

/// What keeps a row apart from its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A send of some client.
    Send(Cmid),
    /// An entry without one.
    Seq(u64),
}

/// What a bubble says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A message.
    Text(String),
    /// A note for agents.
    Note(String),
    /// A stored file.
    File(protocol::entry::File),
    /// A file that is uploaded but whose message is not stored yet.
    Attached(AttachmentId),
}

/// Where an own message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentMark {
    /// Not stored yet.
    Unsent(SendState),
    /// Stored.
    Sent,
    /// The visitor has read it.
    Read,
}

/// What building rows needs to know about the reader.
pub struct Reader<'a> {
    /// This agent.
    pub me: Uuid,
    /// Up to where the visitor has read.
    pub visitor_read_seq: u64,
    /// The reader's calendar day of a time, any number that differs between days.
    pub day: &'a dyn Fn(i64) -> i64,
    /// Files known by what the upload answered.
    pub files: &'a BTreeMap<AttachmentId, protocol::entry::File>,
}

/// The rows of a thread, oldest first.
pub fn rows(thread: &Thread, reader: &Reader<'_>) -> Vec<Row> {
    let items = thread.timeline.items();
    let skip = items.len().saturating_sub(thread.shown);
    let mut builder = Builder { rows: Vec::new(), day: None, last: None, reader };
    for item in items.iter().skip(skip) {
        builder.item(item);
    }
    for pending in thread.timeline.pending() {
        builder.pending(pending);
    }
    builder.rows
}

struct Builder<'a> {
    rows: Vec<Row>,
    day: Option<i64>,
    /// Author, time and note flag of the bubble above, if the row above is one.
    last: Option<(Option<Uuid>, i64, bool)>,
    reader: &'a Reader<'a>,
}

impl Builder<'_> {
    fn separate(&mut self, at: i64) {
        let day = (self.reader.day)(at);
        if self.day != Some(day) {
            self.day = Some(day);
            self.last = None;
            self.rows.push(Row::Day(at));
        }
    }

    fn item(&mut self, item: &Item) {
        let (Some(at), Some(body)) = (item.at, &item.body) else {
            return;
        };
        let content = match body {
            EntryBody::Message(text) => Content::Text(text.text.clone()),
            EntryBody::Note(text) => Content::Note(text.text.clone()),
            EntryBody::File(file) => Content::File(file.clone()),
            EntryBody::Unknown => return,
            _ => {
                self.separate(at);
                self.last = None;
                self.rows.push(Row::Line(item.clone()));
                return;
            }
        };
        let id = item.author.as_ref().and_then(|author| author.id);
        let own = id == Some(self.reader.me);
        let note = matches!(content, Content::Note(_));
        let mark = (own && !note).then_some(if item.seq <= self.reader.visitor_read_seq {
            SentMark::Read
        } else {
            SentMark::Sent
        });
        let key = item.cmid.map_or(Key::Seq(item.seq), Key::Send);
        self.bubble(Bubble { key, author: item.author.clone(), own, first: true, at, content, mark }, id);
    }

    fn pending(&mut self, pending: &Pending) {
        let content = match &pending.body {
            PostBody::Message(text) => Content::Text(text.text.clone()),
            PostBody::Note(text) => Content::Note(text.text.clone()),
            PostBody::File(file) => match self.reader.files.get(&file.attachment) {
                Some(known) => Content::File(known.clone()),
                None => Content::Attached(file.attachment),
            },
            PostBody::Unknown => return,
        };
        let bubble = Bubble {
            key: Key::Send(pending.cmid),
            author: None,
            own: true,
            first: true,
            at: pending.at,
            content,
            mark: Some(SentMark::Unsent(pending.state)),
        };
        self.bubble(bubble, Some(self.reader.me));
    }

    fn bubble(&mut self, mut bubble: Bubble, id: Option<Uuid>) {
        self.separate(bubble.at);
        let note = matches!(bubble.content, Content::Note(_));
        bubble.first = !self.last.is_some_and(|(above, at, above_note)| {
            above == id && id.is_some() && above_note == note && bubble.at - at < GROUP_MS
        });
        self.last = Some((id, bubble.at, note));
        self.rows.push(Row::Bubble(bubble));
    }
}

/// The index of the newest own stored message: the one whose mark is shown.
pub fn newest_own(rows: &[Row]) -> Option<usize> {
    rows.iter().rposition(
        |row| matches!(row, Row::Bubble(bubble) if matches!(bubble.mark, Some(SentMark::Sent | SentMark::Read))),
    )
}

/// The newest entry of a thread that is something to read.
pub fn newest_readable(items: &[Item]) -> u64 {
    items
        .iter()
        .rev()
        .find(|item| item.is_message() && item.author.as_ref().is_some_and(|author| author.kind == AuthorKind::Visitor))
        .map_or(0, |item| item.seq)
}
