//! `frontdesk bench`: a load generator that speaks the protocol as visitors and agents do, so that anybody can
//! repeat the figures of `docs/performance.md` on their own machine.
//!
//! It is made to be light, because it usually shares the machine with the server: one thread, own framing into
//! one shared buffer, and no JSON parser on the path that is measured. What it claims it checks: every message
//! must be acknowledged once and seen once by the other side, in the order it was sent.

/// What was sent, answered and seen.
mod board;
/// Latencies.
mod histogram;
/// A live WebSocket.
mod link;
/// What may be set.
mod options;
/// When messages are due.
mod pace;
/// What the kernel knows about a process.
mod process;
/// Words and numbers for the result.
mod report;
/// Just enough JSON.
mod scan;
/// Addresses and connections.
mod dial;
/// The nodes of one installation.
mod nodes;
/// Frames of a WebSocket, seen from a client.
mod frame;
/// Just enough HTTP.
mod http;
/// A WebSocket that is read step by step.
mod socket;

/// The database's own rate of commits.
mod database;
/// A bare WebSocket server, and the load against it.
mod echo;
/// Connections that only stay open.
mod idle;
/// Messages between visitors and agents.
mod messages;
/// Agents getting ready.
mod agents;
/// Visitors getting ready.
mod visitors;
/// A visitor over long-poll.
mod polling;
/// What the nodes of a throw-away installation share.
mod shared;
/// A throw-away installation.
mod throwaway;
/// The binary on a folder of a throw-away installation.
mod tool;

pub use options::Options;
pub use report::Finished;

use anyhow::{Context, bail};

use crate::config::Config;
use crate::config::database::Postgres;
use options::{Kind, Load};
use throwaway::Throwaway;

/// Where the load goes.
struct Place {
    nodes: nodes::Nodes,
    /// Key of the site visitors come from.
    site: String,
    agents: Vec<agents::Login>,
    server: Option<process::Processes>,
    /// The PostgreSQL database of a throw-away installation.
    database: Option<Postgres>,
}

/// Measures what was asked for.
///
/// # Errors
/// When options contradict each other, the server is not there, refuses, or does not do what it should.
pub(crate) async fn run(config: &Config, options: Options) -> anyhow::Result<Finished> {
    match options.kind {
        None => load(config, options.load).await,
        Some(Kind::Echo(options)) => echo::run(options).await,
        Some(Kind::ServeEcho) => echo::serve(config.listen).await,
        Some(Kind::Database(options)) => database::run(config, options).await,
    }
}

async fn load(config: &Config, load: Load) -> anyhow::Result<Finished> {
    let (place, throwaway) = if load.start {
        let throwaway = Throwaway::start(config, &load).await?;
        (throwaway.place(&load).await?, Some(throwaway))
    } else if load.url.is_empty() {
        bail!("give --url http://HOST:PORT of a running server, or --start for a throw-away one")
    } else {
        (existing(&load).await?, None)
    };
    let result = match load.idle {
        Some(connections) => idle::run(place, &load, connections).await,
        None => messages::run(place, &load).await,
    };
    match (result, throwaway) {
        (Err(error), Some(server)) => Err(error.context(server.log())),
        (result, _) => result,
    }
}

async fn existing(load: &Load) -> anyhow::Result<Place> {
    load.shared.check_unused()?;
    let nodes = nodes::Nodes::new(&load.url, load.origin.as_deref(), load.sources, load.connections()).await?;
    let site = load.site.clone().context("--url needs --site KEY: the public key visitors come with")?;
    let agents = if load.idle.is_some() { Vec::new() } else { agents::Login::read(&load.agent)? };
    let pids = &load.server_pid;
    let server = if pids.is_empty() { None } else { Some(process::Processes::new(pids.clone())?) };
    Ok(Place { nodes, site, agents, server, database: None })
}
