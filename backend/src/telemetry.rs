//! Logs: one line an event on standard error, filtered by `RUST_LOG` (default `info`). Messages stand on
//! their own; ids are fields. What people wrote, tokens and passwords are never logged.

use tracing_subscriber::EnvFilter;

/// Starts logging. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
