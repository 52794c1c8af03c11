//! What the tests break Frontdesk with, and what they judge it by. Nothing here knows how the server works.

/// A history checker: what clients sent, were told and saw, against what is stored.
pub mod checker;
/// A PostgreSQL server that ends with the tests.
pub mod postgres;
/// A TCP proxy that misbehaves on demand.
pub mod proxy;
/// A WebSocket client that may break every rule.
pub mod raw;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// A loopback port nobody listens on, below the range the kernel hands out to outgoing connections, so that
/// it is still free after a restart.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 9_000) as u16;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (start + step) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
