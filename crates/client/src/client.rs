//! What an application drives: connection and outbox together.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use protocol::command::Command;
use protocol::event::Event;
use protocol::ids::{Cmid, ConversationId, TenantId, VisitorId};
use protocol::timeline::{Pending, SendState};

use crate::connection::{Client, Input, Status, Tick, TimerId};
use crate::outbox::{Found, OutboxItem};

/// Who connects, and as what.
#[derive(Debug, Clone)]
pub struct Config {
    /// Random id of this page's client.
    pub client: Cmid,
    /// Visitor token, when there is one yet; agents are known by their cookie.
    pub token: Option<String>,
    /// Agent: which of the account's tenants.
    pub tenant: Option<TenantId>,
    /// Names the outbox in storage: a site's key, or an agent's id.
    pub scope: String,
}

/// What the application is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The connection changed.
    Status(Status),
    /// The server said something. `entries` continue or repeat what came before: gaps were fetched. Answers
    /// to sends of the outbox do not come here but as [`ClientEvent::Sent`].
    Event(Box<Event>),
    /// Where a send of the outbox stands.
    Sent {
        /// The send.
        cmid: Cmid,
        /// The conversation it went to, when known.
        conversation: Option<ConversationId>,
        /// Where it stands. `Stored`: it left the outbox.
        state: SendState,
    },
    /// A send of an earlier page or of another tab that is not stored yet: show it.
    Unsent {
        /// The send.
        cmid: Cmid,
        /// The conversation it goes to; `None`: the current one or a new one.
        conversation: Option<ConversationId>,
        /// What to show; `None` for a start without text.
        pending: Option<Pending>,
        /// It is an offline form.
        left: bool,
    },
    /// A send of another tab or page is no longer unsent, because it was discarded, or sent: then its entry
    /// is there or comes. Take its bubble away.
    Gone(Cmid),
    /// Unsent messages could not be written to storage: they live as long as this page.
    NotKept,
}

/// What the outside must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open a WebSocket to [`crate::SOCKET_PATH`].
    OpenSocket,
    /// Close the socket with this code and report nothing more of it. There may be none.
    CloseSocket(u16),
    /// Send a text frame.
    SendText(String),
    /// `POST` to [`crate::POLL_PATH`]; answer with `PollDone`.
    Poll {
        /// Comes back in the answer.
        number: u32,
        /// Body.
        body: String,
    },
    /// Give the poll up. What is reported of it all the same changes nothing.
    AbortPoll,
    /// `POST` to [`crate::COMMANDS_PATH`]; answer with `CommandsDone`.
    PostCommands {
        /// Comes back in the answer.
        number: u32,
        /// Body.
        body: String,
    },
    /// Answer with `Timer` after a while.
    SetTimer {
        /// Which.
        timer: TimerId,
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// Do not.
    ClearTimer(TimerId),
    /// Ask for the lock of this name, which one tab of the browser holds, and give up any other; answer with
    /// `Owner` once it is held, and at once where there are no locks.
    Own(String),
    /// Answer with `Loaded` and everything kept under [`Config::scope`]. This and the next two take effect
    /// in the order given.
    Load,
    /// Keep this over reloads, where every tab finds it, and tell the other tabs.
    Keep {
        /// Key, in the scope.
        cmid: Cmid,
        /// Value, without line breaks.
        text: String,
    },
    /// Keep it no longer, and tell the other tabs.
    Drop(Cmid),
    /// Tell the application.
    Tell(ClientEvent),
}

/// Feed it, then carry out [`Client::take_effects`].
impl Client {
    /// Opens the outbox of `visitor`, or of the agent the scope names: from here on sends may go. The sends
    /// from before the visitor was known are this visitor's. Again with the same one: nothing.
    pub fn open(&mut self, visitor: Option<VisitorId>, tick: &Tick) {
        self.tick = *tick;
        if self.outbox.is_open && self.outbox.visitor == visitor {
            return;
        }
        self.recall();
        self.outbox.open(visitor, tick.now);
        let mut name = String::from("frontdesk.out.");
        name.push_str(&self.identity.scope);
        if let Some(visitor) = visitor {
            name.push('.');
            name.push_str(&visitor.text());
        }
        self.out.push(Effect::Own(name));
        self.load();
        self.pump();
    }

    /// The unsent sends, oldest first.
    pub fn outbox(&self) -> &[OutboxItem] {
        self.outbox.items()
    }

    /// A new visitor token, used from the next connection on.
    pub fn set_token(&mut self, token: String) {
        self.identity.token = Some(token);
    }

    /// The newest visitor token, for requests beside the connection.
    pub fn token(&self) -> Option<&str> {
        self.identity.token.as_deref()
    }

    /// Feeds one input.
    pub fn handle(&mut self, input: Input<'_>, tick: &Tick) {
        self.tick = *tick;
        match input {
            Input::Owner => {
                self.outbox.is_owner = true;
                self.load();
            }
            Input::Changed if self.outbox.is_open => self.load(),
            Input::Loaded(lines) => self.loaded(lines),
            Input::NotKept => {
                self.outbox.is_broken = true;
                self.tell(ClientEvent::NotKept);
            }
            input => self.connect(input),
        }
        self.pump();
    }

    /// Sends a command; its answer comes as an event with this id. All but typing and pong wait for a
    /// connection and are sent again after a lost one. Sends that write text belong in [`Client::post`].
    pub fn send(&mut self, command: &Command, tick: &Tick) -> u64 {
        self.tick = *tick;
        let id = self.commands.push(command);
        self.pump();
        id
    }

    /// Puts a `post`, `start` or `leave_message` into the outbox; nothing for other commands. It may come
    /// before it is known who sends it.
    pub fn post(&mut self, command: &Command, tick: &Tick) {
        self.tick = *tick;
        if let Some(cmid) = self.outbox.add(command, tick.now, tick.wall) {
            self.keep(cmid);
        }
        self.pump();
    }

    /// Sends a failed or stale send again.
    pub fn retry(&mut self, cmid: Cmid, tick: &Tick) {
        self.tick = *tick;
        if self.outbox.retry(cmid, tick.now, tick.wall) {
            self.keep(cmid);
            self.tell_sent(cmid);
        }
        self.pump();
    }

    /// Drops a send from the outbox; `false` when it is on its way and may be stored already.
    pub fn discard(&mut self, cmid: Cmid, tick: &Tick) -> bool {
        self.tick = *tick;
        let done = self.outbox.discard(cmid);
        if done {
            self.unkeep(cmid);
        }
        self.pump();
        done
    }

    /// Disconnects and forgets every unsent send: the person logged out.
    pub fn clear(&mut self) {
        self.connect(Input::Stop);
        while let Some(cmid) = self.outbox.pop() {
            self.unkeep(cmid);
        }
    }

    /// The application no longer holds this conversation: it is left out of the next resume.
    pub fn forget(&mut self, conversation: ConversationId) {
        self.cursors.remove(conversation);
    }

    /// What must be done outside, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.out)
    }

    /// Lets out what may go now.
    fn pump(&mut self) {
        while let Some(cmid) = self.outbox.grown_stale(self.tick.wall) {
            self.tell_sent(cmid);
        }
        if matches!(self.status(), Status::Live(_)) {
            while let Some(item) = self.outbox.next(self.tick.now) {
                item.sent_as(self.commands.push_send(item.command()));
            }
            if let Some(after_ms) = self.outbox.held_for(self.tick.now) {
                self.set_timer(TimerId::Outbox, after_ms);
            }
        } else {
            self.recall();
        }
        self.flush();
    }

    /// What is in flight is to be sent again, under another number.
    fn recall(&mut self) {
        while let Some(id) = self.outbox.recall() {
            self.commands.answered(id);
        }
    }

    /// The server stored a send: by its answer, or by its entry coming back, for the answer may be lost.
    pub(crate) fn stored(&mut self, cmid: Cmid, conversation: Option<ConversationId>) {
        if let Some(id) = self.outbox.stored(cmid, conversation) {
            if let Some(id) = id {
                self.commands.answered(id);
            }
            self.unkeep(cmid);
            self.tell(ClientEvent::Sent { cmid, conversation, state: SendState::Stored });
        }
    }

    /// Asks for what storage holds. An answer that was overtaken by what this tab wrote since says nothing.
    fn load(&mut self) {
        self.overtaken = self.loading;
        if !self.loading {
            self.loading = true;
            self.out.push(Effect::Load);
        }
    }

    #[inline(never)]
    fn loaded(&mut self, lines: &str) {
        self.loading = false;
        if self.overtaken {
            self.load();
            return;
        }
        for found in self.outbox.merge(lines, self.tick.now) {
            match found {
                Found::New(cmid) => self.tell_unsent(cmid),
                Found::Moved(cmid) => self.tell_sent(cmid),
                Found::Gone(cmid) => self.tell(ClientEvent::Gone(cmid)),
            }
        }
        while let Some(cmid) = self.outbox.claim() {
            self.keep(cmid);
        }
    }

    pub(crate) fn keep(&mut self, cmid: Cmid) {
        if let Some(text) = self.outbox.text(cmid) {
            self.overtaken = self.loading;
            self.out.push(Effect::Keep { cmid, text });
        }
    }

    fn unkeep(&mut self, cmid: Cmid) {
        self.overtaken = self.loading;
        self.out.push(Effect::Drop(cmid));
    }

    pub(crate) fn tell(&mut self, event: ClientEvent) {
        self.out.push(Effect::Tell(event));
    }

    pub(crate) fn tell_sent(&mut self, cmid: Cmid) {
        if let Some(item) = self.outbox.find(cmid) {
            let (conversation, state) = (item.conversation, item.state);
            self.tell(ClientEvent::Sent { cmid, conversation, state });
        }
    }

    fn tell_unsent(&mut self, cmid: Cmid) {
        if let Some(item) = self.outbox.find(cmid) {
            let (conversation, pending, left) = (item.conversation, item.pending(), item.is_left());
            self.tell(ClientEvent::Unsent { cmid, conversation, pending, left });
        }
    }
}
