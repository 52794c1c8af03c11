//! What browsers and servers say to each other, and how a reader of a conversation applies it.
//!
//! A conversation is an append-only log. A client sends [`command::Command`]s inside
//! [`frame::CommandFrame`]s; the server answers each once and pushes [`event::Event`]s. A reader folds the
//! events into a [`timeline::Timeline`], the one place that orders, de-duplicates and detects gaps.
//!
//! The same definitions serve two JSON codecs: serde on the server (feature `serde`) and the small one in
//! [`codec`] in browsers, where serde would cost more bytes than the whole widget. A property test proves
//! them equal. Nothing here does I/O, reads a clock or makes random numbers.
#![no_std]
extern crate alloc;
// The derives of sqlx name std.
#[cfg(feature = "sqlx")]
#[macro_use]
extern crate std;

/// The small JSON reader and writer, and the macros that define wire types.
#[macro_use]
pub mod codec;
/// Client to server.
pub mod command;
/// What a conversation's log contains.
pub mod entry;
/// Every error code and close code, and what the client must do about it.
pub mod error;
/// Server to client.
pub mod event;
/// Requests and replies of the long-poll transport, and the numbering of commands.
pub mod frame;
/// Identifiers: one newtype per thing, so that they cannot be mixed up.
pub mod ids;
/// Limits both sides know, so that a form can refuse what the server would refuse.
pub mod limits;
/// The configuration of a site that the loader and the frame start from.
pub mod site;
/// What a visitor's and an agent's screen is made of besides logs.
pub mod state;
/// The shared reducer: order, de-duplication, gaps, local echo.
pub mod timeline;

/// Protocol version spoken by this build. A server speaks to clients of this version and the two before.
pub const PROTOCOL_VERSION: u32 = 1;
