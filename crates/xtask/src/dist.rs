//! `cargo xtask dist`: the binary people install.

use anyhow::{Context as _, Result};

use crate::shell::{self, cargo, root, say, target_dir};
use crate::wasm::{self, Profile};

/// Builds the release binary with the browser files in it into `dist/release`.
///
/// # Errors
/// When something does not build or a file cannot be written.
pub(crate) fn build() -> Result<()> {
    wasm::build(Profile::Small)?;
    let args = ["build", "--package", "frontdesk", "--release", "--locked"];
    // Line tables serve profilers and would make the file five times as large.
    let strip = ["--config", "profile.release.strip=\"debuginfo\""];
    shell::run(cargo(args).args(strip))?;
    let name = format!("frontdesk{}", std::env::consts::EXE_SUFFIX);
    let folder = root().join("dist").join("release");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let from = target_dir().join("release").join(&name);
    let to = folder.join(&name);
    let bytes =
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    say(format!("dist/release/{name}: {bytes} bytes"));
    Ok(())
}
