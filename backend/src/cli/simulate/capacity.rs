//! `frontdesk simulate capacity`: what an installation of a size needs, by arithmetic over measured figures.

use std::fmt::Write;

use domain::capacity::{Costs, Estimate, Load, Machine, estimate};
use serde::Serialize;

use crate::cli::output::Output;

/// The load, and the figures. The defaults of the figures were measured as docs/performance.md says; measure your
/// own with `frontdesk bench`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Capacity {
    /// Visitors connected at once, at the busiest moment.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    visitors: u64,
    /// How many of 100 visitors come by long-poll.
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=100))]
    polls: u64,
    /// Agents connected at once [default: one for 100 visitors].
    #[arg(long, value_name = "COUNT")]
    agents: Option<u64>,
    /// Messages a second, of everybody together [default: each agent and their visitors write 0.2].
    #[arg(long, value_name = "RATE", value_parser = positive)]
    messages: Option<f64>,
    /// Tenants with somebody connected [default: one for 10 agents].
    #[arg(long, value_name = "COUNT")]
    tenants: Option<u64>,
    #[command(flatten)]
    machine: Machines,
    #[command(flatten)]
    costs: Measured,
    /// Print everything, inputs included, as JSON.
    #[arg(long)]
    json: bool,
}

/// Nodes, database and Redis.
#[derive(Debug, clap::Args)]
struct Machines {
    /// Cores of a node.
    #[arg(long, value_name = "COUNT", default_value_t = 2.0, value_parser = positive)]
    cores: f64,
    /// Memory of a node, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096.0, value_parser = positive)]
    memory: f64,
    /// Descriptors a node may open.
    #[arg(long, value_name = "COUNT", default_value_t = 262_144.0, value_parser = positive)]
    descriptors: f64,
    /// How much of everything is used at the busiest moment, in percent.
    #[arg(long = "use", value_name = "PERCENT", default_value_t = 60.0, value_parser = positive)]
    part: f64,
    /// Connections of each node that write (FRONTDESK_DATABASE_LANES).
    #[arg(long, value_name = "COUNT", default_value_t = 2.0, value_parser = positive)]
    lanes: f64,
    /// Messages a second that one database takes.
    #[arg(long, value_name = "RATE", default_value_t = DATABASE_MESSAGES, value_parser = positive)]
    database: f64,
    /// Messages a second that one Redis publishes and delivers.
    #[arg(long, value_name = "RATE", default_value_t = REDIS_MESSAGES, value_parser = positive)]
    redis: f64,
}

/// What things cost.
#[derive(Debug, clap::Args)]
struct Measured {
    /// Memory of a node without connections, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 25.0, value_parser = positive)]
    node_mib: f64,
    /// Memory of an idle WebSocket, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = WEBSOCKET_BYTES, value_parser = positive)]
    websocket_bytes: f64,
    /// Memory of a held long-poll, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = POLL_BYTES, value_parser = positive)]
    poll_bytes: f64,
    /// Memory of the kernel for a connection, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = KERNEL_BYTES, value_parser = positive)]
    kernel_bytes: f64,
    /// Time of a core for a message, in microseconds.
    #[arg(long, value_name = "US", default_value_t = MESSAGE_US, value_parser = positive)]
    message_us: f64,
    /// Time of a core for the news of a message to each agent of the tenant, in microseconds.
    #[arg(long, value_name = "US", default_value_t = NEWS_US, value_parser = positive)]
    news_us: f64,
    /// Time of a core for a second of a WebSocket, in microseconds.
    #[arg(long, value_name = "US", default_value_t = WEBSOCKET_SECOND_US, value_parser = positive)]
    websocket_second_us: f64,
    /// Time of a core for a second of a long-poll, in microseconds.
    #[arg(long, value_name = "US", default_value_t = POLL_SECOND_US, value_parser = positive)]
    poll_second_us: f64,
    /// Time of a core for a new connection, in microseconds.
    #[arg(long, value_name = "US", default_value_t = CONNECT_US, value_parser = positive)]
    connect_us: f64,
    /// Time of a commit that is not shared, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = COMMIT_MS, value_parser = positive)]
    commit_ms: f64,
    /// Bytes the database keeps for a message.
    #[arg(long, value_name = "BYTES", default_value_t = STORED_BYTES, value_parser = positive)]
    stored_bytes: f64,
    /// Notes a message publishes to other nodes.
    #[arg(long, value_name = "COUNT", default_value_t = NOTES, value_parser = positive)]
    notes: f64,
}

const MIB: f64 = 1024.0 * 1024.0;

// Measured as docs/scaling.md says.
/// `bench --start --idle 8000`.
const WEBSOCKET_BYTES: f64 = 3_550.0;
/// The same with `--transport poll`.
const POLL_BYTES: f64 = 5_930.0;
/// Growth of the kernel's slabs meanwhile, for one of the two ends.
const KERNEL_BYTES: f64 = 4_800.0;
/// `bench --start --rate 500` on PostgreSQL.
const MESSAGE_US: f64 = 576.0;
/// More than between 4 and 44 agents could be told from noise.
const NEWS_US: f64 = 0.3;
/// CPU of the server while idle connections were held.
const WEBSOCKET_SECOND_US: f64 = 0.93;
/// The same for polls.
const POLL_SECOND_US: f64 = 17.7;
/// CPU of the server until they were open, tokens included.
const CONNECT_US: f64 = 490.0;
/// From sending to the acknowledgement at 500 messages a second.
const COMMIT_MS: f64 = 4.2;
/// Growth of the database for each entry.
const STORED_BYTES: f64 = 750.0;
/// For the visitor, for the agents who watch, for the lists.
const NOTES: f64 = 3.0;
/// Closed loop; node, database and load on 2 cores.
const DATABASE_MESSAGES: f64 = 6_815.0;
/// Published and delivered to 3 subscribers; server and load on 2 cores.
const REDIS_MESSAGES: f64 = 140_000.0;

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a number from 0".to_owned())
}

/// Everything, for JSON.
#[derive(Serialize)]
struct Told {
    load: Load,
    machine: Machine,
    costs: Costs,
    estimate: Estimate,
}

impl Capacity {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let told = self.told();
        Output::new(self.json).print(&told, || words(&told))
    }

    fn told(&self) -> Told {
        let agents = self.agents.unwrap_or_else(|| self.visitors.div_ceil(100));
        let load = Load {
            visitors: self.visitors,
            poll_percent: self.polls,
            agents,
            messages_per_second: self.messages.unwrap_or(agents as f64 * 0.2),
            tenants: self.tenants.unwrap_or_else(|| agents.div_ceil(10)),
        };
        let (machine, costs) = (self.machine.machine(), self.costs.costs());
        Told { load, machine, costs, estimate: estimate(&load, &costs, &machine) }
    }
}

impl Machines {
    fn machine(&self) -> Machine {
        Machine {
            cores: self.cores,
            memory_bytes: self.memory * MIB,
            descriptors: self.descriptors,
            use_percent: self.part,
            lanes: self.lanes,
            database_messages: self.database,
            redis_messages: self.redis,
        }
    }
}

impl Measured {
    fn costs(&self) -> Costs {
        Costs {
            node_bytes: self.node_mib * MIB,
            websocket_bytes: self.websocket_bytes,
            poll_bytes: self.poll_bytes,
            kernel_bytes: self.kernel_bytes,
            message_us: self.message_us,
            news_us: self.news_us,
            websocket_second_us: self.websocket_second_us,
            poll_second_us: self.poll_second_us,
            connect_us: self.connect_us,
            commit_ms: self.commit_ms,
            stored_bytes: self.stored_bytes,
            notes_per_message: self.notes,
        }
    }
}

fn words(told: &Told) -> String {
    let Told { load, estimate: found, .. } = told;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} visitors ({} % by long-poll), {} agents, {} tenants, {:.1} messages/s:\n",
        load.visitors, load.poll_percent, load.agents, load.tenants, load.messages_per_second
    );
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<22} {value}");
    };
    row("nodes", format!("{} (for {}), and one to spare", found.nodes, found.nodes_for.as_str()));
    row("connections", format!("{} ({} a node)", found.connections, found.connections / found.nodes));
    row("memory", format!("{:.0} MiB in all", found.memory_bytes / MIB));
    row("CPU", format!("{:.2} cores busy in all", found.cores));
    row(
        "database",
        format!(
            "{:.1} commits/s of {:.1} messages, {:.1} % of one; grows by {:.1} GiB a day",
            found.commits_per_second,
            found.batch,
            found.database_share * 100.0,
            found.bytes_per_day / MIB / 1024.0
        ),
    );
    row("Redis", format!("{:.0} messages/s, {:.1} % of one", found.redis_per_second, found.redis_share * 100.0));
    row("a node is lost", format!("its people are connected again after {:.1} s of work", found.reconnect_seconds));
    row("groups of tenants", format!("{}", found.shards));
    if found.headroom.is_finite() {
        row("first to run out", format!("{}, at {:.1} times this load", found.first.as_str(), found.headroom));
    }
    text.truncate(text.trim_end().len());
    text
}
