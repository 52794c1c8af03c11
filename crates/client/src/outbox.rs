//! What the person sent and the server has not confirmed: first in first out, one in flight per
//! conversation (C3), kept across reloads, never lost and never doubled (C17).
//!
//! The tabs of one person share one store. One of them owns the outbox and sends; the others only write into
//! the store and see from it how their sends fare. A tab sends by itself when the owner does nothing for a
//! while, or when nobody can be sure to be the only one: the server stores a send once, however often it comes.

use alloc::string::String;
use alloc::vec::Vec;

use protocol::codec::{Put, Value, Wire, member, parse, to_json, write_member};
use protocol::command::{Command, PostBody};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId, VisitorId};
use protocol::limits::OUTBOX_FRESH_MS;
use protocol::timeline::{Pending, SendState};

/// How long the owner may do nothing about a send of another tab before that tab sends it, in milliseconds.
pub const HAND_OVER_MS: u64 = 10_000;
/// How long sending waits for what storage holds, which may be older, in milliseconds.
pub const LOAD_WITHIN_MS: u64 = 3_000;

/// A send that must arrive exactly once (a `post`, `start` or `leave_message`), and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// The client-made id of the send.
    pub cmid: Cmid,
    /// The conversation it goes to; `None`: the current one or a new one.
    pub conversation: Option<ConversationId>,
    /// Where it stands. `Stored`: another tab sent it and its entry has not come yet.
    pub state: SendState,
    /// When the person sent it, Unix milliseconds; kept over reloads.
    pub at: i64,
    /// Who wrote it; `None` before the visitor was known.
    visitor: Option<VisitorId>,
    order: u64,
    /// The command as it travels: sends of an earlier page are not read into types only to be written again.
    command: Value,
    in_flight: Option<u64>,
    /// Written in this tab, so its entry did not come before it was known here.
    is_own: bool,
}

impl OutboxItem {
    fn of_command(command: Value) -> Option<Self> {
        Some(Self {
            cmid: member(&command, "cmid")?,
            conversation: member(&command, "conversation")?,
            state: SendState::Sending,
            at: 0,
            visitor: None,
            order: 0,
            command,
            in_flight: None,
            is_own: false,
        })
    }

    /// Reads what [`Self::to_text`] wrote, in this or another build.
    #[inline(never)]
    fn of_text(text: &str) -> Option<Self> {
        let mut value = parse(text)?;
        let command = core::mem::replace(value.get_mut("command")?, Value::Null);
        let failed: Option<ErrorCode> = member(&value, "failed")?;
        Some(Self {
            at: member(&value, "at")?,
            order: member(&value, "order")?,
            visitor: member(&value, "visitor")?,
            state: failed.map_or(SendState::Sending, SendState::Failed),
            ..Self::of_command(command)?
        })
    }

    /// This item as text for storage, without line breaks.
    fn to_text(&self) -> String {
        let failed = match self.state {
            SendState::Failed(code) => Some(code),
            _ => None,
        };
        let mut out = String::from("{");
        write_member(&mut out, "at", &self.at);
        write_member(&mut out, "order", &self.order);
        write_member(&mut out, "failed", &failed);
        write_member(&mut out, "visitor", &self.visitor);
        write_member(&mut out, "command", &self.command);
        out.push('}');
        out
    }

    /// Whether it is an offline form, not a message of a thread.
    pub fn is_left(&self) -> bool {
        self.command.get("type").and_then(Value::text) == Some("leave_message")
    }

    /// The bubble to show for it; `None` for a start without text.
    pub fn pending(&self) -> Option<Pending> {
        let body = match self.command.get("body") {
            Some(body) => PostBody::read(body)?,
            None => PostBody::Message(Text { text: member(&self.command, "text")? }),
        };
        Some(Pending { cmid: self.cmid, body, at: self.at, state: self.state })
    }

    /// The command as it travels.
    pub(crate) fn command(&self) -> &dyn Put {
        &self.command
    }

    /// The item is on its way under this command id.
    pub(crate) fn sent_as(&mut self, id: u64) {
        self.in_flight = Some(id);
    }

    /// The item was refused, for good when `code` says why.
    pub(crate) fn refused(&mut self, code: Option<ErrorCode>) {
        self.in_flight = None;
        if let Some(code) = code {
            self.state = SendState::Failed(code);
        }
    }

    fn is_open(&self) -> bool {
        self.state == SendState::Sending
    }

    fn is_stale(&self, wall: i64) -> bool {
        self.is_open() && self.in_flight.is_none() && wall.saturating_sub(self.at) > OUTBOX_FRESH_MS as i64
    }

    /// The conversation became known by what was sent before.
    fn goes_to(&mut self, conversation: ConversationId) {
        if self.conversation.is_none() && self.in_flight.is_none() && self.command.get("body").is_some() {
            self.conversation = Some(conversation);
            self.command.set("conversation", Value::Text(conversation.text()));
        }
    }
}

/// What the outbox found in the store, for the person.
pub(crate) enum Found {
    /// An item that was not here.
    New(Cmid),
    /// An item that stands elsewhere now.
    Moved(Cmid),
    /// An item that another tab discarded, or sent: then there is an entry to show, now or soon.
    Gone(Cmid),
}

/// The unsent sends, oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    items: Vec<OutboxItem>,
    pub(crate) visitor: Option<VisitorId>,
    /// Whether it is known who writes, so that sends may go.
    pub(crate) is_open: bool,
    /// Whether this tab is the one that sends.
    pub(crate) is_owner: bool,
    /// Whether storage failed: what is not there may be here all the same.
    pub(crate) is_broken: bool,
    last_order: u64,
    /// Nothing is sent before these times of the steady clock: what the server asked for, until storage has
    /// told what it holds, until the owner had its chance.
    pub(crate) not_before: u64,
    pub(crate) load_until: u64,
    pub(crate) leave_until: u64,
}

impl Outbox {
    pub(crate) fn items(&self) -> &[OutboxItem] {
        &self.items
    }

    pub(crate) fn find(&mut self, cmid: Cmid) -> Option<&mut OutboxItem> {
        self.items.iter_mut().find(|item| item.cmid == cmid)
    }

    /// One copy of what `Vec::retain_mut` is made anew for every use.
    #[inline(never)]
    fn retain(&mut self, keep: &mut dyn FnMut(&mut OutboxItem) -> bool) {
        self.items.retain_mut(keep);
    }

    /// The text to keep of an item.
    pub(crate) fn text(&mut self, cmid: Cmid) -> Option<String> {
        self.find(cmid).map(|item| item.to_text())
    }

    /// Goes on as somebody: the sends of anybody else are not this person's.
    pub(crate) fn open(&mut self, visitor: Option<VisitorId>, now: u64) {
        self.retain(&mut |item| item.visitor.is_none() || item.visitor == visitor);
        self.visitor = visitor;
        self.is_open = true;
        self.is_owner = false;
        self.load_until = now + LOAD_WITHIN_MS;
        self.leave_until = now + HAND_OVER_MS;
    }

    /// Takes a new send in; `None` when it is none or known.
    pub(crate) fn add(&mut self, command: &Command, now: u64, wall: i64) -> Option<Cmid> {
        let item = OutboxItem::of_command(parse(&to_json(command))?)?;
        let cmid = item.cmid;
        if self.find(cmid).is_some() {
            return None;
        }
        let order = self.next_order(now, wall);
        self.items.push(OutboxItem { at: wall, order, visitor: self.visitor, is_own: true, ..item });
        Some(cmid)
    }

    /// The place of a send in the line of all tabs. Tabs do not ask each other, so it is near the time; the
    /// sends of one tab keep their order even when its clock is set back.
    fn next_order(&mut self, now: u64, wall: i64) -> u64 {
        self.leave_until = now + HAND_OVER_MS;
        self.last_order = (self.last_order + 1).max(wall as u64);
        self.last_order
    }

    /// Oldest first; there are few, and they are nearly in order.
    fn put_in_order(&mut self) {
        for _ in 0..self.items.len() {
            for at in 1..self.items.len() {
                if let Some([before, here]) = self.items.get_mut(at - 1..=at)
                    && before.order > here.order
                {
                    core::mem::swap(before, here);
                }
            }
        }
    }

    /// Takes in what storage holds: `lines` of items, everything that is there. Unreadable ones are skipped,
    /// because a newer build may have written them, and so are those of other visitors.
    #[inline(never)]
    pub(crate) fn merge(&mut self, mut lines: &str, now: u64) -> Vec<Found> {
        let mut found = Vec::new();
        let mut seen = Vec::new();
        while !lines.is_empty() {
            let end = lines.bytes().position(|byte| byte == b'\n').unwrap_or(lines.len());
            let (line, rest) = lines.split_at_checked(end).unwrap_or((lines, ""));
            lines = rest.get(1..).unwrap_or("");
            let item = OutboxItem::of_text(line);
            if let Some(item) = item.filter(|item| item.visitor.is_none() || item.visitor == self.visitor) {
                seen.push(item.cmid);
                found.extend(self.merge_one(item));
            }
        }
        let mut moved = !found.is_empty();
        if !self.is_broken {
            self.retain(&mut |item| {
                if item.in_flight.is_some() || item.state == SendState::Stored || seen.contains(&item.cmid) {
                    return true;
                }
                moved = true;
                if item.is_open() && item.is_own {
                    // Another tab sent it; its entry will say where to.
                    item.state = SendState::Stored;
                    return true;
                }
                found.push(Found::Gone(item.cmid));
                false
            });
        }
        if moved {
            self.leave_until = now + HAND_OVER_MS;
        }
        self.load_until = 0;
        found
    }

    #[inline(never)]
    fn merge_one(&mut self, item: OutboxItem) -> Option<Found> {
        let cmid = item.cmid;
        self.last_order = self.last_order.max(item.order);
        let found = match self.find(cmid) {
            None => {
                self.items.push(item);
                Found::New(cmid)
            }
            Some(mine) => {
                // What is too old is said by this tab's clock, not by storage.
                let same =
                    mine.order == item.order && (mine.is_open() == item.is_open() || mine.state == SendState::Stale);
                if same || mine.in_flight.is_some() {
                    return None;
                }
                *mine = OutboxItem { is_own: mine.is_own, ..item };
                Found::Moved(cmid)
            }
        };
        self.put_in_order();
        Some(found)
    }

    /// A send from before the visitor was known, which is this visitor's from now on.
    pub(crate) fn claim(&mut self) -> Option<Cmid> {
        let visitor = self.visitor;
        let item = self.items.iter_mut().find(|item| item.visitor != visitor)?;
        item.visitor = visitor;
        Some(item.cmid)
    }

    /// Sends a failed or stale item again, behind everything else.
    pub(crate) fn retry(&mut self, cmid: Cmid, now: u64, wall: i64) -> bool {
        let order = self.next_order(now, wall);
        let Some(item) = self.find(cmid).filter(|item| matches!(item.state, SendState::Failed(_) | SendState::Stale))
        else {
            return false;
        };
        item.order = order;
        item.at = wall;
        item.state = SendState::Sending;
        self.put_in_order();
        true
    }

    /// Forgets an item; `false` when it is in flight or unknown, for then it may be stored already.
    pub(crate) fn discard(&mut self, cmid: Cmid) -> bool {
        let before = self.items.len();
        self.retain(&mut |item| item.cmid != cmid || item.in_flight.is_some());
        self.items.len() != before
    }

    /// Forgets an item, whichever it is.
    pub(crate) fn pop(&mut self) -> Option<Cmid> {
        self.items.pop().map(|item| item.cmid)
    }

    /// An item that waited too long to be sent without asking.
    pub(crate) fn grown_stale(&mut self, wall: i64) -> Option<Cmid> {
        let item = self.items.iter_mut().find(|item| item.is_stale(wall))?;
        item.state = SendState::Stale;
        Some(item.cmid)
    }

    /// When sends may go; `u64::MAX`: not before it is known who writes.
    fn opens_at(&self) -> u64 {
        if !self.is_open {
            return u64::MAX;
        }
        let leave_until = if self.is_owner { 0 } else { self.leave_until };
        self.not_before.max(self.load_until).max(leave_until)
    }

    /// The next item that may be sent now. Mark it with [`OutboxItem::sent_as`] before asking again.
    pub(crate) fn next(&mut self, now: u64) -> Option<&mut OutboxItem> {
        if now < self.opens_at() {
            return None;
        }
        for at in 0..self.items.len() {
            let (earlier, rest) = self.items.split_at_checked(at)?;
            let item = rest.first()?;
            let blocked = |other: &OutboxItem| {
                let there = other.conversation;
                other.is_open() && (there == item.conversation || there.is_none() || item.conversation.is_none())
            };
            if item.is_open() && item.in_flight.is_none() && !earlier.iter().any(blocked) {
                return self.items.get_mut(at);
            }
        }
        None
    }

    /// How long [`Self::next`] holds everything back, in milliseconds.
    pub(crate) fn held_for(&self, now: u64) -> Option<u64> {
        let opens_at = self.opens_at();
        let waits = opens_at > now && opens_at != u64::MAX && self.items.iter().any(OutboxItem::is_open);
        waits.then(|| opens_at - now)
    }

    /// The connection is gone: nothing is in flight. A command id that is void.
    pub(crate) fn recall(&mut self) -> Option<u64> {
        self.items.iter_mut().find_map(|item| item.in_flight.take())
    }

    /// The item that is on its way under a command id.
    pub(crate) fn by_id(&mut self, id: u64) -> Option<&mut OutboxItem> {
        self.items.iter_mut().find(|item| item.in_flight == Some(id))
    }

    /// The server stored an item. What was written behind it meant the same conversation. `None`: there is no
    /// such item; else the command id it was on its way under.
    pub(crate) fn stored(&mut self, cmid: Cmid, conversation: Option<ConversationId>) -> Option<Option<u64>> {
        let mut found = None;
        self.retain(&mut |item| {
            if item.cmid == cmid {
                found = Some((item.in_flight, conversation.filter(|_| item.conversation.is_none())));
                return false;
            }
            if let Some((_, Some(conversation))) = found {
                item.goes_to(conversation);
            }
            true
        });
        found.map(|(id, _)| id)
    }
}
