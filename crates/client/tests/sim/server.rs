//! A server that keeps one visitor's one conversation and de-duplicates by cmid, as C1 to C5 ask.

use std::collections::HashMap;

use protocol::codec::{from_json, to_json};
use protocol::command::{Command, Hello, PostBody};
use protocol::entry::{Author, AuthorKind, EntryBody, Item, Text};
use protocol::error::ErrorCode;
use protocol::event::{Ack, Entries, Event, Refused, Reset, ResetReason, Welcome};
use protocol::frame::{CommandFrame, Commands, Events, Poll};
use protocol::ids::{Cmid, ConversationId, Epoch};
use protocol::state::Cursor;

pub(crate) struct Server {
    pub(crate) conversation: ConversationId,
    pub(crate) epoch: Epoch,
    pub(crate) items: Vec<Item>,
    by_cmid: HashMap<Cmid, u64>,
    /// How far the greeted socket of a tab was sent.
    socket_at: HashMap<usize, u64>,
    /// Every post seen, repeated ones included.
    pub(crate) posts_seen: usize,
}

/// The text of an item that the visitor wrote.
pub(crate) fn own_text(item: &Item) -> Option<String> {
    match (&item.author.as_ref()?.kind, &item.body) {
        (AuthorKind::Visitor, Some(EntryBody::Message(text))) => Some(text.text.clone()),
        _ => None,
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            conversation: ConversationId(super::uuid(7)),
            epoch: Epoch(super::uuid(8)),
            items: Vec::new(),
            by_cmid: HashMap::new(),
            socket_at: HashMap::new(),
            posts_seen: 0,
        }
    }

    /// The agent writes.
    pub(crate) fn agent_writes(&mut self, text: &str) {
        self.append(AuthorKind::Agent, None, text);
    }

    /// A backup was restored: another history of which only the first `keep` entries are left.
    pub(crate) fn restore_backup(&mut self, keep: usize) {
        self.epoch = Epoch(uuid::Uuid::from_u128(self.epoch.0.as_u128() + 1));
        self.items.truncate(keep);
        self.by_cmid.retain(|_, seq| *seq <= keep as u64);
        self.socket_at.clear();
    }

    fn append(&mut self, kind: AuthorKind, cmid: Option<Cmid>, text: &str) -> u64 {
        let seq = self.items.len() as u64 + 1;
        self.items.push(Item {
            seq,
            at: Some(seq as i64),
            author: Some(Author { kind, id: None, name: None }),
            cmid,
            body: Some(EntryBody::Message(Text { text: text.to_owned() })),
        });
        seq
    }

    pub(crate) fn socket_gone(&mut self, tab: usize) {
        self.socket_at.remove(&tab);
    }

    /// Texts of the visitor, in order.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.items.iter().filter_map(own_text).collect()
    }

    fn entries(&self, after: u64) -> Option<Event> {
        let items: Vec<Item> = self.items.iter().skip(after as usize).cloned().collect();
        let from = items.first()?.seq;
        Some(Event::Entries(Entries {
            conversation: self.conversation,
            epoch: self.epoch,
            from,
            last_seq: self.items.len() as u64,
            items,
        }))
    }

    fn resume(&self, hello: &Hello) -> (u64, Option<Event>) {
        match hello.resume.first() {
            Some(Cursor { epoch, seq, .. }) if *epoch != self.epoch || *seq > self.items.len() as u64 => {
                let reset = Reset { conversation: self.conversation, reason: ResetReason::EpochChanged };
                (0, Some(Event::Reset(reset)))
            }
            Some(cursor) => (cursor.seq, None),
            None => (0, None),
        }
    }

    pub(crate) fn socket_text(&mut self, tab: usize, text: &str, refuse: bool) -> Vec<String> {
        let frame: CommandFrame = from_json(text).expect("a frame");
        if let Command::Hello(hello) = &frame.command {
            let (at, reset) = self.resume(hello);
            self.socket_at.insert(tab, at);
            let welcome =
                Event::Welcome(Welcome { protocol: 1, build: String::new(), at: 0, epoch: self.epoch, token: None });
            return [Some(welcome), reset].iter().flatten().map(to_json).collect();
        }
        self.command(&frame, refuse).iter().map(to_json).collect()
    }

    /// Entries the socket was not sent. A careless server forgets to send one, as after a lost bus note, and
    /// sends only the newest.
    pub(crate) fn socket_news(&mut self, tab: usize, careless: bool) -> Option<String> {
        let at = *self.socket_at.get(&tab)?;
        let newest = self.items.len() as u64;
        let after = if careless { newest.saturating_sub(1).max(at) } else { at };
        let event = self.entries(after)?;
        self.socket_at.insert(tab, newest);
        Some(to_json(&event))
    }

    pub(crate) fn poll(&self, body: &str) -> Option<String> {
        let poll: Poll = from_json(body).expect("a poll");
        let (after, reset) = self.resume(&poll.hello);
        let events: Vec<Event> = reset.into_iter().chain(self.entries(after)).collect();
        let at_once = poll.hello.state.is_none() && poll.generation == 1;
        (at_once || !events.is_empty()).then(|| to_json(&Events { events }))
    }

    pub(crate) fn commands(&mut self, body: &str, refuse: bool) -> String {
        let commands: Commands = from_json(body).expect("commands");
        let events = commands.commands.iter().flat_map(|frame| self.command(frame, refuse)).collect();
        to_json(&Events { events })
    }

    fn command(&mut self, frame: &CommandFrame, refuse: bool) -> Vec<Event> {
        let ack =
            |cmid, seq| Event::Ack(Ack { id: frame.id, conversation: Some(self.conversation), cmid, seq, at: None });
        match &frame.command {
            Command::Post(post) => {
                self.posts_seen += 1;
                if let Some(seq) = self.by_cmid.get(&post.cmid) {
                    return vec![ack(Some(post.cmid), Some(*seq))];
                }
                if refuse {
                    return vec![refused(frame.id)];
                }
                let PostBody::Message(text) = &post.body else {
                    return Vec::new();
                };
                let seq = self.append(AuthorKind::Visitor, Some(post.cmid), &text.text.clone());
                self.by_cmid.insert(post.cmid, seq);
                vec![Event::Ack(Ack {
                    id: frame.id,
                    conversation: Some(self.conversation),
                    cmid: Some(post.cmid),
                    seq: Some(seq),
                    at: None,
                })]
            }
            Command::Fetch(fetch) => self.entries(fetch.after).into_iter().chain([ack(None, None)]).collect(),
            Command::Pong(_) => Vec::new(),
            _ => vec![ack(None, None)],
        }
    }
}

fn refused(id: u64) -> Event {
    Event::Refused(Refused {
        id,
        code: ErrorCode::Unavailable,
        message: String::new(),
        cmid: None,
        field: None,
        limit: None,
        retry_after_ms: Some(300),
    })
}
