//! One open conversation: its log, who types, and how much of it is on the screen.

use protocol::entry::AuthorKind;
use protocol::error::ErrorCode;
use protocol::event::TypingShown;
use protocol::limits::TYPING_SHOWN_MS;
use protocol::timeline::Timeline;
use uuid::Uuid;

/// How many entries are on the screen at first, and how many more "show earlier" brings.
pub const SHOWN_STEP: usize = 300;

/// Somebody typing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typist {
    /// Visitor or agent.
    pub kind: AuthorKind,
    /// Who.
    pub id: Uuid,
    /// The name to show.
    pub name: Option<String>,
    /// What is in the visitor's input.
    pub preview: Option<String>,
    /// Shown until this client time, Unix milliseconds.
    pub until: i64,
}

/// One conversation whose entries are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The log and this agent's unsent messages.
    pub timeline: Timeline,
    /// Whether the server sends what comes.
    pub watched: bool,
    /// Whether the first entries came.
    pub loaded: bool,
    /// Why it cannot be read.
    pub failed: Option<ErrorCode>,
    /// Who types.
    pub typists: Vec<Typist>,
    /// How many of the newest entries are on the screen.
    pub shown: usize,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            timeline: Timeline::default(),
            watched: false,
            loaded: false,
            failed: None,
            typists: Vec::new(),
            shown: SHOWN_STEP,
        }
    }
}

impl Thread {
    /// Somebody types or stopped; `now` is client time.
    pub fn typing(&mut self, event: &TypingShown, now: i64) {
        self.typists.retain(|typist| typist.id != event.id);
        if event.active {
            self.typists.push(Typist {
                kind: event.kind,
                id: event.id,
                name: event.name.clone(),
                preview: event.preview.clone().filter(|text| !text.trim().is_empty()),
                until: now + TYPING_SHOWN_MS.cast_signed(),
            });
        }
    }

    /// Drops notices that were not repeated in time; true when something was dropped.
    pub fn expire_typing(&mut self, now: i64) -> bool {
        let before = self.typists.len();
        self.typists.retain(|typist| typist.until > now);
        before != self.typists.len()
    }

    /// Whoever wrote entries from index `from` on has stopped typing.
    pub fn wrote(&mut self, from: usize) {
        for item in self.timeline.items().iter().skip(from) {
            let id = item.author.as_ref().and_then(|author| author.id);
            self.typists.retain(|typist| Some(typist.id) != id);
        }
    }

    /// Whether earlier entries are held but not on the screen.
    pub fn has_earlier(&self) -> bool {
        self.timeline.items().len() > self.shown
    }
}
