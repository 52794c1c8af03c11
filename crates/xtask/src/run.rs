//! `cargo xtask run`: from a clone to a running product.

use std::process::Command;

use anyhow::Result;

use crate::shell::{self, cargo, root, say, target_dir};
use crate::wasm::{self, Profile};

/// Builds what browsers load and the server, then becomes the server.
///
/// # Errors
/// When something does not build or the server cannot be started.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (own, rest) = match args.iter().position(|arg| *arg == "--") {
        Some(at) => (args.get(..at), args.get(at + 1..)),
        None => (Some(args), None),
    };
    let release = match own.unwrap_or_default() {
        [] => false,
        ["--release"] => true,
        other => anyhow::bail!("unknown option `{}`; see `cargo xtask help`", other.join(" ")),
    };
    wasm::build(Profile::Small)?;
    say("Building the server");
    let mut build = cargo(["build", "--package", "frontdesk"]);
    if release {
        build.arg("--release");
    }
    shell::run(&mut build)?;
    let folder = if release { "release" } else { "debug" };
    let binary = target_dir().join(folder).join(format!("frontdesk{}", std::env::consts::EXE_SUFFIX));
    let mut server = Command::new(binary);
    server.args(["demo", "--data", "./data"]).args(rest.unwrap_or_default()).current_dir(root());
    become_process(&mut server)
}

/// Replaces this process, so that a signal reaches the server itself.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).map_err(|error| anyhow::anyhow!("cannot start `{}`: {error}", shell::shown(command)))
}

#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<()> {
    shell::run(command)
}
