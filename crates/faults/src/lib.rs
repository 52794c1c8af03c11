//! What the tests break Frontdesk with, and what they judge it by. Nothing here knows how the server works.

/// A history checker: what clients sent, were told and saw, against what is stored.
pub mod checker;
/// A TCP proxy that misbehaves on demand.
pub mod proxy;
/// A WebSocket client that may break every rule.
pub mod raw;
