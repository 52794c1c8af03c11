//! Live connections. This folder turns sockets and polls into sessions, sessions into calls of
//! [`crate::actions`], and notes of the bus into frames.
//!
//! # The model
//!
//! A *transport* ([`websocket`], [`longpoll`], [`textpage`]) moves text. It checks where a request comes from, bounds
//! sizes and times, and knows nothing of conversations. It drives one [`session::Session`] with three calls:
//!
//! - `receive(text)` runs a command; its answer is queued,
//! - `next()` is the next frame to send, or nothing right now,
//! - `ready()` waits until `next()` may have something again.
//!
//! Only the transport's own task calls them, so a session needs no lock and none of its reads is ever cut
//! off half-way.
//!
//! A *session* is one person on one connection. It first subscribes, then reads (C6): whatever is written
//! between the two is in the mailbox, and whatever is in both is dropped by position. For every conversation
//! it keeps the seq it has sent up to ([`cursors::Cursors`]). A note that continues there is passed on as it
//! is, encoded once for everybody; one that lies behind is dropped; one that lies ahead means something was
//! lost on the way, and the entries are read from the log instead. Live, catch-up and history are thereby
//! one path, and the bus may lose, repeat or reorder notes without harm (C4, C5, C7).
//!
//! Everything besides the logs is *state* with a version. A note only says that it changed; the session
//! reads it again, once for any number of notes, and sends it when its version is another one.
//!
//! The *hub* ([`hub::Hub`]) maps topics to the mailboxes of the sessions that listen. Delivering is a push
//! onto a bounded queue: it never waits for a socket, and a session that does not keep up is ended (C9). Its
//! client resumes from its cursor and misses nothing.
//!
//! A *long-poll* is a session that lives for one request. Nothing survives between two polls but the cursor
//! in the client's hands, so any node can serve any poll (C11).
//!
//! # Where a command goes
//!
//! text -> [`decode`] (sizes, shape, id) -> rate limit -> [`dispatch`] (one line a command) -> one action ->
//! `ack` or `refused`, exactly once. Commands of one connection run one after the other: that keeps a
//! sender's messages in order (C3).
//!
//! # How a connection ends
//!
//! The client closes; the heartbeat is not answered; a write takes too long; the mailbox overflows; the
//! person is signed out, disabled, or the tenant suspended (C20); the server stops (C12). Whatever the
//! cause, dropping the session leaves every topic and the presence count: there is nothing to forget.
//!
//! # What is not here
//!
//! Rules (`domain`), SQL (`store`), and what a command does (`actions`). No file here imports `store`.

/// Topic to sessions.
pub mod hub;
/// How many connections may be open at once.
pub mod room;
/// Where the hub leaves what a session has not sent yet.
pub mod mailbox;
/// Positions in conversations.
mod cursors;
/// Text to command.
mod decode;
/// Command to action.
mod dispatch;
/// Who is on the other end.
pub mod caller;
/// One person on one connection.
pub mod session;
/// What the kernel is asked of every connection.
pub mod tcp;
/// What stands before the payload of a WebSocket's frame.
mod frame;
/// Frames of a WebSocket to messages, with limits.
mod socket;
/// A session over a WebSocket.
pub mod websocket;
/// A session over held requests.
pub mod longpoll;
/// A session as pages that need no script.
pub mod textpage;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use protocol::limits::{HELLO_WITHIN_MS, PING_EVERY_MS, POLL_HOLD_MS, PONG_WITHIN_MS};

use tokio::sync::Semaphore;

use crate::app::App;
use crate::realtime::hub::Hub;

/// Somebody who is there no longer is noticed this soon (F12).
const _: () = assert!(PING_EVERY_MS + PONG_WITHIN_MS <= 35_000);

/// Reads of sessions at the same time; fewer than the database has readers.
const READS: usize = 3;

/// What a transport needs to open sessions. Cheap to clone.
#[derive(Clone)]
pub struct Realtime {
    /// The outside world of actions.
    pub app: Arc<App>,
    /// Who listens to what on this node.
    pub hub: Arc<Hub>,
    /// How long things may take.
    pub pace: Arc<Pace>,
    /// Turns for what sessions read by themselves. When the state of a tenant's every visitor changes, or
    /// everybody comes back after a restart, thousands read at once: they queue here, and commands do not
    /// queue behind them for a connection to the database.
    reads: Arc<Semaphore>,
}

impl Realtime {
    /// Sessions over `app`, fed by `hub`, which must be the receiver that the bus of `app` was given.
    pub fn new(app: Arc<App>, hub: Arc<Hub>) -> Self {
        Self { app, hub, pace: Arc::default(), reads: Arc::new(Semaphore::new(READS)) }
    }
}

/// How long things may take on a connection. The defaults are the protocol's; tests are less patient.
#[derive(Debug, Clone)]
pub struct Pace {
    /// From the handshake to `hello` (J4).
    pub hello_within: Duration,
    /// From ping to ping (C10).
    pub ping_every: Duration,
    /// From a ping to its answer (C10).
    pub pong_within: Duration,
    /// Until a connection takes one more frame, and until a client confirms what it was sent (C9).
    pub write_within: Duration,
    /// How long a poll is held (C11).
    pub poll_hold: Duration,
    /// How long somebody counts as present after a poll: the next one is on its way.
    pub present_after_poll: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            hello_within: Duration::from_millis(HELLO_WITHIN_MS),
            ping_every: Duration::from_millis(PING_EVERY_MS),
            pong_within: Duration::from_millis(PONG_WITHIN_MS),
            write_within: Duration::from_secs(10),
            poll_hold: Duration::from_millis(POLL_HOLD_MS),
            present_after_poll: Duration::from_secs(10),
        }
    }
}
