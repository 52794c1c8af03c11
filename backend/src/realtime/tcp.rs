//! What the kernel is asked of every connection. Without it, a client that vanished or does not read would
//! hold its connection, and up to megabytes of the kernel's memory, for a quarter of an hour.

use std::time::Duration;

use actix_web::rt::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

/// Bytes without an acknowledgement, or a window that stays shut, end the connection after this long.
#[cfg(target_os = "linux")]
const UNHEARD_WITHIN: Duration = Duration::from_secs(15);
/// A connection without traffic is probed after this long: for those who send nothing and no heartbeat.
const PROBE_AFTER: Duration = Duration::from_secs(60);
/// Most bytes in the kernel that are not on the wire yet: the rest waits where a slow reader is noticed.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;

/// Room in the kernel for what is sent last.
const LAST_BYTES: usize = 1024 * 1024;

/// Prepares a new connection.
pub fn prepare(stream: &TcpStream) {
    if let Err(error) = set_options(stream) {
        // Most likely the client is gone already.
        tracing::debug!(%error, "a connection could not be prepared");
    }
}

/// Lets the kernel take whatever fits for a connection that is about to end.
pub(super) fn finish(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // Where neither can be set, fewer are told why they were closed.
    let _ = socket.set_send_buffer_size(LAST_BYTES);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_notsent_lowat(u32::MAX);
}

fn set_options(stream: &TcpStream) -> std::io::Result<()> {
    // A frame that waits for the acknowledgement of the one before comes 40 ms late.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE_AFTER))?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(UNHEARD_WITHIN))?;
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    }
    Ok(())
}
