//! Servers as they stand in the field: behind a proxy of another make, and several of them. Each test begins
//! with the id of its fault or promise.

/// HAProxy.
pub(crate) mod haproxy;
/// What HAProxy does to connections and requests (F15, F16).
mod middle;
