//! Servers as they stand in the field: behind a proxy of another make, and several of them. Each test begins
//! with the id of its fault or promise.

/// HAProxy and Redis around several servers.
pub(crate) mod front;
/// HAProxy.
pub(crate) mod haproxy;
/// Conversations that go on.
mod talks;

/// What HAProxy does to connections and requests (F15, F16).
mod middle;
/// Any server serves anybody.
mod alike;
/// Many connections at once (F25).
mod crowd;
/// Redis goes away, forgets and falls silent (F10, F11).
mod redis;
/// Servers and their database come and go (F6, F7, F8, F36).
mod restarts;
/// Revocation on every server (F31, F32).
mod revoked;
/// Everybody talks; the same send at once (F17).
mod run;
