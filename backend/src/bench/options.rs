//! What may be set, and what is not allowed together.

use clap::{Args, Subcommand, ValueEnum};
use protocol::limits::MESSAGE_CHARS;

use super::shared::Shared;
use crate::config::source::Flags;

/// Options of `frontdesk bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Options {
    #[command(subcommand)]
    pub(super) kind: Option<Kind>,
    #[command(flatten)]
    pub(super) load: Load,
}

/// What else can be measured.
#[derive(Debug, Subcommand)]
pub(super) enum Kind {
    /// Measure a bare WebSocket echo server with the same load, for comparison.
    Echo(Echo),
    /// Measure how many rows a second the database commits by itself.
    Database(Database),
    /// Serve the bare echo server that `echo` measures, on `--listen`, until stopped.
    ServeEcho,
}

/// Load on a Frontdesk server: visitors and agents who write and read.
#[derive(Debug, Clone, Args)]
pub(super) struct Load {
    /// Running server to load, http://HOST:PORT; repeat for the nodes of one installation, over which visitors and agents
    /// are spread. Its limits apply: see FRONTDESK_RATE_LIMITS.
    #[arg(long, conflicts_with = "start", requires = "site")]
    pub(super) url: Vec<String>,
    /// With --url: the FRONTDESK_PUBLIC_URL of the installation, when it is not the address in the first --url.
    #[arg(long, conflicts_with = "start", requires = "url", value_name = "URL")]
    pub(super) origin: Option<String>,
    /// Start a throw-away server on an own folder in the data folder, without rate limits, and remove it after.
    ///
    /// It lives on SQLite there. With the flag --database-url postgres://... it lives in that database, which must be EMPTY.
    /// What it writes there stays afterwards: drop the database yourself. --database-owner-url, --database-connections, --database-lanes,
    /// --database-timeout and --redis-url then count too, as flags: what environment and file say is of an installation
    /// that exists.
    #[arg(long)]
    pub(super) start: bool,
    /// With --start: how many nodes share --database-url and --redis-url, 1-9.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "url",
          value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(super) nodes: u8,
    /// With --url: public key of the site visitors come from.
    #[arg(long, value_name = "KEY", conflicts_with = "start")]
    pub(super) site: Option<String>,
    /// With --url: an agent's e-mail address; repeat for several. Passwords come from standard input, one a line.
    #[arg(long, value_name = "EMAIL", conflicts_with = "start")]
    pub(super) agent: Vec<String>,
    /// With --start: how many agents [default: one for 16 visitors]
    #[arg(long, value_name = "N", conflicts_with = "url", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(super) agents: Option<u32>,
    /// Visitors, each with a conversation.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) visitors: u32,
    /// Who writes.
    #[arg(long, value_enum, default_value_t = From::Visitor)]
    pub(super) from: From,
    /// How visitors are connected; agents always use WebSockets.
    #[arg(long, value_enum, default_value_t = Transport::Ws)]
    pub(super) transport: Transport,
    #[command(flatten)]
    pub(super) shape: Shape,
    /// Send nothing: open this many connections of visitors who only wait, and say what each costs the server.
    #[arg(long, value_name = "N", conflicts_with_all = ["rate", "count", "duration", "warmup", "size", "from", "visitors"],
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) idle: Option<u32>,
    /// With --idle: how long the connections are held before memory is read again, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(super) hold: u64,
    /// With --url: process whose memory and CPU time are read from /proc; repeat for several, which are added up.
    #[arg(long, value_name = "PID", conflicts_with = "start")]
    pub(super) server_pid: Vec<u32>,
    /// Loopback addresses to connect from, 127.0.0.1 and up [default: one for 20,000 connections]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=250))]
    pub(super) sources: Option<u8>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// What the command line says about database and Redis.
    #[arg(skip)]
    pub(super) shared: Shared,
}

/// Load on the echo server.
#[derive(Debug, Clone, Args)]
pub(super) struct Echo {
    /// Connections that send.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) connections: u32,
    #[command(flatten)]
    pub(super) shape: Shape,
    /// Send nothing: open this many connections and say what each costs the server.
    #[arg(long, value_name = "N", conflicts_with_all = ["rate", "count", "duration", "warmup", "size", "connections"],
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) idle: Option<u32>,
    /// With --idle: how long the connections are held, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(super) hold: u64,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Commits of the database by itself.
#[derive(Debug, Clone, Args)]
pub(super) struct Database {
    /// PostgreSQL database to measure, postgres://...; everything is in a schema of its own, dropped afterwards
    /// [default: an SQLite file in the data folder, removed afterwards]
    #[arg(long, value_name = "URL")]
    pub(super) on: Option<String>,
    /// With --on: connections that commit at the same time.
    #[arg(long, value_name = "N", default_value_t = 2, requires = "on",
          value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) connections: u32,
    /// Rows in one commit; repeat for several.
    #[arg(long = "rows", value_name = "N", default_values_t = [1, 16, 64, 256],
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(super) rows: Vec<u32>,
    /// How long each is measured, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(super) duration: u64,
    /// Characters of each message.
    #[arg(long, value_name = "CHARS", default_value_t = 100, value_parser = size)]
    pub(super) size: usize,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// How many messages, when and how large.
#[derive(Debug, Clone, Args)]
pub(super) struct Shape {
    /// Messages a second in all, each measured from when it was due. Without it every sender sends again as
    /// soon as it is answered.
    #[arg(long, value_name = "PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) rate: Option<u32>,
    /// Messages to send after the warm-up, instead of a duration.
    #[arg(long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(super) count: Option<u64>,
    /// How long to send after the warm-up, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) duration: u64,
    /// How long to send before anything is measured, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(super) warmup: u64,
    /// Characters of each message.
    #[arg(long, value_name = "CHARS", default_value_t = 100, value_parser = size)]
    pub(super) size: usize,
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    /// Visitors; agents see it.
    Visitor,
    /// Agents; visitors see it.
    Agent,
    /// Both in every conversation.
    Both,
}

/// How visitors are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Transport {
    /// `/v1/ws`.
    Ws,
    /// `/v1/poll` and `/v1/commands`.
    Poll,
}

impl Options {
    /// Takes what the command line says about database and Redis, which every command has flags for.
    pub(crate) fn take_flags(&mut self, flags: &Flags) {
        self.load.shared = Shared::of(flags);
    }
}

impl Load {
    /// Connections that will be open at the same time, at most.
    pub(super) fn connections(&self) -> u32 {
        match self.idle {
            Some(connections) => connections,
            None => self.visitors * 2 + self.agent_count(),
        }
    }

    /// Agents of a throw-away server.
    pub(super) fn agent_count(&self) -> u32 {
        self.agents.unwrap_or(self.visitors.div_ceil(16)).clamp(1, 200)
    }
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (1..=MESSAGE_CHARS).contains(&size) { Ok(size) } else { Err(format!("{size} is not in 1..={MESSAGE_CHARS}")) }
}
