//! `cargo xtask tidy`: the house rules that the compiler does not know.

mod crates;
mod layers;
mod locales;
mod markers;
mod protocol_hash;
mod sizes;
mod sql;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::{files_below, root, say};

/// One broken rule.
pub(crate) struct Finding {
    /// File, with the line where it helps: `path:line`.
    place: String,
    /// What is wrong and what the rule is.
    text: String,
    /// Whether it fails the check.
    fatal: bool,
}

impl Finding {
    fn error(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into(), fatal: true }
    }

    fn warning(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { fatal: false, ..Self::error(place, text) }
    }
}

/// A source file: its path from the workspace folder with `/`, and its text.
pub(crate) struct Source {
    path: String,
    text: String,
}

impl Source {
    fn extension(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or("")
    }

    /// Whether the whole file is tests.
    fn is_tests(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Checks every rule and prints what is broken.
///
/// # Errors
/// When a rule is broken or a file cannot be read.
pub(crate) fn check() -> Result<()> {
    let root = root();
    let sources = read_sources(&root)?;
    let mut findings = layers::check(&sources);
    findings.extend(sql::check(&sources));
    findings.extend(crates::check()?);
    findings.extend(sizes::check(&sources));
    findings.extend(protocol_hash::check(&root, &sources));
    findings.extend(markers::check(&sources));
    findings.extend(locales::check(&sources));
    let fatal = findings.iter().filter(|finding| finding.fatal).count();
    for finding in &findings {
        let kind = if finding.fatal { "error" } else { "warning" };
        say(format!("{}: {kind}: {}", finding.place, finding.text));
    }
    say(format!("tidy: {} files, {fatal} errors, {} warnings", sources.len(), findings.len() - fatal));
    if fatal > 0 {
        bail!("{fatal} house rules are broken");
    }
    Ok(())
}

/// Writes what can be written by itself: the protocol hash.
///
/// # Errors
/// When the document is missing or cannot be written.
pub(crate) fn fix() -> Result<()> {
    let root = root();
    let sources = read_sources(&root)?;
    protocol_hash::fix(&root, &sources)
}

fn read_sources(root: &Path) -> Result<Vec<Source>> {
    let known = ["rs", "js", "css", "html", "sql", "txt", "toml"];
    let mut sources = Vec::new();
    for path in files_below(root)? {
        let extension = path.extension().and_then(|end| end.to_str()).unwrap_or("");
        if !known.contains(&extension) {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        sources.push(Source { path: from_root(root, &path), text });
    }
    Ok(sources)
}

fn from_root(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}
