//! Browser half of the protocol: the connection ladder, resume, the outbox and reconnecting.
//!
//! [`Client`] is a pure state machine: it is fed [`Input`]s and answers with [`Effect`]s, so that every
//! network fault can be played in a native test. `browser` (on wasm32 only) carries the effects out.
//!
//! The ladder: a WebSocket first; no open within 4 s or two early failures in a row, and the client goes on
//! by long-poll from the same cursors, while it keeps trying to get back to a WebSocket in the background.
#![no_std]
extern crate alloc;

mod backoff;
/// Carrying effects out in a browser.
#[cfg(all(target_arch = "wasm32", feature = "browser"))]
pub mod browser;
mod client;
mod commands;
mod connection;
mod cursors;
mod events;
mod outbox;
mod throttle;

pub use client::{ClientEvent, Config, Effect};
pub use connection::{Client, Input, Status, Tick, TimerId, Transport};
pub use outbox::{HAND_OVER_MS, LOAD_WITHIN_MS, OutboxItem};
pub use throttle::{ReadThrottle, TypingStep, TypingThrottle};

/// Path of the WebSocket.
pub const SOCKET_PATH: &str = "/v1/ws";
/// Path of the long-poll.
pub const POLL_PATH: &str = "/v1/poll";
/// Path of commands beside a long-poll.
pub const COMMANDS_PATH: &str = "/v1/commands";
