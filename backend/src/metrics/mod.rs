//! Numbers about this process for whoever watches it, in the text format of Prometheus.
//!
//! Every series stands in [`series`]; nothing is made up anywhere else. Handles are made once: counting is one atomic
//! addition, without looking anything up. What is only known when somebody looks (connections of a pool, memory, the
//! queue) is set then, by `health/sample.rs`.

/// Every series.
pub mod series;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ::metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use protocol::error::{CloseCode, ErrorCode};

use self::series::{Kind, Series};

/// Histograms keep what they saw one by one until it is counted, which has to happen this often.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// What came of an offer, in the words of the database, and `made`.
const OFFERS: [&str; 6] = ["made", "accepted", "declined", "missed", "withdrawn", "returned"];
/// Transports, in the order of `realtime::hub::Transport`.
const TRANSPORTS: [&str; 2] = ["websocket", "poll"];
/// Classes of status.
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// The numbers of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

/// Who is on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nobody has said yet.
    Unknown = 0,
    /// A visitor.
    Visitor = 1,
    /// An agent.
    Agent = 2,
}

/// Handles to every series.
#[expect(missing_docs, reason = "each field is the series of the same name")]
pub struct Metrics {
    maker: Maker,
    pub began: Instant,
    pub uptime: Gauge,
    pub ready: Gauge,
    pub draining: Gauge,
    pub resident: Gauge,
    pub descriptors: Gauge,
    pub descriptors_limit: Gauge,
    pub descriptors_exhausted: Counter,
    connections: [[Gauge; 3]; 2],
    opened: [Counter; 2],
    /// By close code; the first is `none`.
    closed: [Vec<Counter>; 2],
    requests: [Counter; 5],
    pub acked: Counter,
    refused: Vec<Counter>,
    pub batch: Histogram,
    pub commit: Histogram,
    pub writes_waiting: Gauge,
    pub store_errors: Counter,
    pub pool_used: Gauge,
    pub pool_size: Gauge,
    pub database_up: Gauge,
    pub bus_published: Counter,
    pub bus_delivered: Counter,
    pub bus_dropped: Counter,
    pub bus_lag: Histogram,
    pub bus_up: Gauge,
    pub reconciliation_repairs: Counter,
    pub waiting: Gauge,
    pub longest_wait: Gauge,
    pub active: Gauge,
    offers: [Counter; 6],
    pub mail_waiting: Gauge,
    pub mail_oldest: Gauge,
    pub mail_failed: Gauge,
    pub mail_sent: Counter,
    pub mail_not_sent: Counter,
}

impl Metrics {
    fn new() -> Self {
        let maker = Maker::new();
        let code = |transport: &'static str| {
            let words = std::iter::once("none".to_owned());
            let words = words.chain(CloseCode::ALL.iter().map(|code| code.code().to_string()));
            let made = |word| maker.counter(&series::CLOSED, &[("transport", transport.to_owned()), ("code", word)]);
            words.map(made).collect()
        };
        let count = |series, label: &'static str, word: &str| maker.counter(series, &[(label, word.to_owned())]);
        Self {
            uptime: maker.gauge(&series::UPTIME, &[]),
            ready: maker.gauge(&series::READY, &[]),
            draining: maker.gauge(&series::DRAINING, &[]),
            resident: maker.gauge(&series::RESIDENT, &[]),
            descriptors: maker.gauge(&series::DESCRIPTORS, &[]),
            descriptors_limit: maker.gauge(&series::DESCRIPTORS_LIMIT, &[]),
            descriptors_exhausted: maker.counter(&series::DESCRIPTORS_EXHAUSTED, &[]),
            connections: TRANSPORTS.map(|transport| {
                ["unknown", "visitor", "agent"].map(|role| {
                    let labels = [("transport", transport.to_owned()), ("role", role.to_owned())];
                    maker.gauge(&series::CONNECTIONS, &labels)
                })
            }),
            opened: TRANSPORTS.map(|transport| count(&series::OPENED, "transport", transport)),
            closed: TRANSPORTS.map(code),
            requests: STATUSES.map(|status| count(&series::REQUESTS, "status", status)),
            acked: maker.counter(&series::ACKED, &[]),
            refused: ErrorCode::ALL.iter().map(|code| count(&series::REFUSED, "code", code.as_str())).collect(),
            batch: maker.histogram(&series::BATCH),
            commit: maker.histogram(&series::COMMIT),
            writes_waiting: maker.gauge(&series::WRITES_WAITING, &[]),
            store_errors: maker.counter(&series::STORE_ERRORS, &[]),
            pool_used: maker.gauge(&series::POOL_USED, &[]),
            pool_size: maker.gauge(&series::POOL_SIZE, &[]),
            database_up: maker.gauge(&series::DATABASE_UP, &[]),
            bus_published: maker.counter(&series::BUS_PUBLISHED, &[]),
            bus_delivered: maker.counter(&series::BUS_DELIVERED, &[]),
            bus_dropped: maker.counter(&series::BUS_DROPPED, &[]),
            bus_lag: maker.histogram(&series::BUS_LAG),
            bus_up: maker.gauge(&series::BUS_UP, &[]),
            reconciliation_repairs: maker.counter(&series::REPAIRS, &[]),
            waiting: maker.gauge(&series::WAITING, &[]),
            longest_wait: maker.gauge(&series::LONGEST_WAIT, &[]),
            active: maker.gauge(&series::ACTIVE, &[]),
            offers: OFFERS.map(|outcome| count(&series::OFFERS, "outcome", outcome)),
            mail_waiting: maker.gauge(&series::MAIL_WAITING, &[]),
            mail_oldest: maker.gauge(&series::MAIL_OLDEST, &[]),
            mail_failed: maker.gauge(&series::MAIL_FAILED, &[]),
            mail_sent: count(&series::MAIL_ATTEMPTS, "outcome", "sent"),
            mail_not_sent: count(&series::MAIL_ATTEMPTS, "outcome", "failed"),
            began: Instant::now(),
            maker,
        }
    }

    /// A connection began; `transport` is the number of `realtime::hub::Transport`.
    pub fn opened(&self, transport: usize) {
        self.opened[transport].increment(1);
        self.connections[transport][Role::Unknown as usize].increment(1.0);
    }

    /// A connection said whose it is.
    pub fn became(&self, transport: usize, before: Role, now: Role) {
        self.connections[transport][before as usize].decrement(1.0);
        self.connections[transport][now as usize].increment(1.0);
    }

    /// A connection ended, with the code we closed it with.
    pub fn closed(&self, transport: usize, role: Role, code: Option<CloseCode>) {
        let place = CloseCode::ALL.iter().position(|known| Some(*known) == code).map_or(0, |place| place + 1);
        self.closed[transport][place].increment(1);
        self.connections[transport][role as usize].decrement(1.0);
    }

    /// A request was answered with this status.
    pub fn answered(&self, status: u16) {
        if let Some(class) = self.requests.get(usize::from(status / 100).wrapping_sub(1)) {
            class.increment(1);
        }
    }

    /// A command was refused.
    pub fn refused(&self, code: ErrorCode) {
        if let Some(counter) = self.refused.get(code as usize) {
            counter.increment(1);
        }
    }

    /// An offer was made, or ended; `outcome` is `made` or a word of the database.
    pub fn offered(&self, outcome: &str) {
        if let Some(place) = OFFERS.iter().position(|known| *known == outcome) {
            self.offers[place].increment(1);
        }
    }

    /// Counts what histograms have seen since.
    pub fn keep_up(&self) {
        self.maker.0.handle().run_upkeep();
    }

    /// Everything in the text format.
    pub fn render(&self) -> String {
        self.maker.build_info();
        self.maker.0.handle().render()
    }
}

/// Makes handles.
struct Maker(PrometheusRecorder);

impl Maker {
    fn new() -> Self {
        let mut builder = PrometheusBuilder::new();
        for series in series::ALL {
            if let Kind::Histogram(bounds) = series.kind {
                let with = builder.set_buckets_for_metric(Matcher::Full(series.name.to_owned()), bounds);
                builder = with.unwrap_or_else(|_| PrometheusBuilder::new());
            }
        }
        Self(builder.build_recorder())
    }

    fn key(series: &Series, labels: &[(&'static str, String)]) -> Key {
        let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
        Key::from_parts(series.name, labels)
    }

    fn counter(&self, series: &Series, labels: &[(&'static str, String)]) -> Counter {
        self.0.describe_counter(series.name.into(), None, series.help.into());
        self.0.register_counter(&Self::key(series, labels), &METADATA)
    }

    fn gauge(&self, series: &Series, labels: &[(&'static str, String)]) -> Gauge {
        self.0.describe_gauge(series.name.into(), None, series.help.into());
        self.0.register_gauge(&Self::key(series, labels), &METADATA)
    }

    fn histogram(&self, series: &Series) -> Histogram {
        self.0.describe_histogram(series.name.into(), None, series.help.into());
        self.0.register_histogram(&Self::key(series, &[]), &METADATA)
    }

    fn build_info(&self) {
        let labels = [("version", env!("CARGO_PKG_VERSION").to_owned()), ("assets", crate::assets::build().to_owned())];
        self.gauge(&series::BUILD_INFO, &labels).set(1.0);
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_moves_what_is_served() {
        let metrics = Metrics::new();
        metrics.opened(0);
        metrics.became(0, Role::Unknown, Role::Visitor);
        metrics.opened(1);
        metrics.closed(1, Role::Unknown, None);
        metrics.closed(0, Role::Visitor, Some(CloseCode::Slow));
        metrics.refused(ErrorCode::Unavailable);
        metrics.offered("missed");
        metrics.answered(503);
        metrics.answered(7);
        metrics.batch.record(3.0);
        metrics.keep_up();
        let text = metrics.render();
        for line in [
            "frontdesk_connections{transport=\"websocket\",role=\"visitor\"} 0",
            "frontdesk_connections_opened_total{transport=\"websocket\"} 1",
            "frontdesk_connections_closed_total{transport=\"websocket\",code=\"4008\"} 1",
            "frontdesk_connections_closed_total{transport=\"poll\",code=\"none\"} 1",
            "frontdesk_commands_refused_total{code=\"unavailable\"} 1",
            "frontdesk_offers_total{outcome=\"missed\"} 1",
            "frontdesk_http_requests_total{status=\"5xx\"} 1",
            "frontdesk_commit_batch_size_bucket{le=\"2\"} 0",
            "frontdesk_commit_batch_size_bucket{le=\"4\"} 1",
            "frontdesk_commit_batch_size_sum 3",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in:\n{text}");
        }
    }

    /// The table as the document must have it.
    fn table() -> String {
        let row = |series: &Series| {
            let labels = if series.labels.is_empty() { "" } else { series.labels };
            format!("| `{}` | {} | {} | {labels} | {} |\n", series.name, series.kind.as_str(), series.unit, series.help)
        };
        series::ALL.iter().map(row).collect()
    }

    #[test]
    fn the_document_has_the_same_table_and_so_has_what_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
        let document = std::fs::read_to_string(path).unwrap();
        // The other table, of alerts, has no kinds.
        let is_row = |line: &&str| {
            let kind = line.split(" | ").nth(1).unwrap_or_default();
            line.starts_with("| `frontdesk_") && ["counter", "gauge", "histogram"].contains(&kind)
        };
        let rows: String = document.lines().filter(is_row).map(|line| format!("{line}\n")).collect();
        assert_eq!(rows, table(), "docs/operations.md must have these rows:\n{}", table());
        let metrics = Metrics::new();
        metrics.batch.record(1.0);
        metrics.commit.record(0.001);
        metrics.bus_lag.record(0.001);
        metrics.keep_up();
        let text = metrics.render();
        let mut served: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let mut known: Vec<String> =
            series::ALL.iter().map(|series| format!("{} {}", series.name, series.kind.as_str())).collect();
        served.sort_unstable();
        known.sort_unstable();
        assert_eq!(served, known);
        let described = text.lines().filter(|line| line.starts_with("# HELP ")).count();
        assert_eq!(described, series::ALL.len());
    }
}
