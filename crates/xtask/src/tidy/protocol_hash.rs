//! The protocol document names the code it describes.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::{Finding, Source};
use crate::shell::say;
use crate::wasm::hex;

const DOCUMENT: &str = "docs/protocol.md";
const CODE: &str = "crates/protocol/src/";
const START: &str = "<!-- protocol-hash: ";
const END: &str = " -->";

/// Whether the document names the present code.
pub(super) fn check(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let Ok(document) = std::fs::read_to_string(root.join(DOCUMENT)) else {
        return vec![Finding::error(DOCUMENT, "the document is missing")];
    };
    judge(&document, &hash(sources)).into_iter().collect()
}

fn judge(document: &str, now: &str) -> Option<Finding> {
    let line = format!("{START}{now}{END}");
    if document.lines().any(|found| found.trim() == line) {
        return None;
    }
    let text =
        format!("describes another version of {CODE}: update the document first, then run `cargo xtask tidy --fix`");
    Some(Finding::error(DOCUMENT, text))
}

/// Writes the present hash into the document.
///
/// # Errors
/// When the document or its hash line is missing, or it cannot be written.
pub(super) fn fix(root: &Path, sources: &[Source]) -> Result<()> {
    let path = root.join(DOCUMENT);
    let document = std::fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let Some(new) = replaced(&document, &hash(sources)) else {
        bail!("{DOCUMENT} has no line `{START}...{END}`");
    };
    if new == document {
        say(format!("{DOCUMENT} names the present protocol already"));
        return Ok(());
    }
    std::fs::write(&path, new).with_context(|| format!("cannot write {DOCUMENT}"))?;
    say(format!("{DOCUMENT}: hash rewritten; be sure that the text describes the change"));
    Ok(())
}

fn replaced(document: &str, now: &str) -> Option<String> {
    let start = document.find(START)?;
    let (before, after) = document.split_at(start);
    let end = after.find(END)?;
    Some(format!("{before}{START}{now}{}", after.get(end..)?))
}

/// SHA-256 over the names and texts of the protocol's files in order.
fn hash(sources: &[Source]) -> String {
    let mut hash = Sha256::new();
    for source in sources.iter().filter(|file| file.path.starts_with(CODE)) {
        hash.update(source.path.as_bytes());
        hash.update([0]);
        hash.update(source.text.as_bytes());
        hash.update([0]);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn a_change_of_the_code_is_noticed_and_fixed() {
        let old = hash(&[source("crates/protocol/src/a.rs", "one")]);
        let new =
            hash(&[source("crates/protocol/src/a.rs", "two"), source("crates/domain/src/a.rs", "not part of it")]);
        let document = format!("# Protocol\n{START}{old}{END}\ntext\n");
        assert!(judge(&document, &old).is_none());
        assert!(judge(&document, &new).is_some());
        let fixed = replaced(&document, &new).unwrap_or_default();
        assert!(judge(&fixed, &new).is_none());
        assert!(fixed.ends_with("\ntext\n"));
        assert!(replaced("nothing", &new).is_none());
    }
}
