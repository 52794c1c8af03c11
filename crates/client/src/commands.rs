//! Commands that wait for their answer.

use alloc::vec::Vec;

use protocol::codec::to_json;
use protocol::command::Command;
use protocol::frame::CommandFrame;
use protocol::ids::ConversationId;
use protocol::limits::{COMMANDS_PER_POST, FRAME_BYTES};

struct Waiting {
    frame: CommandFrame,
    sent: bool,
}

/// Numbers commands and keeps each until it is answered.
#[derive(Default)]
pub(crate) struct Commands {
    last_id: u64,
    waiting: Vec<Waiting>,
}

impl Commands {
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes a command in; an older one of the same meaning that is not sent yet is dropped.
    pub(crate) fn push(&mut self, command: Command) -> u64 {
        self.waiting.retain(|waiting| waiting.sent || !replaces(&command, &waiting.frame.command));
        let id = self.next_id();
        self.waiting.push(Waiting { frame: CommandFrame { id, command }, sent: false });
        id
    }

    /// The command an answer belongs to; `None` when it was answered before.
    pub(crate) fn answered(&mut self, id: u64) -> Option<Command> {
        let found = self.waiting.iter_mut().find(|waiting| waiting.frame.id == id)?;
        let command = core::mem::replace(&mut found.frame.command, Command::Unknown);
        self.waiting.retain(|waiting| waiting.frame.id != id);
        Some(command)
    }

    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.frame.id == id)
    }

    /// After a connection was lost: everything is to be sent again, but what only mattered then.
    pub(crate) fn connection_lost(&mut self) {
        self.waiting.retain(|waiting| !is_momentary(&waiting.frame.command));
        for waiting in &mut self.waiting {
            waiting.sent = false;
        }
    }

    /// The next unsent frame as text, for a socket.
    pub(crate) fn next_unsent(&mut self) -> Option<alloc::string::String> {
        let waiting = self.waiting.iter_mut().find(|waiting| !waiting.sent)?;
        waiting.sent = true;
        Some(to_json(&waiting.frame))
    }

    /// The next unsent frames for one `POST`.
    pub(crate) fn next_batch(&mut self) -> Vec<CommandFrame> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for waiting in &mut self.waiting {
            if waiting.sent || batch.len() == COMMANDS_PER_POST {
                continue;
            }
            bytes += to_json(&waiting.frame).len();
            if bytes > FRAME_BYTES && !batch.is_empty() {
                break;
            }
            waiting.sent = true;
            batch.push(waiting.frame.clone());
        }
        batch
    }

    pub(crate) fn fetches(&self, conversation: ConversationId) -> bool {
        self.waiting.iter().any(
            |waiting| matches!(&waiting.frame.command, Command::Fetch(fetch) if fetch.conversation == conversation),
        )
    }
}

/// Whether a command is worth nothing once its connection is gone.
fn is_momentary(command: &Command) -> bool {
    matches!(command, Command::Typing(_) | Command::Pong(_))
}

/// Whether `new` says all that the unsent `old` says.
fn replaces(new: &Command, old: &Command) -> bool {
    match (new, old) {
        (Command::Typing(new), Command::Typing(old)) => new.conversation == old.conversation,
        (Command::Read(new), Command::Read(old)) => new.conversation == old.conversation,
        (Command::Page(_), Command::Page(_)) | (Command::SetPresence(_), Command::SetPresence(_)) => true,
        _ => false,
    }
}
