//! One conversation in this page, and reading it.

use protocol::command::{Command, Fetch, Read};
use protocol::entry::{AuthorKind, Item};
use protocol::ids::ConversationId;
use protocol::timeline::Timeline;

use super::{Model, Screen};

/// A conversation and its log.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Which.
    pub id: ConversationId,
    /// Its log and what is on its way.
    pub timeline: Timeline,
    /// Where the line "new messages" stands: the first message that was unread when the thread was opened.
    pub new_from: Option<u64>,
    /// Up to where an agent has read.
    pub agent_read: u64,
    /// Up to where the page around was told of messages.
    pub told: u64,
    /// The rest was asked for.
    pub(super) fetched: bool,
}

/// Whether an agent wrote this for the visitor to read.
pub fn from_agent(item: &Item) -> bool {
    item.is_message() && item.author.as_ref().is_some_and(|author| author.kind == AuthorKind::Agent)
}

impl Thread {
    fn new(id: ConversationId) -> Self {
        Self { id, timeline: Timeline::default(), new_from: None, agent_read: 0, told: 0, fetched: false }
    }

    /// How many messages of agents stand after `seq`.
    pub fn unread_after(&self, seq: u64) -> u32 {
        let unread = self.timeline.items().iter().filter(|item| item.seq > seq && from_agent(item));
        u32::try_from(unread.count()).unwrap_or(u32::MAX)
    }
}

impl Model {
    /// The thread of a conversation, made when it is not held yet.
    pub(super) fn thread_mut(&mut self, id: &ConversationId) -> &mut Thread {
        let at = match self.threads.iter().position(|thread| thread.id == *id) {
            Some(at) => at,
            None => {
                self.threads.push(Thread::new(*id));
                self.threads.len() - 1
            }
        };
        match self.threads.get_mut(at) {
            Some(thread) => thread,
            None => unreachable!(),
        }
    }

    /// Shows a conversation and gets what is missing of it.
    pub(super) fn open_thread(&mut self, id: &ConversationId) {
        self.fetch_missing(id);
        let read = self.conversation(id).map_or(0, |line| line.visitor_read_seq);
        let thread = self.thread_mut(id);
        let first_new = thread.timeline.items().iter().find(|item| item.seq > read && from_agent(item));
        thread.new_from = first_new.map(|item| item.seq).filter(|_| read > 0);
        self.show(Screen::Thread(Some(*id)));
    }

    /// Asks for a conversation's entries unless they are here or on their way.
    pub(super) fn fetch_missing(&mut self, id: &ConversationId) {
        let last = self.conversation(id).map_or(0, |line| line.last_seq);
        let thread = self.thread_mut(id);
        let after = thread.timeline.seq();
        if after < last && !thread.fetched {
            thread.fetched = true;
            self.send_command(Command::Fetch(Fetch { conversation: *id, after }));
        }
    }

    /// A message in view is a message read.
    pub(super) fn read_what_is_seen(&mut self) {
        let Screen::Thread(Some(id)) = self.screen else {
            return;
        };
        if !self.open || !self.at_end {
            return;
        }
        let Some(thread) = self.thread(&id) else {
            return;
        };
        let seq = thread.timeline.seq();
        let read = self.conversation(&id).map_or(u64::MAX, |line| line.visitor_read_seq);
        if thread.unread_after(read) == 0 {
            return;
        }
        if let Some(line) =
            self.state.as_mut().and_then(|state| state.conversations.iter_mut().find(|line| line.id == id))
        {
            line.visitor_read_seq = seq;
            line.unread = 0;
        }
        if self.reads.advance(id, seq) {
            self.send_command(Command::Read(Read { conversation: id, seq }));
        }
    }
}
