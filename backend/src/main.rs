//! The `frontdesk` command.

use std::process::ExitCode;

use clap::Parser;
use frontdesk::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
