//! The connection ladder as a state machine without I/O.

mod poll;
mod socket;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use protocol::PROTOCOL_VERSION;
use protocol::command::{Command, Fetch, Hello};
use protocol::event::{Event, Refused, ResetReason};
use protocol::ids::ConversationId;

use crate::backoff::Backoff;
use crate::client::{ClientEvent, Config, Effect};
use crate::commands::Commands;
use crate::cursors::{Cursors, Step};
use crate::outbox::Outbox;
use poll::Poll;
use socket::Socket;

/// How long a retryable refusal without `retry_after_ms` waits, in milliseconds.
const RETRY_MS: u64 = 2_000;

/// The clocks and the dice of one step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tick {
    /// A steady clock, in milliseconds.
    pub now: u64,
    /// Wall clock, Unix milliseconds; only for the age of unsent messages.
    pub wall: i64,
    /// A random number.
    pub random: u32,
}

/// Timers a client asks for. Setting one again replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerId {
    /// The socket must be open, and then greeted, by now.
    Open = 0,
    /// Nothing came for a long time.
    Silence = 1,
    /// The probe was not answered.
    Probe = 2,
    /// Try to connect again.
    Retry = 3,
    /// Try to get from long-poll to a socket.
    Upgrade = 4,
    /// A poll was held longer than the server promises.
    PollDeadline = 5,
    /// Send commands again.
    Commands = 6,
    /// Send the outbox again.
    Outbox = 7,
}

impl TimerId {
    /// Every timer, in the order of its number.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Silence,
        Self::Probe,
        Self::Retry,
        Self::Upgrade,
        Self::PollDeadline,
        Self::Commands,
        Self::Outbox,
    ];
}

/// What happened outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// Connect.
    Start,
    /// Close everything.
    Stop,
    /// The socket is open.
    SocketOpened,
    /// A text frame came.
    SocketText(&'a str),
    /// The socket closed or could not be opened (then 1006).
    SocketClosed(u16),
    /// A poll was answered.
    PollDone {
        /// The number it was asked under.
        number: u32,
        /// HTTP status; 0 when there was no answer.
        status: u16,
        /// Body.
        text: &'a str,
    },
    /// Posted commands were answered.
    CommandsDone {
        /// The number it was asked under.
        number: u32,
        /// HTTP status; 0 when there was no answer.
        status: u16,
        /// Body.
        text: &'a str,
    },
    /// A timer ran out.
    Timer(TimerId),
    /// The network came back.
    Online,
    /// The page came back to the front or woke up.
    Visible,
    /// This tab holds the lock of the outbox.
    Owner,
    /// What storage holds of the outbox: everything, a line each.
    Loaded(&'a str),
    /// Another tab changed what storage holds.
    Changed,
    /// Storage refused to keep something.
    NotKept,
}

/// Which transport carries the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// WebSocket.
    Socket,
    /// Long-poll.
    Poll,
}

/// How the connection is, for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not started, or stopped by the caller.
    Off,
    /// Connecting for the first time, or again right now.
    Connecting,
    /// Connected; everything passes.
    Live(Transport),
    /// Not connected; the next attempt comes after this many milliseconds.
    Waiting(u64),
    /// The token or sign-in is no longer good: bring a new one and start again.
    NeedToken,
    /// The server said not to come back; the close code says why.
    Stopped(u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Socket,
    Poll,
}

/// The client: connection and outbox in one state machine.
pub struct Client {
    pub(crate) identity: Config,
    pub(crate) tick: Tick,
    mode: Mode,
    status: Status,
    socket: Socket,
    poll: Poll,
    backoff: Backoff,
    pub(crate) commands: Commands,
    pub(crate) cursors: Cursors,
    pub(crate) outbox: Outbox,
    /// Storage was asked what it holds, and something was written since.
    pub(crate) loading: bool,
    pub(crate) overtaken: bool,
    state_version: Option<String>,
    probe: Option<u64>,
    pub(crate) out: Vec<Effect>,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(config: Config) -> Self {
        Self {
            identity: config,
            tick: Tick::default(),
            mode: Mode::Off,
            status: Status::Off,
            socket: Socket::default(),
            poll: Poll::default(),
            backoff: Backoff::default(),
            commands: Commands::default(),
            cursors: Cursors::default(),
            outbox: Outbox::default(),
            loading: false,
            overtaken: false,
            state_version: None,
            probe: None,
            out: Vec::new(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Feeds what concerns the connection.
    pub(crate) fn connect(&mut self, input: Input<'_>) {
        match input {
            Input::Start => {
                if self.mode == Mode::Off {
                    self.mode = Mode::Socket;
                    self.socket.early_failures = 0;
                    self.backoff.reset();
                    self.open_socket();
                }
            }
            Input::Stop => self.shut(Status::Off),
            Input::SocketOpened => self.socket_opened(),
            Input::SocketText(text) => self.socket_text(text),
            Input::SocketClosed(code) => self.socket_closed(code),
            Input::PollDone { number, status, text } => self.poll_done(number, status, text),
            Input::CommandsDone { number, status, text } => self.commands_done(number, status, text),
            Input::Timer(timer) => self.timer(timer),
            Input::Online | Input::Visible => self.wake(),
            Input::Owner | Input::Loaded(_) | Input::Changed | Input::NotKept => {}
        }
    }

    fn timer(&mut self, timer: TimerId) {
        match (timer, self.mode) {
            (_, Mode::Off) => {}
            (TimerId::Open, _) => self.socket_not_opened(),
            (TimerId::Silence, _) => self.check_silence(),
            (TimerId::Probe, _) => self.probe_unanswered(),
            (TimerId::Retry, Mode::Socket) => self.open_socket(),
            (TimerId::Retry, Mode::Poll) => self.send_poll(),
            (TimerId::Upgrade, Mode::Poll) => self.upgrade(),
            (TimerId::PollDeadline, Mode::Poll) => self.poll_overdue(),
            (TimerId::Commands, _) => self.poll.commands_wait = false,
            (TimerId::Upgrade | TimerId::PollDeadline, Mode::Socket) | (TimerId::Outbox, _) => {}
        }
    }

    fn wake(&mut self) {
        match self.mode {
            Mode::Off => {}
            Mode::Socket => self.wake_socket(),
            Mode::Poll => self.wake_poll(),
        }
    }

    fn hello(&self, fresh: bool) -> Hello {
        Hello {
            protocol: PROTOCOL_VERSION,
            token: self.identity.token.clone(),
            tenant: self.identity.tenant,
            resume: self.cursors.list(),
            state: if fresh { None } else { self.state_version.clone() },
        }
    }

    pub(crate) fn flush(&mut self) {
        match self.status {
            Status::Live(Transport::Socket) => self.flush_socket(),
            Status::Live(Transport::Poll) => self.flush_poll(),
            _ => {}
        }
    }

    fn set_status(&mut self, status: Status) {
        if self.status != status {
            self.status = status;
            self.tell(ClientEvent::Status(status));
        }
    }

    pub(crate) fn set_timer(&mut self, timer: TimerId, after_ms: u64) {
        self.out.push(Effect::SetTimer { timer, after_ms });
    }

    fn clear_timer(&mut self, timer: TimerId) {
        self.out.push(Effect::ClearTimer(timer));
    }

    /// Lets go of every transport and stays so until the next start.
    fn shut(&mut self, status: Status) {
        self.mode = Mode::Off;
        self.drop_socket();
        self.drop_poll();
        self.commands.connection_lost();
        for timer in TimerId::ALL {
            self.clear_timer(timer);
        }
        self.set_status(status);
    }

    fn event(&mut self, event: Box<Event>) {
        match &*event {
            Event::Ack(ack) => {
                if let Some(item) = self.outbox.by_id(ack.id) {
                    let cmid = item.cmid;
                    self.stored(cmid, ack.conversation);
                    return;
                }
                let Some(fetched) = self.answered(ack.id) else {
                    return;
                };
                if let Some(conversation) = fetched
                    && let Some(after) = self.cursors.behind(conversation)
                {
                    self.fetch(conversation, after);
                }
            }
            Event::Refused(refused) if self.send_refused(refused) || self.answered(refused.id).is_none() => return,
            Event::Entries(entries) => {
                if let Step::Gap(after) = self.cursors.apply(entries) {
                    self.fetch(entries.conversation, after);
                    return;
                }
                for cmid in entries.items.iter().filter_map(|item| item.cmid) {
                    self.stored(cmid, Some(entries.conversation));
                }
            }
            Event::Reset(reset) => {
                self.cursors.remove(reset.conversation);
                if reset.reason != ResetReason::NoAccess {
                    self.fetch(reset.conversation, 0);
                }
            }
            Event::Welcome(welcome) if welcome.token.is_some() => self.identity.token = welcome.token.clone(),
            Event::Token(token) => self.identity.token = Some(token.token.clone()),
            Event::Visitor(state) => self.state_version = Some(state.version.clone()),
            #[cfg(feature = "agents")]
            Event::Agent(state) => self.state_version = Some(state.version.clone()),
            // What is held is not that state any more. It may become so again while nobody listens, between two polls: the server would
            // say nothing, and this line would stay.
            #[cfg(feature = "agents")]
            Event::Conversation(_) => self.state_version = None,
            Event::Ping(_) | Event::Reconnect(_) | Event::Unknown => return,
            _ => {}
        }
        self.tell(ClientEvent::Event(event));
    }

    /// Takes the refusal of a send in; `false` when it refuses something else.
    fn send_refused(&mut self, refused: &Refused) -> bool {
        let Some(item) = self.outbox.by_id(refused.id) else {
            return false;
        };
        let cmid = item.cmid;
        let is_final = !refused.code.is_retryable();
        item.refused(is_final.then_some(refused.code));
        self.commands.answered(refused.id);
        if is_final {
            self.keep(cmid);
            self.tell_sent(cmid);
        } else {
            self.outbox.not_before = self.tick.now + refused.retry_after_ms.unwrap_or(RETRY_MS).max(100);
        }
        true
    }

    /// Takes the answer to a command of the application in; `None` when it is to a probe, or none is waited for.
    fn answered(&mut self, id: u64) -> Option<Option<ConversationId>> {
        if self.probe == Some(id) {
            self.probe = None;
            return None;
        }
        self.commands.answered(id)
    }

    fn fetch(&mut self, conversation: ConversationId, after: u64) {
        if !self.commands.fetches(conversation) {
            self.commands.push(&Command::Fetch(Fetch { conversation, after }));
        }
    }
}
