//! The WebSocket rung of the ladder.

use protocol::command::{Command, Fetch, Pong};
use protocol::error::{AfterClose, CloseCode};
use protocol::event::Event;
use protocol::ids::ConversationId;
use protocol::limits::SILENCE_MS;

use super::{Client, Mode, Status, TimerId, Transport};
use crate::client::Effect;
use crate::events;

/// A socket that is not open after this long is taken for blocked.
const OPEN_WITHIN_MS: u64 = 4_000;
/// How long the answer to `hello` may take.
const WELCOME_WITHIN_MS: u64 = 8_000;
/// A connection that broke sooner after its welcome counts as an early failure: some proxies let the
/// handshake pass and cut what follows.
const EARLY_MS: u64 = 5_000;
/// How long the answer to a probe may take.
const PROBE_WITHIN_MS: u64 = 5_000;
/// A frame younger than this proves the connection without a probe.
const FRESH_MS: u64 = 2_000;
/// Longest time between attempts to get back to a socket.
const UPGRADE_LONGEST_MS: u64 = 300_000;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Closed,
    Opening,
    Greeting,
    Live,
}

/// Where the socket stands.
#[derive(Debug, Default)]
pub(super) struct Socket {
    stage: Stage,
    pub(super) early_failures: u32,
    live_since: u64,
    last_frame: u64,
}

impl Client {
    pub(super) fn open_socket(&mut self) {
        if self.socket.stage != Stage::Closed {
            return;
        }
        self.socket.stage = Stage::Opening;
        self.socket.last_frame = self.tick.now;
        self.out.push(Effect::OpenSocket);
        self.set_timer(TimerId::Open, OPEN_WITHIN_MS);
        if self.mode == Mode::Socket {
            self.clear_timer(TimerId::Retry);
            self.set_status(Status::Connecting);
        }
    }

    pub(super) fn socket_opened(&mut self) {
        if self.socket.stage != Stage::Opening {
            return;
        }
        self.socket.stage = Stage::Greeting;
        self.socket.last_frame = self.tick.now;
        let hello = Command::Hello(self.hello(false));
        let (_, text) = self.commands.frame(&hello);
        self.out.push(Effect::SendText(text));
        self.set_timer(TimerId::Open, WELCOME_WITHIN_MS);
    }

    pub(super) fn socket_text(&mut self, text: &str) {
        if matches!(self.socket.stage, Stage::Closed | Stage::Opening) {
            return;
        }
        self.socket.last_frame = self.tick.now;
        if self.probe.take().is_some() {
            self.clear_timer(TimerId::Probe);
        }
        let Some(event) = events::from_frame(text) else {
            return;
        };
        match &*event {
            Event::Ping(_) => {
                let (_, text) = self.commands.frame(&Command::Pong(Pong {}));
                self.out.push(Effect::SendText(text));
            }
            Event::Welcome(_) => self.socket_live(),
            Event::Reconnect(reconnect) => {
                let after = reconnect.after_ms;
                self.drop_socket();
                self.commands.connection_lost();
                if self.mode == Mode::Socket {
                    self.retry_after(after);
                } else {
                    self.set_timer(TimerId::Upgrade, after.max(self.poll.upgrade_ms));
                }
                return;
            }
            _ => {}
        }
        self.event(event);
    }

    fn socket_live(&mut self) {
        if self.socket.stage != Stage::Greeting {
            return;
        }
        self.socket.stage = Stage::Live;
        self.socket.live_since = self.tick.now;
        self.backoff.reset();
        self.clear_timer(TimerId::Open);
        self.set_timer(TimerId::Silence, SILENCE_MS);
        if self.mode == Mode::Poll {
            self.mode = Mode::Socket;
            self.drop_poll();
            self.commands.connection_lost();
        }
        self.set_status(Status::Live(Transport::Socket));
    }

    pub(super) fn socket_closed(&mut self, code: u16) {
        if self.socket.stage == Stage::Closed {
            return;
        }
        match CloseCode::after(code) {
            AfterClose::Reauthenticate => self.shut(Status::NeedToken),
            AfterClose::Stop => self.shut(Status::Stopped(code)),
            AfterClose::Reconnect => self.socket_lost(),
        }
    }

    fn socket_lost(&mut self) {
        let settled = self.socket.stage == Stage::Live && self.tick.now >= self.socket.live_since + EARLY_MS;
        self.drop_socket();
        if self.mode == Mode::Poll {
            self.upgrade_failed();
            return;
        }
        self.commands.connection_lost();
        self.socket.early_failures = if settled { 0 } else { self.socket.early_failures + 1 };
        if self.socket.early_failures >= 2 {
            self.start_poll();
        } else {
            let after = self.backoff.next(self.tick.random);
            self.retry_after(after);
        }
    }

    pub(super) fn retry_after(&mut self, after_ms: u64) {
        self.set_timer(TimerId::Retry, after_ms);
        self.set_status(Status::Waiting(after_ms));
    }

    /// The socket did not open, or was not greeted, in time.
    pub(super) fn socket_not_opened(&mut self) {
        if !matches!(self.socket.stage, Stage::Opening | Stage::Greeting) {
            return;
        }
        self.drop_socket();
        if self.mode == Mode::Poll {
            self.upgrade_failed();
        } else {
            self.commands.connection_lost();
            self.start_poll();
        }
    }

    pub(super) fn drop_socket(&mut self) {
        if self.socket.stage != Stage::Closed {
            self.socket.stage = Stage::Closed;
            self.out.push(Effect::CloseSocket(CloseCode::Normal.code()));
        }
        self.probe = None;
        self.clear_timer(TimerId::Open);
        self.clear_timer(TimerId::Silence);
        self.clear_timer(TimerId::Probe);
    }

    pub(super) fn upgrade(&mut self) {
        self.open_socket();
    }

    fn upgrade_failed(&mut self) {
        let jitter = (self.poll.upgrade_ms * u64::from(self.tick.random)) >> 34;
        self.set_timer(TimerId::Upgrade, self.poll.upgrade_ms + jitter);
        self.poll.upgrade_ms = (self.poll.upgrade_ms * 2).min(UPGRADE_LONGEST_MS);
    }

    /// 35 s without a frame is a dead connection, whatever `readyState` says (C10).
    pub(super) fn check_silence(&mut self) {
        if self.socket.stage != Stage::Live {
            return;
        }
        let silent_for = self.tick.now.saturating_sub(self.socket.last_frame);
        if silent_for >= SILENCE_MS {
            self.socket_lost();
        } else {
            self.set_timer(TimerId::Silence, SILENCE_MS - silent_for);
        }
    }

    pub(super) fn wake_socket(&mut self) {
        match self.socket.stage {
            Stage::Closed => self.open_socket(),
            Stage::Live if self.tick.now >= self.socket.last_frame + FRESH_MS => self.send_probe(),
            _ => {}
        }
    }

    /// Asks for what is answered at once and changes nothing: the entries after the newest one held. A
    /// client that holds no conversation asks for one that cannot exist, which the server refuses.
    fn send_probe(&mut self) {
        if self.probe.is_some() {
            return;
        }
        let (conversation, after) = self
            .cursors
            .any()
            .map_or((ConversationId(uuid::Uuid::nil()), 0), |cursor| (cursor.conversation, cursor.seq));
        let (id, text) = self.commands.frame(&Command::Fetch(Fetch { conversation, after }));
        self.probe = Some(id);
        self.out.push(Effect::SendText(text));
        self.set_timer(TimerId::Probe, PROBE_WITHIN_MS);
    }

    pub(super) fn probe_unanswered(&mut self) {
        if self.probe.is_some() {
            self.socket_lost();
        }
    }

    pub(super) fn flush_socket(&mut self) {
        while let Some(text) = self.commands.next_unsent() {
            self.out.push(Effect::SendText(text));
        }
    }
}
