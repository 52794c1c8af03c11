//! How far this client has every conversation it holds.

use alloc::vec::Vec;

use protocol::event::Entries;
use protocol::ids::{ConversationId, Epoch};
use protocol::state::Cursor;

struct Held {
    cursor: Cursor,
    /// Newest entry the server is known to have.
    newest: u64,
}

/// The cursors of a `hello`, moved by the entries that pass.
#[derive(Default)]
pub(crate) struct Cursors {
    held: Vec<Held>,
}

/// What an `entries` event means for a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It continues what the client has, or repeats it.
    Apply,
    /// Entries before it are missing: fetch after this seq.
    Gap(u64),
}

impl Cursors {
    fn find(&mut self, conversation: ConversationId) -> Option<&mut Held> {
        self.held.iter_mut().find(|held| held.cursor.conversation == conversation)
    }

    /// Moves the cursor of the event's conversation by what the event brings.
    pub(crate) fn apply(&mut self, event: &Entries) -> Step {
        if self.find(event.conversation).is_none() {
            self.set(event.conversation, event.epoch, 0);
        }
        let Some(held) = self.find(event.conversation) else {
            return Step::Apply;
        };
        if held.cursor.epoch != event.epoch {
            held.cursor.epoch = event.epoch;
            held.cursor.seq = 0;
            held.newest = 0;
        }
        held.newest = held.newest.max(event.last_seq);
        if event.from > held.cursor.seq + 1 {
            return Step::Gap(held.cursor.seq);
        }
        for item in &event.items {
            if item.seq == held.cursor.seq + 1 {
                held.cursor.seq = item.seq;
            }
        }
        Step::Apply
    }

    /// Where to go on when the server has entries this client lacks.
    pub(crate) fn behind(&mut self, conversation: ConversationId) -> Option<u64> {
        let held = self.find(conversation)?;
        (held.cursor.seq < held.newest).then_some(held.cursor.seq)
    }

    pub(crate) fn set(&mut self, conversation: ConversationId, epoch: Epoch, seq: u64) {
        let cursor = Cursor { conversation, epoch, seq };
        match self.find(conversation) {
            Some(held) => held.cursor = cursor,
            None => self.held.push(Held { cursor, newest: seq }),
        }
    }

    pub(crate) fn remove(&mut self, conversation: ConversationId) {
        self.held.retain(|held| held.cursor.conversation != conversation);
    }

    pub(crate) fn any(&self) -> Option<&Cursor> {
        self.held.last().map(|held| &held.cursor)
    }

    /// The newest cursors, as many as a `hello` may bring.
    pub(crate) fn list(&self) -> Vec<Cursor> {
        let skip = self.held.len().saturating_sub(protocol::limits::RESUME_CONVERSATIONS);
        self.held.iter().skip(skip).map(|held| held.cursor.clone()).collect()
    }
}
