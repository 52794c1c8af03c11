//! How much an installation of a size needs: arithmetic over measured figures, no more. It says what each resource
//! comes to, how many nodes that is, and what runs out first.

use serde::Serialize;

/// Who is connected and what they do, at the busiest moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Load {
    /// Visitors connected at once.
    pub visitors: u64,
    /// How many of 100 visitors come by long-poll.
    pub poll_percent: u64,
    /// Agents connected at once.
    pub agents: u64,
    /// Messages written a second, by everybody together.
    pub messages_per_second: f64,
    /// Tenants with somebody connected.
    pub tenants: u64,
}

/// What things cost, as measured on a core and a database of the kind that will be used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Costs {
    /// Memory of a node without connections, in bytes.
    pub node_bytes: f64,
    /// Memory of an idle WebSocket, in bytes.
    pub websocket_bytes: f64,
    /// Memory of a held long-poll, in bytes.
    pub poll_bytes: f64,
    /// Memory the kernel keeps for a connection, in bytes.
    pub kernel_bytes: f64,
    /// Time of a core for a message: taken, stored, told to both sides, in microseconds.
    pub message_us: f64,
    /// Time of a core for the news of a message that one more agent of the tenant hears, in microseconds.
    pub news_us: f64,
    /// Time of a core for keeping a WebSocket for a second: its share of pings, in microseconds.
    pub websocket_second_us: f64,
    /// Time of a core for keeping a long-poll for a second: its share of polls, in microseconds.
    pub poll_second_us: f64,
    /// Time of a core for a new connection, in microseconds.
    pub connect_us: f64,
    /// Time of a commit that is not shared, in milliseconds.
    pub commit_ms: f64,
    /// Bytes the database keeps for a message, indexes included.
    pub stored_bytes: f64,
    /// Notes that a message publishes to other nodes.
    pub notes_per_message: f64,
}

/// One node, and what the services behind all of them bear.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Machine {
    /// Cores of a node.
    pub cores: f64,
    /// Memory of a node, in bytes.
    pub memory_bytes: f64,
    /// Descriptors a node may open.
    pub descriptors: f64,
    /// How many of 100 parts of anything are used at the busiest moment; the rest is for bad days.
    pub use_percent: f64,
    /// Connections of each node that write.
    pub lanes: f64,
    /// Messages a second that one database takes.
    pub database_messages: f64,
    /// Messages a second that one Redis publishes and delivers.
    pub redis_messages: f64,
}

/// What may run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Memory of nodes.
    Memory,
    /// Cores of nodes.
    Cpu,
    /// Descriptors of nodes.
    Descriptors,
    /// Writes of the database.
    Database,
    /// Notes through Redis.
    Redis,
}

impl Resource {
    /// The word in JSON and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Descriptors => "descriptors",
            Self::Database => "database",
            Self::Redis => "redis",
        }
    }
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Nodes that carry the load. One more is to be there, so that any may be lost.
    pub nodes: u64,
    /// What made it so many.
    pub nodes_for: Resource,
    /// Memory of all nodes together, in bytes.
    pub memory_bytes: f64,
    /// Cores busy in all nodes together.
    pub cores: f64,
    /// Connections open on all nodes together.
    pub connections: u64,
    /// Commits a second.
    pub commits_per_second: f64,
    /// Messages that share a commit, on average.
    pub batch: f64,
    /// Share of what one database takes: 1 is all of it.
    pub database_share: f64,
    /// Messages a second through Redis: published once, delivered to every node that listens.
    pub redis_per_second: f64,
    /// Share of what one Redis bears.
    pub redis_share: f64,
    /// Growth of the database in a day at a third of the busiest moment's messages, in bytes.
    pub bytes_per_day: f64,
    /// Seconds until everybody of a lost node is connected again, limited by the idle cores of the others.
    pub reconnect_seconds: f64,
    /// Groups of tenants, each with a database and a Redis of its own, that it takes to stay within both.
    pub shards: u64,
    /// What runs out first when everything grows alike.
    pub first: Resource,
    /// How much larger than this load everything may be until then, with the same nodes.
    pub headroom: f64,
}

/// A day has as many messages as its busiest moment would have in this part of it.
const DAY_FACTOR: f64 = 86_400.0 / 3.0;

/// What `load` needs.
pub fn estimate(load: &Load, costs: &Costs, machine: &Machine) -> Estimate {
    let part = (machine.use_percent / 100.0).clamp(0.01, 1.0);
    let visitors = load.visitors as f64;
    let polls = visitors * load.poll_percent.min(100) as f64 / 100.0;
    let sockets = visitors - polls + load.agents as f64;
    let connections = sockets + polls;
    let messages = load.messages_per_second.max(0.0);

    let memory = sockets * costs.websocket_bytes + polls * costs.poll_bytes + connections * costs.kernel_bytes;
    let agents_of_a_tenant = load.agents as f64 / load.tenants.max(1) as f64;
    let busy_us = messages * (costs.message_us + agents_of_a_tenant * costs.news_us)
        + sockets * costs.websocket_second_us
        + polls * costs.poll_second_us;
    let cores = busy_us / 1e6;

    let for_memory = memory / (machine.memory_bytes * part - costs.node_bytes).max(1.0);
    let for_cpu = cores / (machine.cores * part).max(1e-9);
    let for_descriptors = connections / (machine.descriptors * part).max(1.0);
    let needs = [(for_memory, Resource::Memory), (for_cpu, Resource::Cpu), (for_descriptors, Resource::Descriptors)];
    let (most, nodes_for) = greatest(&needs);
    let nodes = (most.ceil() as u64).max(1);

    let lanes = nodes as f64 * machine.lanes;
    let commits_per_second = messages.min(lanes * 1000.0 / costs.commit_ms.max(1e-6));
    let batch = if commits_per_second > 0.0 { messages / commits_per_second } else { 0.0 };
    let database_share = messages / machine.database_messages.max(1.0);
    // A tenant's people are spread over the nodes, the spare one included: at worst every node listens.
    let listeners = (nodes as f64 + 1.0).min(1.0 + agents_of_a_tenant);
    let redis_per_second = messages * costs.notes_per_message * (1.0 + listeners);
    let redis_share = redis_per_second / machine.redis_messages.max(1.0);

    // With a spare node as many are left as carry the load.
    let left = nodes as f64 * machine.cores;
    let lost = connections / (nodes as f64 + 1.0);
    let reconnect_seconds = lost * costs.connect_us / 1e6 / (left - cores).max(left * 0.1);

    let all =
        [(most / nodes as f64 * part, nodes_for), (database_share, Resource::Database), (redis_share, Resource::Redis)];
    let (fullest, first) = greatest(&all);
    Estimate {
        nodes,
        nodes_for,
        memory_bytes: memory + nodes as f64 * costs.node_bytes,
        cores,
        connections: connections.round() as u64,
        commits_per_second,
        batch,
        database_share,
        redis_per_second,
        redis_share,
        bytes_per_day: messages * DAY_FACTOR * costs.stored_bytes,
        reconnect_seconds,
        shards: (database_share.max(redis_share) / part).ceil().max(1.0) as u64,
        first,
        headroom: if fullest > 0.0 { 1.0 / fullest } else { f64::INFINITY },
    }
}

fn greatest(of: &[(f64, Resource)]) -> (f64, Resource) {
    let first = (0.0, Resource::Memory);
    of.iter().copied().fold(first, |most, next| if next.0 > most.0 { next } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1024.0 * 1024.0;

    fn load() -> Load {
        Load { visitors: 10_000, poll_percent: 0, agents: 100, messages_per_second: 100.0, tenants: 100 }
    }

    fn costs() -> Costs {
        Costs {
            node_bytes: 30.0 * MIB,
            websocket_bytes: 6_000.0,
            poll_bytes: 4_000.0,
            kernel_bytes: 4_000.0,
            message_us: 500.0,
            news_us: 20.0,
            websocket_second_us: 2.0,
            poll_second_us: 10.0,
            connect_us: 300.0,
            commit_ms: 1.0,
            stored_bytes: 1_000.0,
            notes_per_message: 3.0,
        }
    }

    fn machine() -> Machine {
        Machine {
            cores: 2.0,
            memory_bytes: 4096.0 * MIB,
            descriptors: 100_000.0,
            use_percent: 50.0,
            lanes: 4.0,
            database_messages: 5_000.0,
            redis_messages: 100_000.0,
        }
    }

    fn of(load: Load) -> Estimate {
        estimate(&load, &costs(), &machine())
    }

    #[test]
    fn arithmetic_by_hand() {
        let found = of(load());
        assert_eq!((found.nodes, found.connections), (1, 10_100));
        // 100 messages of 500 + 20 us, 10,100 sockets of 2 us.
        assert!((found.cores - 0.0722).abs() < 1e-9, "{}", found.cores);
        assert!((found.memory_bytes - (30.0 * MIB + 10_100.0 * 10_000.0)).abs() < 1.0);
        // Three notes to two nodes, and each published once.
        assert_eq!((found.redis_per_second, found.commits_per_second, found.batch), (900.0, 100.0, 1.0));
        assert!((found.database_share - 0.02).abs() < 1e-9);
        assert!((found.bytes_per_day - 100.0 * 28_800.0 * 1_000.0).abs() < 1.0);
    }

    #[test]
    fn each_resource_can_be_the_one_that_runs_out() {
        let visitors = Load { visitors: 1_000_000, ..load() };
        assert_eq!(of(visitors).nodes_for, Resource::Descriptors);
        assert_eq!(of(visitors).nodes, 21);
        let large = Machine { descriptors: 1e9, ..machine() };
        assert_eq!(estimate(&visitors, &costs(), &large).nodes_for, Resource::Memory);
        let polls = Load { poll_percent: 100, ..visitors };
        assert_eq!(estimate(&polls, &costs(), &large).nodes_for, Resource::Cpu);
        let busy = Load { messages_per_second: 4_900.0, ..load() };
        assert_eq!((of(busy).first, of(busy).shards), (Resource::Database, 2));
        let slow = Machine { redis_messages: 1_000.0, ..machine() };
        assert_eq!(estimate(&busy, &costs(), &slow).first, Resource::Redis);
    }

    #[test]
    fn commits_are_shared_when_lanes_are_full() {
        let slow = Costs { commit_ms: 100.0, ..costs() };
        let found = estimate(&load(), &slow, &machine());
        assert_eq!((found.commits_per_second, found.batch), (40.0, 2.5));
    }

    #[test]
    fn more_load_never_needs_less() {
        let mut before = of(load());
        for factor in 2..200 {
            let more = Load {
                visitors: 10_000 * factor,
                messages_per_second: 100.0 * factor as f64,
                agents: 100 * factor,
                tenants: 100 * factor,
                ..load()
            };
            let now = of(more);
            assert!(now.nodes >= before.nodes && now.cores > before.cores && now.shards >= before.shards, "{factor}");
            assert!(now.redis_per_second >= before.redis_per_second && now.headroom.is_finite());
            before = now;
        }
    }

    #[test]
    fn nothing_needs_one_node_and_nothing_else() {
        let nobody = Load { visitors: 0, agents: 0, messages_per_second: 0.0, tenants: 0, poll_percent: 0 };
        let found = of(nobody);
        assert_eq!((found.nodes, found.connections, found.shards), (1, 0, 1));
        assert!(found.cores == 0.0 && found.batch == 0.0 && found.headroom.is_infinite());
    }
}
