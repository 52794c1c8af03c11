//! Build, run, test and house-rule tasks: `cargo xtask TASK`.

mod budget;
mod dist;
mod js;
mod run;
mod rust;
mod shell;
mod soak;
mod test;
mod tidy;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};

use shell::say;
use wasm::Profile;

const HELP: &str = "\
cargo xtask TASK

  run [--release] [-- ARGS]  build everything and serve the product with a demo shop (make run)
  test                       everything that must pass before a change lands (make test)
  soak [--kills N] [--messages K] [--minutes M]
                             faults of every kind until so many kills and acknowledged messages (make soak)
  wasm [--dev]               build what browsers load into dist/web (--dev: faster, larger)
  tidy [--fix]               house rules: layers, sizes, languages, protocol document
  budget                     bytes a browser loads, against their limits
  dist                       release build into dist/release
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
        ["run", rest @ ..] => run::run(rest),
        ["test"] => test::run(),
        ["soak", rest @ ..] => soak::run(rest),
        ["wasm"] => wasm::build(Profile::Small),
        ["wasm", "--dev"] => wasm::build(Profile::Dev),
        ["tidy"] => tidy::check(),
        ["tidy", "--fix"] => tidy::fix(),
        ["budget"] => budget::check(),
        ["dist"] => dist::build(),
        [] | ["help" | "--help" | "-h"] => {
            say(HELP);
            Ok(())
        }
        _ => bail!("unknown task `{}`; see `cargo xtask help`", args.join(" ")),
    }
}
