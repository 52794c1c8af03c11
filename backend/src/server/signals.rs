//! Being asked to stop.

use std::io::Result;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that ask to stop, kept from the moment this is made: one that comes before anybody waits is not lost, and
/// does not end the process in the middle of what it does.
pub struct Signals {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    interrupt: Signal,
}

impl Signals {
    /// Keeps them from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> Result<Self> {
        #[cfg(unix)]
        return Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? });
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// The next one, by name.
    ///
    /// # Errors
    /// When the system does not tell.
    pub async fn next(&mut self) -> Result<&'static str> {
        #[cfg(unix)]
        return Ok(tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        });
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.map(|()| "Ctrl-C")
    }
}
