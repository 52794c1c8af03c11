//! The connection ladder as a state machine without I/O.

mod poll;
mod socket;

use alloc::string::String;
use alloc::vec::Vec;

use protocol::PROTOCOL_VERSION;
use protocol::command::{Command, Fetch, Hello};
use protocol::event::Event;
use protocol::ids::{Cmid, ConversationId, TenantId};

use crate::backoff::Backoff;
use crate::client::{ClientEvent, Effect};
use crate::commands::Commands;
use crate::cursors::{Cursors, Step};
use poll::Poll;
use socket::Socket;

/// The clocks and the dice of one step.
#[derive(Debug, Clone, Copy)]
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
        /// HTTP status; 0 when there was no answer.
        status: u16,
        /// Body.
        text: &'a str,
    },
    /// Posted commands were answered.
    CommandsDone {
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

/// Who connects.
pub(crate) struct Identity {
    pub(crate) token: Option<String>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) client: Cmid,
}

/// The state machine.
pub(crate) struct Connection {
    pub(crate) identity: Identity,
    mode: Mode,
    status: Status,
    socket: Socket,
    poll: Poll,
    backoff: Backoff,
    commands: Commands,
    cursors: Cursors,
    state_version: Option<String>,
    probe: Option<u64>,
    out: Vec<Effect>,
}

impl Connection {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            mode: Mode::Off,
            status: Status::Off,
            socket: Socket::default(),
            poll: Poll::default(),
            backoff: Backoff::default(),
            commands: Commands::default(),
            cursors: Cursors::default(),
            state_version: None,
            probe: None,
            out: Vec::new(),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.status, Status::Live(_))
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.out)
    }

    /// Feeds one input.
    pub(crate) fn handle(&mut self, input: Input<'_>, tick: &Tick) {
        match input {
            Input::Start => {
                if self.mode == Mode::Off {
                    self.mode = Mode::Socket;
                    self.socket.early_failures = 0;
                    self.backoff.reset();
                    self.open_socket(tick);
                }
            }
            Input::Stop => self.shut(Status::Off),
            Input::SocketOpened => self.socket_opened(tick),
            Input::SocketText(text) => self.socket_text(text, tick),
            Input::SocketClosed(code) => self.socket_closed(code, tick),
            Input::PollDone { status, text } => self.poll_done(status, text, tick),
            Input::CommandsDone { status, text } => self.commands_done(status, text, tick),
            Input::Timer(timer) => self.timer(timer, tick),
            Input::Online | Input::Visible => self.wake(tick),
        }
        self.flush();
    }

    /// Takes a command in and sends it as soon as it can be sent.
    pub(crate) fn send(&mut self, command: &Command) -> u64 {
        let id = self.commands.push(command);
        self.flush();
        id
    }

    /// Forgets a command that its owner will send again under another id.
    pub(crate) fn withdraw(&mut self, id: u64) {
        self.commands.answered(id);
    }

    /// The caller no longer shows this conversation: it is left out of the next resume.
    pub(crate) fn forget(&mut self, conversation: ConversationId) {
        self.cursors.remove(conversation);
    }

    fn timer(&mut self, timer: TimerId, tick: &Tick) {
        match (timer, self.mode) {
            (_, Mode::Off) => {}
            (TimerId::Open, _) => self.socket_not_opened(tick),
            (TimerId::Silence, _) => self.check_silence(tick),
            (TimerId::Probe, _) => self.probe_unanswered(tick),
            (TimerId::Retry, Mode::Socket) => self.open_socket(tick),
            (TimerId::Retry, Mode::Poll) => self.send_poll(tick),
            (TimerId::Upgrade, Mode::Poll) => self.upgrade(tick),
            (TimerId::PollDeadline, Mode::Poll) => self.poll_overdue(tick),
            (TimerId::Commands, _) => self.poll.commands_wait = false,
            (TimerId::Upgrade | TimerId::PollDeadline, Mode::Socket) | (TimerId::Outbox, _) => {}
        }
    }

    fn wake(&mut self, tick: &Tick) {
        match self.mode {
            Mode::Off => {}
            Mode::Socket => self.wake_socket(tick),
            Mode::Poll => self.wake_poll(tick),
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

    fn flush(&mut self) {
        match self.status {
            Status::Live(Transport::Socket) => self.flush_socket(),
            Status::Live(Transport::Poll) => self.flush_poll(),
            _ => {}
        }
    }

    fn set_status(&mut self, status: Status) {
        if self.status != status {
            self.status = status;
            self.out.push(Effect::Tell(ClientEvent::Status(status)));
        }
    }

    fn set_timer(&mut self, timer: TimerId, after_ms: u64) {
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

    fn event(&mut self, event: Event) {
        match &event {
            Event::Ack(ack) => return self.answered(ack.id, event),
            Event::Refused(refused) => return self.answered(refused.id, event),
            Event::Entries(entries) => {
                if let Step::Gap(after) = self.cursors.apply(entries) {
                    self.fetch(entries.conversation, after);
                    return;
                }
            }
            Event::Reset(reset) => {
                self.cursors.remove(reset.conversation);
                if reset.reason != protocol::event::ResetReason::NoAccess {
                    self.fetch(reset.conversation, 0);
                }
            }
            Event::Welcome(welcome) if welcome.token.is_some() => self.identity.token = welcome.token.clone(),
            Event::Token(token) => self.identity.token = Some(token.token.clone()),
            Event::Visitor(state) => self.state_version = Some(state.version.clone()),
            Event::Agent(state) => self.state_version = Some(state.version.clone()),
            Event::Ping(_) | Event::Reconnect(_) | Event::Unknown => return,
            _ => {}
        }
        self.out.push(Effect::Tell(ClientEvent::Event(event)));
    }

    fn answered(&mut self, id: u64, event: Event) {
        if self.probe == Some(id) {
            self.probe = None;
            return;
        }
        let Some(fetched) = self.commands.answered(id) else {
            return;
        };
        if let (Some(conversation), Event::Ack(_)) = (fetched, &event)
            && let Some(after) = self.cursors.behind(conversation)
        {
            self.fetch(conversation, after);
        }
        self.out.push(Effect::Tell(ClientEvent::Event(event)));
    }

    fn fetch(&mut self, conversation: ConversationId, after: u64) {
        if !self.commands.fetches(conversation) {
            self.commands.push(&Command::Fetch(Fetch { conversation, after }));
        }
    }
}
