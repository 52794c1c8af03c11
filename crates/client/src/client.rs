//! Connection and outbox together: what an application drives.

use alloc::string::String;
use alloc::vec::Vec;

use protocol::command::Command;
use protocol::event::Event;
use protocol::ids::{Cmid, ConversationId, TenantId};
use protocol::timeline::SendState;

use crate::connection::{Connection, Identity, Input, Status, Tick, TimerId};
use crate::outbox::{Change, Outbox, OutboxItem, Outgoing};

/// Who connects, and as what.
#[derive(Debug, Clone)]
pub struct Config {
    /// Random id of this page's client.
    pub client: Cmid,
    /// Visitor token; agents are known by their cookie.
    pub token: Option<String>,
    /// Agent: which of the account's tenants.
    pub tenant: Option<TenantId>,
}

/// What the application is told.
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::large_enum_variant, reason = "each is moved once or twice, never stored")
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The connection changed.
    Status(Status),
    /// The server said something. `entries` continue or repeat what came before: gaps were fetched. Answers
    /// to sends of the outbox do not come here but as [`ClientEvent::Sent`].
    Event(Event),
    /// Where a send of the outbox stands.
    Sent {
        /// The send.
        cmid: Cmid,
        /// The conversation it went to, when known.
        conversation: Option<ConversationId>,
        /// Where it stands. `Stored`: it left the outbox.
        state: SendState,
    },
    /// Unsent messages could not be written to storage: they live as long as this page.
    NotKept,
}

/// What the outside must do.
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::large_enum_variant, reason = "each is moved once or twice, never stored")
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open a WebSocket to [`crate::SOCKET_PATH`].
    OpenSocket,
    /// Close the socket with this code and report nothing more of it. There may be none.
    CloseSocket(u16),
    /// Send a text frame.
    SendText(String),
    /// `POST` this body to [`crate::POLL_PATH`]; answer with `PollDone`.
    Poll(String),
    /// Give the poll up and report nothing of it.
    AbortPoll,
    /// `POST` this body to [`crate::COMMANDS_PATH`]; answer with `CommandsDone`.
    PostCommands(String),
    /// Answer with `Timer` after a while.
    SetTimer {
        /// Which.
        timer: TimerId,
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// Do not.
    ClearTimer(TimerId),
    /// Keep this over reloads.
    Store {
        /// Key.
        cmid: Cmid,
        /// Value.
        text: String,
    },
    /// Keep it no longer.
    Unstore(Cmid),
    /// Tell the application.
    Tell(ClientEvent),
}

/// The client: feed it, then carry out [`Client::take_effects`].
pub struct Client {
    connection: Connection,
    outbox: Outbox,
    out: Vec<Effect>,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(config: Config) -> Self {
        Self {
            connection: Connection::new(Identity { token: config.token, tenant: config.tenant, client: config.client }),
            outbox: Outbox::default(),
            out: Vec::new(),
        }
    }

    /// Takes in what an earlier page left in storage.
    pub fn restore(&mut self, stored: &[String], tick: &Tick) {
        self.outbox.restore(stored, tick.wall);
        self.pump(tick);
    }

    /// The unsent sends, oldest first.
    pub fn outbox(&self) -> &[OutboxItem] {
        self.outbox.items()
    }

    /// A new visitor token, used from the next connection on.
    pub fn set_token(&mut self, token: String) {
        self.connection.identity.token = Some(token);
    }

    /// Feeds one input.
    pub fn handle(&mut self, input: Input<'_>, tick: &Tick) {
        self.connection.handle(input, tick);
        self.pump(tick);
    }

    /// Sends a command; its answer comes as an event with this id. All but typing and pong wait for a
    /// connection and are sent again after a lost one. Sends that write text belong in [`Client::post`].
    pub fn send(&mut self, command: Command, tick: &Tick) -> u64 {
        let id = self.connection.send(&command);
        self.pump(tick);
        id
    }

    /// Puts a send into the outbox.
    pub fn post(&mut self, outgoing: Outgoing, tick: &Tick) {
        if let Some(cmid) = self.outbox.add(outgoing) {
            self.change(Change::Keep(cmid));
        }
        self.pump(tick);
    }

    /// Sends a failed or stale send again.
    pub fn retry(&mut self, cmid: Cmid, tick: &Tick) {
        if self.outbox.retry(cmid, tick.wall) {
            self.change(Change::State(cmid, SendState::Sending));
        }
        self.pump(tick);
    }

    /// Drops a send from the outbox; `false` when it is on its way and may be stored already.
    pub fn discard(&mut self, cmid: Cmid, tick: &Tick) -> bool {
        let done = self.outbox.discard(cmid);
        if done {
            self.out.push(Effect::Unstore(cmid));
        }
        self.pump(tick);
        done
    }

    /// The application no longer holds this conversation: it is left out of the next resume.
    pub fn forget(&mut self, conversation: ConversationId) {
        self.connection.forget(conversation);
    }

    /// What must be done outside, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.out)
    }

    /// Lets the outbox see what came, and lets out what may go now.
    fn pump(&mut self, tick: &Tick) {
        self.absorb(tick);
        if !self.connection.is_live() {
            for id in self.outbox.recall() {
                self.connection.withdraw(id);
            }
            return;
        }
        let mut changes = Vec::new();
        while let Some(item) = self.outbox.next(tick, &mut changes) {
            item.sent_as(self.connection.send(&item.outgoing.command));
        }
        for change in changes {
            self.change(change);
        }
        if let Some(after_ms) = self.outbox.held_for(tick.now) {
            self.out.push(Effect::SetTimer { timer: TimerId::Outbox, after_ms });
        }
        self.absorb(tick);
    }

    fn absorb(&mut self, tick: &Tick) {
        for effect in self.connection.take_effects() {
            let change = match &effect {
                Effect::Tell(ClientEvent::Event(Event::Ack(ack))) if self.outbox.owns(ack.id) => self.outbox.acked(ack),
                Effect::Tell(ClientEvent::Event(Event::Refused(refused))) if self.outbox.owns(refused.id) => {
                    self.outbox.refused(refused, tick.now)
                }
                Effect::Tell(ClientEvent::Event(Event::Entries(entries))) => {
                    // An entry of ours is as good as its answer, which may be lost.
                    let stored: Vec<Change> = entries
                        .items
                        .iter()
                        .filter_map(|item| self.stored_by_entry(item.cmid?, entries.conversation))
                        .collect();
                    self.out.push(effect);
                    stored.into_iter().for_each(|change| self.change(change));
                    continue;
                }
                _ => {
                    self.out.push(effect);
                    continue;
                }
            };
            if let Some(change) = change {
                self.change(change);
            }
        }
    }

    fn stored_by_entry(&mut self, cmid: Cmid, conversation: ConversationId) -> Option<Change> {
        if let Some(id) = self.outbox.in_flight(cmid) {
            self.connection.withdraw(id);
        }
        self.outbox.stored(cmid, Some(conversation))
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Keep(cmid) => self.keep(cmid),
            Change::Stored(cmid, conversation) => {
                self.out.push(Effect::Unstore(cmid));
                self.tell_sent(cmid, conversation, SendState::Stored);
            }
            Change::State(cmid, state) => {
                self.keep(cmid);
                let conversation = self.outbox.find(cmid).and_then(OutboxItem::conversation);
                self.tell_sent(cmid, conversation, state);
            }
        }
    }

    fn keep(&mut self, cmid: Cmid) {
        if let Some(item) = self.outbox.find(cmid) {
            let text = item.to_text();
            self.out.push(Effect::Store { cmid, text });
        }
    }

    fn tell_sent(&mut self, cmid: Cmid, conversation: Option<ConversationId>, state: SendState) {
        self.out.push(Effect::Tell(ClientEvent::Sent { cmid, conversation, state }));
    }
}
