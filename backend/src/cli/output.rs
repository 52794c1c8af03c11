//! Printing: a line for people, or JSON for scripts.

use std::io::Write;

use serde::Serialize;

/// How a command prints what it did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `data` as JSON, or what `words` says.
    pub(super) fn print<T: Serialize>(self, data: &T, words: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(data)? } else { words() };
        // Not `println!`: a closed pipe is no reason to panic.
        writeln!(std::io::stdout(), "{text}")?;
        Ok(())
    }
}

/// Says why a command failed.
pub(super) fn complain(why: &str) {
    let _ = writeln!(std::io::stderr(), "frontdesk: {why}");
}
