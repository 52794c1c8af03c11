//! A conversation as its visitor reads it. Everything people wrote stays text; the templates escape it (rule
//! C-8).

use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, Item, Queued, Transferred};
use protocol::state::{ConversationState, VisitorConversation};

use super::Place;
use crate::admin::parts::bytes;
use crate::admin::time;
use crate::i18n::Texts;

/// A conversation and the entries a page shows.
pub struct Thread {
    /// Its line in the visitor's state.
    pub line: VisitorConversation,
    /// Entries to show, in order.
    pub items: Vec<Item>,
    /// An address is known that an answer can go to when the visitor is not here.
    pub has_address: bool,
}

impl Thread {
    /// The newest entry shown.
    pub fn last(&self) -> u64 {
        self.items.last().map_or(0, |item| item.seq)
    }

    /// Nobody answered, and an answer could not be mailed.
    pub(super) fn lacks_address(&self) -> bool {
        self.line.state == ConversationState::Offline && !self.has_address
    }

    /// There are entries before the ones shown.
    pub(super) fn is_cut(&self) -> bool {
        self.items.first().is_some_and(|item| item.seq > 1)
    }
}

/// An entry.
pub(super) struct Shown {
    pub(super) seq: u64,
    /// Class of its element.
    pub(super) class: &'static str,
    /// Who wrote it; `None` for what Frontdesk noted.
    pub(super) author: Option<String>,
    pub(super) text: String,
    /// Machine-readable time.
    pub(super) iso: String,
    /// Time of day.
    pub(super) at: String,
    pub(super) file: Option<Link>,
}

/// A file.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) size: String,
}

impl Shown {
    /// What there is to see of an entry; nothing for one that is not for visitors.
    pub(super) fn new(place: &Place, item: &Item, has_address: bool) -> Option<Self> {
        let (author, at) = (item.author.as_ref()?, item.at?);
        let texts = place.texts;
        let mut shown = Self {
            seq: item.seq,
            class: "note",
            author: None,
            text: String::new(),
            iso: time::iso(at),
            at: time::minute(at),
            file: None,
        };
        let wrote = || match author.kind {
            AuthorKind::Visitor => ("mine", Some(texts.get("chat.you").to_owned())),
            _ => ("theirs", Some(author.name.clone().unwrap_or_else(|| texts.get("chat.team").to_owned()))),
        };
        match &item.body {
            None => texts.get("chat.gone").clone_into(&mut shown.text),
            Some(EntryBody::Message(text)) => {
                (shown.class, shown.author) = wrote();
                shown.text.clone_from(&text.text);
            }
            Some(EntryBody::File(file)) => {
                (shown.class, shown.author) = wrote();
                shown.file = Some(link(place, file));
            }
            Some(body) => shown.text = noted(texts, body, has_address)?,
        }
        Some(shown)
    }
}

fn link(place: &Place, file: &File) -> Link {
    Link {
        href: format!("{}/files/{}", place.address(), file.attachment),
        name: file.name.clone(),
        size: bytes(i64::try_from(file.size).unwrap_or(i64::MAX)),
    }
}

/// What Frontdesk noted, in words; `None` for what says nothing to a visitor.
fn noted(texts: &Texts, body: &EntryBody, has_address: bool) -> Option<String> {
    let key = match body {
        EntryBody::Queued(Queued { reason: None }) => "chat.note.queued",
        EntryBody::Queued(_) => "chat.note.requeued",
        EntryBody::Assigned(assigned) => return Some(texts.fill("chat.note.joined", &[("name", &assigned.name)])),
        EntryBody::Transferred(Transferred { name: Some(name), .. }) => {
            return Some(texts.fill("chat.note.transferred", &[("name", name)]));
        }
        EntryBody::Transferred(Transferred { department_name: Some(name), .. }) => {
            return Some(texts.fill("chat.note.transferred_queue", &[("name", name)]));
        }
        EntryBody::Transferred(_) => "chat.note.requeued",
        EntryBody::PlaceKept(kept) => {
            return Some(texts.fill("chat.note.kept", &[("email", &kept.email)]));
        }
        EntryBody::Called(called) => {
            return Some(texts.fill("chat.note.called", &[("time", &time::minute(called.until))]));
        }
        EntryBody::LeftOffline(_) if has_address => "chat.note.left",
        EntryBody::LeftOffline(_) => "chat.note.noted",
        EntryBody::Closed(closed) => match closed.by {
            ClosedBy::Visitor => "chat.note.closed_visitor",
            ClosedBy::Agent => "chat.note.closed_agent",
            _ => "chat.note.closed_gone",
        },
        EntryBody::Reopened(_) => "chat.note.reopened",
        EntryBody::Rated(rated) => {
            return Some(texts.fill("chat.note.rated", &[("n", &rated.score.to_string())]));
        }
        _ => return None,
    };
    Some(texts.get(key).to_owned())
}
