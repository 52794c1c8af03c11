//! Commands that wait for their answer, as the text they travel as: a typed command kept here would have to
//! be copied, compared and dropped, and each of these costs the widget more than this file.

use alloc::string::String;
use alloc::vec::Vec;

use protocol::codec::{Put, write_int};
use protocol::command::Command;
use protocol::ids::ConversationId;
use protocol::limits::{COMMANDS_PER_POST, FRAME_BYTES};

/// What has to be known of a command besides its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Worth nothing once its connection is gone.
    Typing(ConversationId),
    /// A newer one of the same conversation says all that an older one says.
    Read(ConversationId),
    /// Asks for entries.
    Fetch(ConversationId),
    /// A newer one says all that an older one says.
    Page,
    /// As [`Kind::Page`].
    #[cfg(feature = "agents")]
    Presence,
    /// Stands for itself.
    Other,
}

impl Kind {
    fn of(command: &Command) -> Self {
        match command {
            Command::Typing(it) => Self::Typing(it.conversation),
            Command::Read(it) => Self::Read(it.conversation),
            Command::Fetch(it) => Self::Fetch(it.conversation),
            Command::Page(_) => Self::Page,
            #[cfg(feature = "agents")]
            Command::SetPresence(_) => Self::Presence,
            _ => Self::Other,
        }
    }
}

struct Waiting {
    id: u64,
    kind: Kind,
    text: String,
    sent: bool,
}

/// Numbers commands and keeps each until it is answered.
#[derive(Default)]
pub(crate) struct Commands {
    last_id: u64,
    waiting: Vec<Waiting>,
}

impl Commands {
    /// One copy of what `Vec::retain_mut` is made anew for every use.
    #[inline(never)]
    fn retain(&mut self, keep: &mut dyn FnMut(&mut Waiting) -> bool) {
        self.waiting.retain_mut(keep);
    }

    /// A frame that nobody waits for, or whose answer its sender knows: its id and text.
    pub(crate) fn frame(&mut self, command: &dyn Put) -> (u64, String) {
        self.last_id += 1;
        let mut text = String::from("{\"id\":");
        write_int(&mut text, i64::try_from(self.last_id).unwrap_or(i64::MAX));
        text.push_str(",\"command\":");
        command.write(&mut text);
        text.push('}');
        (self.last_id, text)
    }

    /// Takes a command in; an older one of the same meaning that is not sent yet is dropped.
    pub(crate) fn push(&mut self, command: &Command) -> u64 {
        let kind = Kind::of(command);
        let stands_for_itself = matches!(kind, Kind::Other | Kind::Fetch(_));
        self.retain(&mut |waiting| waiting.sent || stands_for_itself || waiting.kind != kind);
        self.add(kind, command)
    }

    /// Takes in what stands for itself.
    pub(crate) fn push_send(&mut self, command: &dyn Put) -> u64 {
        self.add(Kind::Other, command)
    }

    fn add(&mut self, kind: Kind, command: &dyn Put) -> u64 {
        let (id, text) = self.frame(command);
        self.waiting.push(Waiting { id, kind, text, sent: false });
        id
    }

    /// Takes an answer in: `None` when the command was answered before, else the conversation whose entries
    /// it asked for, if it asked for any.
    pub(crate) fn answered(&mut self, id: u64) -> Option<Option<ConversationId>> {
        let kind = self.waiting.iter().find(|waiting| waiting.id == id)?.kind;
        self.retain(&mut |waiting| waiting.id != id);
        Some(match kind {
            Kind::Fetch(conversation) => Some(conversation),
            _ => None,
        })
    }

    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// After a connection was lost: everything is to be sent again, but what only mattered then.
    pub(crate) fn connection_lost(&mut self) {
        self.retain(&mut |waiting| {
            waiting.sent = false;
            !matches!(waiting.kind, Kind::Typing(_))
        });
    }

    /// The next unsent frame, for a socket.
    pub(crate) fn next_unsent(&mut self) -> Option<String> {
        let waiting = self.waiting.iter_mut().find(|waiting| !waiting.sent)?;
        waiting.sent = true;
        Some(waiting.text.clone())
    }

    /// The next unsent frames for one `POST`: their ids, and their texts with commas between.
    pub(crate) fn next_batch(&mut self) -> (Vec<u64>, String) {
        let mut ids = Vec::new();
        let mut texts = String::new();
        for waiting in &mut self.waiting {
            if waiting.sent {
                continue;
            }
            let full = texts.len() + waiting.text.len() > FRAME_BYTES || ids.len() == COMMANDS_PER_POST;
            if full && !ids.is_empty() {
                break;
            }
            if !ids.is_empty() {
                texts.push(',');
            }
            waiting.sent = true;
            texts.push_str(&waiting.text);
            ids.push(waiting.id);
        }
        (ids, texts)
    }

    pub(crate) fn fetches(&self, conversation: ConversationId) -> bool {
        self.waiting.iter().any(|waiting| waiting.kind == Kind::Fetch(conversation))
    }
}
