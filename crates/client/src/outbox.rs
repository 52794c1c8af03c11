//! What the person sent and the server has not confirmed: first in first out, one in flight per
//! conversation (C3), kept across reloads, never lost and never doubled (C17).

use alloc::string::String;
use alloc::vec::Vec;

use protocol::codec::{Value, Wire, from_json, member, to_json, write_member};
use protocol::command::{Command, PostBody};
use protocol::error::ErrorCode;
use protocol::event::{Ack, Refused};
use protocol::ids::{Cmid, ConversationId};
use protocol::limits::OUTBOX_FRESH_MS;
use protocol::timeline::{Pending, SendState};

use crate::connection::Tick;

/// How long a retryable refusal without `retry_after_ms` waits, in milliseconds.
const RETRY_MS: u64 = 2_000;

/// A send that must arrive exactly once: a `post`, `start` or `leave_message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The command; only those three are taken.
    pub command: Command,
    /// When the person sent it, Unix milliseconds; kept over reloads.
    pub at: i64,
}

/// An [`Outgoing`] and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The send.
    pub outgoing: Outgoing,
    /// Where it stands; never `Stored`, because stored sends leave the outbox.
    pub state: SendState,
    order: u64,
    in_flight: Option<u64>,
}

/// What a reload brought back, for the timelines.
pub type Restored = Vec<OutboxItem>;

impl OutboxItem {
    /// The client-made id of the send.
    pub fn cmid(&self) -> Option<Cmid> {
        match &self.outgoing.command {
            Command::Post(post) => Some(post.cmid),
            Command::Start(start) => Some(start.cmid),
            Command::LeaveMessage(message) => Some(message.cmid),
            _ => None,
        }
    }

    /// The conversation it goes to; `None`: the current one or a new one.
    pub fn conversation(&self) -> Option<ConversationId> {
        match &self.outgoing.command {
            Command::Post(post) => post.conversation,
            Command::LeaveMessage(message) => message.conversation,
            _ => None,
        }
    }

    /// The bubble to show for it; `None` for a start without text.
    pub fn pending(&self) -> Option<Pending> {
        let text = |text: &String| PostBody::Message(protocol::entry::Text { text: text.clone() });
        let body = match &self.outgoing.command {
            Command::Post(post) => post.body.clone(),
            Command::Start(start) => text(start.text.as_ref()?),
            Command::LeaveMessage(message) => text(&message.text),
            _ => return None,
        };
        Some(Pending { cmid: self.cmid()?, body, at: self.outgoing.at, state: self.state })
    }

    /// The item is on its way under this command id.
    pub(crate) fn sent_as(&mut self, id: u64) {
        self.in_flight = Some(id);
    }

    /// This item as text for storage.
    pub(crate) fn to_text(&self) -> String {
        to_json(self)
    }

    fn is_open(&self) -> bool {
        self.state == SendState::Sending
    }

    fn is_stale(&self, wall: i64) -> bool {
        let age = wall.saturating_sub(self.outgoing.at);
        u64::try_from(age).is_ok_and(|age| age > OUTBOX_FRESH_MS)
    }
}

impl Wire for OutboxItem {
    fn write(&self, out: &mut String) {
        let failed = match self.state {
            SendState::Failed(code) => Some(code),
            _ => None,
        };
        out.push('{');
        write_member(out, "at", &self.outgoing.at);
        write_member(out, "order", &self.order);
        write_member(out, "failed", &failed);
        write_member(out, "command", &self.outgoing.command);
        out.push('}');
    }

    fn read(value: &Value) -> Option<Self> {
        let failed: Option<ErrorCode> = member(value, "failed")?;
        let item = Self {
            outgoing: Outgoing { at: member(value, "at")?, command: read_command(value.get("command")?)? },
            state: failed.map_or(SendState::Sending, SendState::Failed),
            order: member(value, "order")?,
            in_flight: None,
        };
        item.cmid()?;
        Some(item)
    }

    fn blank() -> Self {
        Self {
            outgoing: Outgoing { command: Command::Unknown, at: 0 },
            state: SendState::Sending,
            order: 0,
            in_flight: None,
        }
    }
}

/// Reads one of the three commands an outbox takes; reading all of them would cost the widget a kilobyte.
fn read_command(value: &Value) -> Option<Command> {
    match value.get("type")?.text()? {
        "post" => Wire::read(value).map(Command::Post),
        "start" => Wire::read(value).map(Command::Start),
        "leave_message" => Wire::read(value).map(Command::LeaveMessage),
        _ => None,
    }
}

/// What the outbox wants done with its storage and told to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Keep this item.
    Keep(Cmid),
    /// The item left the outbox; the conversation is known when the server said it.
    Stored(Cmid, Option<ConversationId>),
    /// The item stays and this is where it stands.
    State(Cmid, SendState),
}

/// The unsent sends, oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    items: Vec<OutboxItem>,
    last_order: u64,
    /// Nothing is sent before this, on the steady clock.
    not_before: u64,
}

impl Outbox {
    pub(crate) fn items(&self) -> &[OutboxItem] {
        &self.items
    }

    pub(crate) fn find(&self, cmid: Cmid) -> Option<&OutboxItem> {
        self.items.iter().find(|item| item.cmid() == Some(cmid))
    }

    fn find_mut(&mut self, cmid: Cmid) -> Option<&mut OutboxItem> {
        self.items.iter_mut().find(|item| item.cmid() == Some(cmid))
    }

    /// Takes stored items in; unreadable ones are skipped, because a newer build may have written them.
    pub(crate) fn restore(&mut self, stored: &[String], wall: i64) {
        for text in stored {
            let Some(mut item) = from_json::<OutboxItem>(text) else {
                continue;
            };
            if item.cmid().and_then(|cmid| self.find(cmid)).is_some() {
                continue;
            }
            if item.is_open() && item.is_stale(wall) {
                item.state = SendState::Stale;
            }
            self.last_order = self.last_order.max(item.order);
            self.put_in_order(item);
        }
    }

    /// Oldest first.
    fn put_in_order(&mut self, item: OutboxItem) {
        let key = (item.outgoing.at, item.order);
        let mut item = Some(item);
        for other in core::mem::take(&mut self.items) {
            if (other.outgoing.at, other.order) > key {
                self.items.extend(item.take());
            }
            self.items.push(other);
        }
        self.items.extend(item);
    }

    /// Takes an item out, and says how many stood before it.
    fn take(&mut self, cmid: Cmid) -> Option<(usize, OutboxItem)> {
        let mut found = None;
        for item in core::mem::take(&mut self.items) {
            if found.is_none() && item.cmid() == Some(cmid) {
                found = Some((self.items.len(), item));
            } else {
                self.items.push(item);
            }
        }
        found
    }

    /// Takes a new send in; `false` when it is none or known.
    pub(crate) fn add(&mut self, outgoing: Outgoing) -> Option<Cmid> {
        self.last_order += 1;
        let item = OutboxItem { outgoing, state: SendState::Sending, order: self.last_order, in_flight: None };
        let cmid = item.cmid()?;
        if self.find(cmid).is_some() {
            return None;
        }
        self.items.push(item);
        Some(cmid)
    }

    /// Sends a failed or stale item again, behind everything else.
    pub(crate) fn retry(&mut self, cmid: Cmid, wall: i64) -> bool {
        if self.find(cmid).is_none_or(OutboxItem::is_open) {
            return false;
        }
        let Some((_, mut item)) = self.take(cmid) else {
            return false;
        };
        self.last_order += 1;
        item.order = self.last_order;
        item.outgoing.at = wall;
        item.state = SendState::Sending;
        self.items.push(item);
        true
    }

    /// Forgets an item; `false` when it is in flight or unknown, for then it may be stored already.
    pub(crate) fn discard(&mut self, cmid: Cmid) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.cmid() != Some(cmid) || item.in_flight.is_some());
        self.items.len() != before
    }

    /// The next item that may be sent now. Mark it with [`OutboxItem::sent_as`] before asking again.
    pub(crate) fn next(&mut self, tick: &Tick, changes: &mut Vec<Change>) -> Option<&mut OutboxItem> {
        if tick.now < self.not_before {
            return None;
        }
        let mut found = None;
        for at in 0..self.items.len() {
            let (earlier, rest) = self.items.split_at_mut_checked(at)?;
            let item = rest.first_mut()?;
            if !item.is_open() || item.in_flight.is_some() {
                continue;
            }
            if item.is_stale(tick.wall) {
                item.state = SendState::Stale;
                changes.extend(item.cmid().map(|cmid| Change::State(cmid, SendState::Stale)));
                continue;
            }
            let here = item.conversation();
            let blocked = earlier.iter().any(|other| {
                let there = other.conversation();
                other.is_open() && (there == here || there.is_none() || here.is_none())
            });
            if !blocked {
                found = Some(at);
                break;
            }
        }
        self.items.get_mut(found?)
    }

    /// How long [`Self::next`] holds everything back, in milliseconds.
    pub(crate) fn held_for(&self, now: u64) -> Option<u64> {
        (self.not_before > now && self.items.iter().any(OutboxItem::is_open)).then(|| self.not_before - now)
    }

    /// The connection is gone: nothing is in flight. Returns the command ids that are void.
    pub(crate) fn recall(&mut self) -> Vec<u64> {
        self.items.iter_mut().filter_map(|item| item.in_flight.take()).collect()
    }

    /// The command id a send is on its way under.
    pub(crate) fn in_flight(&self, cmid: Cmid) -> Option<u64> {
        self.find(cmid)?.in_flight
    }

    pub(crate) fn owns(&self, id: u64) -> bool {
        self.items.iter().any(|item| item.in_flight == Some(id))
    }

    /// The server stored an item: by its answer, or by its entry coming back.
    pub(crate) fn stored(&mut self, cmid: Cmid, conversation: Option<ConversationId>) -> Option<Change> {
        let (at, item) = self.take(cmid)?;
        if item.conversation().is_none() && conversation.is_some() {
            // What was written behind it meant the same conversation.
            for later in self.items.iter_mut().skip(at) {
                if let Command::Post(post) = &mut later.outgoing.command
                    && post.conversation.is_none()
                    && later.in_flight.is_none()
                {
                    post.conversation = conversation;
                }
            }
        }
        Some(Change::Stored(cmid, conversation))
    }

    pub(crate) fn acked(&mut self, ack: &Ack) -> Option<Change> {
        let cmid = self.cmid_of(ack.id)?;
        self.stored(cmid, ack.conversation)
    }

    pub(crate) fn refused(&mut self, refused: &Refused, now: u64) -> Option<Change> {
        let cmid = self.cmid_of(refused.id)?;
        let item = self.find_mut(cmid)?;
        item.in_flight = None;
        if refused.code.is_retryable() {
            self.not_before = now + refused.retry_after_ms.unwrap_or(RETRY_MS).max(100);
            return None;
        }
        item.state = SendState::Failed(refused.code);
        Some(Change::State(cmid, item.state))
    }

    fn cmid_of(&self, id: u64) -> Option<Cmid> {
        self.items.iter().find(|item| item.in_flight == Some(id)).and_then(OutboxItem::cmid)
    }
}
