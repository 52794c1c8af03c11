//! Build, run, test and house-rule tasks: `cargo xtask TASK`.

mod js;
mod shell;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};

use shell::say;
use wasm::Profile;

const HELP: &str = "\
cargo xtask TASK

  wasm [--dev]   build what browsers load into dist/web (--dev: faster, larger)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match task(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn task(args: &[&str]) -> Result<()> {
    match args {
        ["wasm"] => wasm::build(Profile::Small),
        ["wasm", "--dev"] => wasm::build(Profile::Dev),
        [] | ["help" | "--help" | "-h"] => {
            say(HELP);
            Ok(())
        }
        _ => bail!("unknown task `{}`; see `cargo xtask help`", args.join(" ")),
    }
}
