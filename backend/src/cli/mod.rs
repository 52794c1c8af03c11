//! The command line: the same actions as the admin panel, scriptable. Every subcommand explains itself with
//! `--help`; those that print data take `--json`. A failed command prints why and exits with 1.

/// Logins.
mod account;
/// Backups and putting them back.
mod backup;
/// Groups of agents with one queue.
mod department;
/// What is wrong with an installation, in words.
mod doctor;
/// Moving to PostgreSQL.
mod migrate_data;
/// Printing results.
mod output;
/// What would be: sizes, settings, staff.
mod simulate;
/// Settings as words.
mod setting;
/// Embeds.
mod site;
/// Tenants.
mod tenant;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::actions::verify_file::verify_file;
use crate::config::source::{Flags, Source};
use crate::config::{self, Config};
use crate::{bench, demo, server, telemetry};
use output::Output;

/// Customer-service chat for web shops: widget, queue, agent console and admin panel in one process.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve widgets, console and admin panel.
    Serve,
    /// Serve with a demo tenant and a demo shop on another port that embeds the real snippet.
    Demo(demo::Options),
    /// Create the database or bring its schema up to date, and stop. `serve` does this by itself.
    Migrate,
    /// Create, list, suspend, resume and set up tenants.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Create and list logins.
    #[command(subcommand)]
    Account(account::Command),
    /// List, create, change and remove departments.
    #[command(subcommand)]
    Department(department::Command),
    /// Create and list sites, the embeds of a tenant.
    #[command(subcommand)]
    Site(site::Command),
    /// Check an exported transcript: nothing changed, removed, added or reordered.
    Verify {
        /// A transcript exported as JSON.
        file: PathBuf,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copy everything an installation on SQLite keeps into one file, while it runs.
    Backup(backup::Backup),
    /// Put a backup back, while no server runs.
    Restore(backup::Restore),
    /// Move an installation on SQLite to an empty PostgreSQL database. Cut off, it goes on when run again.
    MigrateData(migrate_data::MigrateData),
    /// Load a running server, or a throw-away one, as visitors and agents do, and say how it did.
    Bench(bench::Options),
    /// Say what an installation of a size needs, what other settings would change, how many agents a load needs.
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    /// Say in words what is wrong with this installation, and what to do about it.
    Doctor(doctor::Doctor),
}

/// Runs a parsed command line.
pub fn run(cli: Cli) -> ExitCode {
    let Cli { mut flags, mut command } = cli;
    let named = match &mut command {
        Command::MigrateData(options) => options.name_database(&mut flags),
        Command::Bench(options) => {
            options.take_flags(&flags);
            Ok(())
        }
        _ => Ok(()),
    };
    let outcome = named
        .and_then(|()| Source::new(flags))
        .and_then(|source| {
            telemetry::start(config::log_format(&source)?);
            Config::load(&source)
        })
        .and_then(|config| actix_web::rt::System::new().block_on(command.run(config)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Command {
    async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve => server::serve(config).await?,
            Self::Demo(options) => demo::run(config, options).await?,
            Self::Migrate => server::open_app(config).await?.store.close().await,
            Self::Tenant(command) => command.run(config).await?,
            Self::Account(command) => command.run(config).await?,
            Self::Department(command) => command.run(config).await?,
            Self::Site(command) => command.run(config).await?,
            Self::Backup(options) => options.run(config).await?,
            Self::Restore(options) => options.run(config).await?,
            Self::MigrateData(options) => options.run(config).await?,
            Self::Verify { file, json } => return verify(&file, Output::new(json)),
            Self::Bench(options) => return measure(&config, options).await,
            Self::Simulate(simulate) => simulate.run(config).await?,
            Self::Doctor(options) => return options.run(config).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn measure(config: &Config, options: bench::Options) -> anyhow::Result<ExitCode> {
    let finished = bench::run(config, options).await?;
    if let Some(json) = &finished.json {
        Output::new(finished.as_json).print(json, || finished.words.clone())?;
    }
    Ok(if finished.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify(file: &std::path::Path, output: Output) -> anyhow::Result<ExitCode> {
    let report = verify_file(file)?;
    output.print(&report, || report.to_string())?;
    Ok(ExitCode::SUCCESS)
}
