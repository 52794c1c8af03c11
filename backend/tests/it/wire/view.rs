//! What a client has seen: timelines by the shared reducer, the newest state, and what passes by.

use std::collections::BTreeMap;

use faults::checker::{Seen, Shown};
use protocol::command::{Command, Fetch};
use protocol::entry::{EntryBody, Item};
use protocol::event::{Entries, Event, ReadMoved, Refused, Reset, ResetReason, TypingShown, Welcome};
use protocol::ids::ConversationId;
use protocol::state::{
    AgentState, ConversationState, Cursor, Summary, VisitorConversation, VisitorProfile, VisitorState,
};
use protocol::timeline::{Applied, Timeline};

use super::Credentials;

/// Everything one tab holds.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Conversations by id.
    pub(crate) timelines: BTreeMap<ConversationId, Timeline>,
    /// The newest entry the server spoke of, by conversation.
    newest: BTreeMap<ConversationId, u64>,
    /// A visitor's state.
    pub(crate) visitor: Option<VisitorState>,
    /// How many visitor's states came.
    pub(crate) states: usize,
    /// An agent's state, with the lines that changed since.
    pub(crate) agent: Option<AgentState>,
    /// Whether lines did.
    lines_changed: bool,
    /// Typing notices, in order.
    pub(crate) typing: Vec<TypingShown>,
    /// Read marks that moved, in order.
    pub(crate) reads: Vec<ReadMoved>,
    /// The profile asked for last.
    pub(crate) profile: Option<VisitorProfile>,
    /// Resets, in order.
    pub(crate) resets: Vec<Reset>,
    /// Refusals, in order; also those without a command.
    pub(crate) refusals: Vec<Refused>,
    /// Tokens the server gave on a connection, in order.
    pub(crate) tokens: Vec<String>,
    /// The newest welcome.
    pub(crate) welcome: Option<Welcome>,
    /// How many welcomes came.
    pub(crate) welcomes: usize,
    /// How many `entries` events came, and how many items stood in the largest.
    pub(crate) pages: (usize, usize),
    /// What the server asked to wait before the next connection.
    pub(crate) reconnect_ms: Option<u64>,
    /// A position the client claims once instead of the one it holds.
    pub(crate) pretended: Option<Cursor>,
    /// Close code of the newest connection, when it is over; 1006 without one.
    pub(crate) closed: Option<u16>,
    /// HTTP status and body of the poll that ended the long-poll.
    pub(crate) poll_refused: Option<(u16, String)>,
    /// Every frame of entries as it came, for the checker.
    pub(crate) journal: Journal,
}

/// What a reader logs. Long, and therefore not shown in full when a test fails.
#[derive(Default)]
pub(crate) struct Journal(pub(crate) Vec<Seen>);

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} frames", self.0.len())
    }
}

impl Journal {
    fn entries(&mut self, entries: &Entries) {
        let shown = |item: &Item| Shown {
            seq: item.seq,
            cmid: item.cmid,
            text: item.body.as_ref().and_then(text_of).map(str::to_owned),
            bare: item.body.is_none(),
        };
        let items = entries.items.iter().map(shown).collect();
        self.0.push(Seen::Entries { conversation: entries.conversation, from: entries.from, items });
    }
}

/// The text that somebody wrote.
pub(crate) fn text_of(body: &EntryBody) -> Option<&str> {
    match body {
        EntryBody::Message(text) | EntryBody::Note(text) => Some(&text.text),
        _ => None,
    }
}

impl View {
    /// Forgets everything but what the checker wants to know.
    pub(crate) fn reload(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        journal.0.push(Seen::Reload);
        *self = Self { journal, welcomes: self.welcomes, ..Self::default() };
    }

    /// Takes an event in. Gives the command that repairs a gap.
    pub(crate) fn apply(&mut self, event: Event) -> Option<Command> {
        match event {
            Event::Entries(entries) => return self.entries(&entries),
            Event::Visitor(state) => {
                self.visitor = Some(state);
                self.states += 1;
            }
            Event::Agent(state) => {
                self.agent = Some(state);
                self.lines_changed = false;
            }
            Event::Conversation(changed) => self.line(changed.conversation),
            Event::Typing(typing) => self.typing.push(typing),
            Event::ReadMoved(read) => self.reads.push(read),
            Event::Profile(profile) => self.profile = Some(profile),
            Event::Reset(reset) => {
                self.pretended = None;
                self.timelines.entry(reset.conversation).or_default().reset();
                let conversation = reset.conversation;
                let replaced = reset.reason == ResetReason::EpochChanged;
                self.journal.0.push(if replaced { Seen::Replaced(conversation) } else { Seen::Reset(conversation) });
                let lost = reset.reason == ResetReason::NoAccess;
                self.resets.push(reset);
                return (!lost).then_some(Command::Fetch(Fetch { conversation, after: 0 }));
            }
            Event::Refused(refused) => self.refusals.push(refused),
            Event::Welcome(welcome) => {
                self.tokens.extend(welcome.token.clone());
                self.welcome = Some(welcome);
                self.welcomes += 1;
            }
            Event::Reconnect(reconnect) => self.reconnect_ms = Some(reconnect.after_ms),
            Event::Token(token) => self.tokens.push(token.token),
            Event::Ack(_) | Event::Ping(_) | Event::Unknown => {}
        }
        None
    }

    fn entries(&mut self, entries: &Entries) -> Option<Command> {
        self.pages.0 += 1;
        self.pages.1 = self.pages.1.max(entries.items.len());
        let newest = self.newest.entry(entries.conversation).or_default();
        *newest = entries.last_seq.max(*newest);
        let timeline = self.timelines.entry(entries.conversation).or_default();
        if timeline.epoch().is_some_and(|epoch| epoch != entries.epoch) {
            self.journal.0.push(Seen::Replaced(entries.conversation));
        }
        let applied = timeline.apply(entries);
        if applied != Applied::OtherEpoch {
            self.journal.entries(entries);
        }
        let after = match applied {
            Applied::Gap { after } => after,
            Applied::OtherEpoch => 0,
            Applied::Nothing | Applied::From(_) => return None,
        };
        Some(Command::Fetch(Fetch { conversation: entries.conversation, after }))
    }

    /// The command that goes on with a conversation of which a fetch brought one page only.
    pub(crate) fn catch_up(&self, conversation: ConversationId) -> Option<Command> {
        let after = self.items(conversation).len() as u64;
        let behind = *self.newest.get(&conversation)? > after;
        behind.then_some(Command::Fetch(Fetch { conversation, after }))
    }

    fn line(&mut self, line: Summary) {
        self.lines_changed = true;
        let Some(agent) = &mut self.agent else { return };
        match agent.conversations.iter_mut().find(|it| it.id == line.id) {
            // Of two nodes' news the older may come last.
            Some(old) if old.updated_at > line.updated_at => {}
            Some(old) => *old = line,
            None => agent.conversations.push(line),
        }
    }

    /// What to prove oneself with: the newest token the server gave, if any.
    pub(crate) fn renewed(&self, credentials: &Credentials) -> Credentials {
        match (credentials, self.tokens.last()) {
            (Credentials::Token(_), Some(token)) => Credentials::Token(token.clone()),
            (credentials, _) => credentials.clone(),
        }
    }

    /// Up to where every conversation is held.
    pub(crate) fn cursors(&self) -> Vec<Cursor> {
        let cursor = |(id, timeline): (&ConversationId, &Timeline)| {
            Some(Cursor { conversation: *id, epoch: timeline.epoch()?, seq: timeline.seq() })
        };
        let held = self.timelines.iter().filter_map(cursor);
        let mut cursors: Vec<Cursor> = held.collect();
        if let Some(pretended) = &self.pretended {
            cursors.retain(|it| it.conversation != pretended.conversation);
            cursors.push(pretended.clone());
        }
        cursors
    }

    /// Version of the newest state.
    pub(crate) fn version(&self) -> Option<String> {
        let visitor = self.visitor.as_ref().map(|state| state.version.clone());
        visitor.or_else(|| self.agent.as_ref().filter(|_| !self.lines_changed).map(|state| state.version.clone()))
    }

    /// The entries of a conversation.
    pub(crate) fn items(&self, conversation: ConversationId) -> &[Item] {
        self.timelines.get(&conversation).map_or(&[], Timeline::items)
    }

    /// The texts of a conversation's messages, in order.
    pub(crate) fn texts(&self, conversation: ConversationId) -> Vec<String> {
        let text = |item: &Item| match &item.body {
            Some(EntryBody::Message(text)) => Some(text.text.clone()),
            _ => None,
        };
        self.items(conversation).iter().filter_map(text).collect()
    }

    /// A visitor's current conversation.
    pub(crate) fn current(&self) -> Option<&VisitorConversation> {
        self.visitor.as_ref()?.conversations.first()
    }

    /// An agent's line of a conversation.
    pub(crate) fn summary(&self, conversation: ConversationId) -> Option<&Summary> {
        let agent = self.agent.as_ref()?;
        agent.conversations.iter().find(|line| line.id == conversation)
    }

    /// Conversations offered to this agent.
    pub(crate) fn offers(&self) -> Vec<ConversationId> {
        let Some(agent) = &self.agent else { return Vec::new() };
        let also = |line: &Summary| line.offered_also.as_ref().is_some_and(|others| others.contains(&agent.me));
        let to_me = |line: &Summary| line.offered_to == Some(agent.me) || also(line);
        let mine = |line: &&Summary| line.state == ConversationState::Offered && to_me(line);
        agent.conversations.iter().filter(mine).map(|line| line.id).collect()
    }
}
