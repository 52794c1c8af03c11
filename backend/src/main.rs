//! The `frontdesk` command.

use std::process::ExitCode;

use clap::Parser;
use frontdesk::cli::Cli;

fn main() -> ExitCode {
    frontdesk::cli::run(Cli::parse())
}
