//! Whether the browser files have to be built again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::Profile;
use crate::shell::{files_below, root};

/// What the browser files are made of.
const INPUTS: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "crates/protocol",
    "crates/client",
    "crates/xtask/src",
    "widget",
    "agent-console",
    "backend/assets",
];

/// A hash over the content of everything the browser files are made of.
/// Content and not times, so that changing branches and back builds nothing.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn stamp(profile: Profile) -> Result<String> {
    let root = root();
    let mut hash = Sha256::new();
    hash.update(profile.cargo_name());
    for input in INPUTS {
        for path in files_of(&root.join(input))? {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(&root).unwrap_or(&path);
            hash.update(name.as_os_str().as_encoded_bytes());
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
        }
    }
    Ok(super::output::hex(&hash.finalize()))
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    files_below(path)
}
