//! Numbers and helpers every other helper uses.

use std::future::Future;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// How long a test waits for what must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A folder that goes when the value goes.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder of its own.
    pub(crate) fn new(purpose: &str) -> Self {
        let path = std::env::temp_dir().join(format!("frontdesk-{purpose}-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A loopback port nobody listens on, below the range the kernel hands out to outgoing connections, so that
/// it is still free after a restart.
pub(crate) fn free_port() -> u16 {
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

/// Asks `attempt` again and again until it gives something; panics with `what` after [`DEADLINE`].
pub(crate) async fn eventually<T, F, R>(what: &str, mut attempt: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    eventually_within(DEADLINE, what, &mut attempt).await
}

/// [`eventually`] with a deadline of its own.
pub(crate) async fn eventually_within<T, F, R>(deadline: Duration, what: &str, mut attempt: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    let begin = Instant::now();
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(begin.elapsed() < deadline, "not within {deadline:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
