//! Words and numbers for the result: a table for people, JSON for scripts, and whether all went well.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::board::Board;
use super::histogram::{Histogram, Percentiles};
use super::idle::Memory;
use super::messages::Cpu;
use super::options::{From, Shape, Transport};
use super::visitors::Connecting;

/// A finished measurement.
pub struct Finished {
    /// For scripts; nothing for a command that only served.
    pub(crate) json: Option<Value>,
    /// For people.
    pub(crate) words: String,
    /// Whether JSON was asked for.
    pub(crate) as_json: bool,
    /// Whether nothing was lost, doubled, refused or cut off.
    pub(crate) sound: bool,
}

impl Finished {
    /// Nothing to say.
    pub(super) fn silent() -> Self {
        Self { json: None, words: String::new(), as_json: false, sound: true }
    }

    /// A result.
    pub(super) fn new(data: &impl Serialize, words: String, as_json: bool, sound: bool) -> Self {
        Self { json: serde_json::to_value(data).ok(), words, as_json, sound }
    }
}

/// The result of sending messages.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Messages {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transport: Option<Transport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<From>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visitors: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nodes: Option<usize>,
    /// Conversations whose visitor and agent are on different nodes.
    #[serde(rename = "conversations_across_nodes", skip_serializing_if = "Option::is_none")]
    pub(super) across: Option<usize>,
    senders: usize,
    /// Messages due a second; absent when every sender sends again once it is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
    size: usize,
    seconds: f64,
    connects_per_s: f64,
    connect_ms: Option<Percentiles>,
    sent: u64,
    acked: u64,
    acked_per_s: f64,
    ack_ms: Option<Percentiles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_ms: Option<Percentiles>,
    lost: u64,
    duplicates: u64,
    disordered: u64,
    unanswered: u64,
    refused: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    disconnected: Vec<String>,
    /// CPU time of all servers for each acknowledged message, in microseconds.
    server_cpu_us: Option<f64>,
    pub(super) server_rss_bytes: Option<u64>,
    /// CPU time this program used, as a share of one core.
    own_cpu: Option<f64>,
}

impl Messages {
    /// What a board says; `read` when somebody reads what is sent.
    pub(super) fn new(board: &Board, shape: &Shape, connecting: &Connecting, cpu: &Cpu, read: bool) -> Self {
        let (tally, seconds) = (board.tally(), board.seconds());
        let (lost, unanswered) = board.missing();
        let per_s = |count: u64| if seconds > 0.0 { round(count as f64 / seconds) } else { 0.0 };
        let each = |time: Duration| (tally.acked_in_time > 0).then(|| round(micros(time) / tally.acked_in_time as f64));
        Self {
            transport: None,
            from: None,
            visitors: None,
            nodes: None,
            across: None,
            senders: board.senders(),
            rate: shape.rate,
            size: shape.size,
            seconds: round(seconds),
            connects_per_s: connects_per_s(connecting),
            connect_ms: connecting.each.percentiles(),
            sent: tally.sent,
            acked: tally.acked,
            acked_per_s: per_s(tally.acked_in_time),
            ack_ms: tally.ack.percentiles(),
            seen: read.then_some(tally.seen),
            seen_per_s: read.then(|| per_s(tally.seen_in_time)),
            seen_ms: tally.see.percentiles(),
            lost: if read { lost } else { 0 },
            duplicates: tally.duplicates,
            disordered: tally.disordered,
            unanswered,
            refused: tally.refused,
            refusal: tally.refusal,
            disconnected: tally.ended,
            server_cpu_us: cpu.server.and_then(each),
            server_rss_bytes: None,
            own_cpu: cpu.own.filter(|_| seconds > 0.0).map(|time| round(time.as_secs_f64() / seconds)),
        }
    }

    fn is_sound(&self) -> bool {
        let wrong = self.lost + self.duplicates + self.disordered + self.unanswered + self.refused;
        wrong == 0 && self.disconnected.is_empty() && self.acked > 0
    }

    /// The result.
    pub(super) fn finish(self, as_json: bool) -> Finished {
        Finished::new(&self, self.words(), as_json, self.is_sound())
    }

    fn words(&self) -> String {
        let mut table = Table::default();
        let how = match self.rate {
            Some(rate) => format!("{rate}/s, latency from when each was due"),
            None => "each sends again when answered".to_owned(),
        };
        table.row("senders", &format!("{} ({how}), {} characters a message", self.senders, self.size));
        if let (Some(nodes @ 2..), Some(across), Some(all)) = (self.nodes, self.across, self.visitors) {
            table.row("nodes", &format!("{nodes}; visitor and agent are on different ones in {across} of {all}"));
        }
        table.row("connects", &format!("{}/s", self.connects_per_s));
        table.latency("  welcome after", self.connect_ms);
        let what = if self.seen.is_some() { "acknowledged (durable)" } else { "echoed" };
        table.row(what, &format!("{}/s over {} s", self.acked_per_s, self.seconds));
        table.latency("  after", self.ack_ms);
        if let Some(seen_per_s) = self.seen_per_s {
            table.row("seen by the other side", &format!("{seen_per_s}/s"));
            table.latency("  after", self.seen_ms);
        }
        table.row("sent in all", &self.sent.to_string());
        table.row("lost, doubled, out of order", &format!("{}, {}, {}", self.lost, self.duplicates, self.disordered));
        table.row("refused, unanswered", &format!("{}, {}", self.refused, self.unanswered));
        if let Some(refusal) = &self.refusal {
            table.row("  refusal", &format!("{refusal}{}", super::socket::hint(refusal)));
        }
        table.endings(&self.disconnected);
        if let (Some(cpu), Some(rss)) = (self.server_cpu_us, self.server_rss_bytes) {
            table.row("server", &format!("{cpu} us CPU a message, {} MiB", rss / 1024 / 1024));
        }
        if let Some(own) = self.own_cpu {
            table.row("this program", &format!("{own} cores"));
        }
        table.text
    }
}

/// How connections were held.
pub(super) struct Stay {
    pub(super) transport: Transport,
    pub(super) connections: u32,
    pub(super) held_s: u64,
    pub(super) memory: Memory,
}

/// The result of holding connections.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Idle {
    transport: Transport,
    connections: u32,
    connects_per_s: f64,
    connect_ms: Option<Percentiles>,
    held_s: u64,
    disconnected: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Cost>,
}

/// What connections cost the server.
#[derive(Debug, Clone, Copy, Serialize)]
struct Cost {
    rss_before: u64,
    rss_opened: u64,
    rss_held: u64,
    /// Growth while connecting, divided by the connections.
    bytes_per_connection_opened: u64,
    /// Growth up to the end of the hold, divided by the connections.
    bytes_per_connection: u64,
}

impl Idle {
    /// What came of a stay.
    pub(super) fn new(stay: &Stay, connecting: &Connecting, ended: &[String]) -> Self {
        let Stay { transport, connections, held_s, memory } = *stay;
        let each = |now: u64, before: u64| now.saturating_sub(before) / u64::from(connections);
        let cost = memory.map(|[before, opened, held]| Cost {
            rss_before: before,
            rss_opened: opened,
            rss_held: held,
            bytes_per_connection_opened: each(opened, before),
            bytes_per_connection: each(held, before),
        });
        Self {
            transport,
            connections,
            connects_per_s: connects_per_s(connecting),
            connect_ms: connecting.each.percentiles(),
            held_s,
            disconnected: ended.to_vec(),
            memory: cost,
        }
    }

    /// The result.
    pub(super) fn finish(self, as_json: bool) -> Finished {
        let mut table = Table::default();
        table.row("connections", &format!("{} held for {} s", self.connections, self.held_s));
        table.row("connects", &format!("{}/s", self.connects_per_s));
        table.latency("  welcome after", self.connect_ms);
        table.endings(&self.disconnected);
        if let Some(cost) = self.memory {
            let kib = |bytes: u64| format!("{} MiB", bytes / 1024 / 1024);
            let opened = cost.bytes_per_connection_opened;
            table.row(
                "server before, opened, held",
                &[cost.rss_before, cost.rss_opened, cost.rss_held].map(kib).join(", "),
            );
            table.row("a connection costs", &format!("{} bytes ({opened} when opened)", cost.bytes_per_connection));
        }
        let sound = self.disconnected.is_empty();
        Finished::new(&self, table.text, as_json, sound)
    }
}

/// Lines of a name and a value.
#[derive(Default)]
pub(super) struct Table {
    pub(super) text: String,
}

impl Table {
    /// Adds a line.
    pub(super) fn row(&mut self, name: &str, value: &str) {
        let start = if self.text.is_empty() { "" } else { "\n" };
        // Writing to a text does not fail.
        let _ = write!(self.text, "{start}{name:<28} {value}");
    }

    /// Adds a line with percentiles.
    pub(super) fn latency(&mut self, name: &str, latency: Option<Percentiles>) {
        if let Some(it) = latency {
            let Percentiles { p50, p90, p99, max } = it;
            self.row(name, &format!("p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  max {max:.1} ms"));
        }
    }

    fn endings(&mut self, ended: &[String]) {
        if let Some(first) = ended.first() {
            self.row("disconnected", &format!("{}; the first: {first}", ended.len()));
        } else {
            self.row("disconnected", "0");
        }
    }
}

fn connects_per_s(connecting: &Connecting) -> f64 {
    let seconds = connecting.took.as_secs_f64();
    if seconds > 0.0 { round(count(&connecting.each) / seconds) } else { 0.0 }
}

fn count(histogram: &Histogram) -> f64 {
    histogram.count() as f64
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Two digits are more than a measurement is good for.
pub(super) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
