//! Logs: one line an event on standard error, filtered by `RUST_LOG` (default `info`). Messages stand on
//! their own; ids are fields. What people wrote, tokens and passwords are never logged.

use tracing_subscriber::EnvFilter;

/// Form of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts logging. A second call changes nothing.
pub fn start(format: Format) {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Twice a second while there are no descriptors; `jobs/descriptors.rs` says it once.
    if let Ok(silence) = "actix_server::accept=off".parse() {
        filter = filter.add_directive(silence);
    }
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Where errors of writing would be reported, and panic, is where writing has just failed: a full disk
        // that also takes the log must not end connections (F4).
        .log_internal_errors(false);
    let _ = match format {
        Format::Text => subscriber.try_init(),
        Format::Json => subscriber.json().flatten_event(true).with_span_list(false).try_init(),
    };
}
