//! Numbers and helpers every other helper uses.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use faults::free_port;
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
