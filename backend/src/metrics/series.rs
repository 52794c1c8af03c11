//! Every series that is served: name, kind, unit, labels, help. `docs/operations.md` has the same table; a test
//! compares the two and what is served. No series has a label that names a tenant or a person (rule T4): every value
//! of a label is one of a few words of ours.

/// What kind of series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts what was seen up to each of these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word of the text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What its numbers count.
    pub unit: &'static str,
    /// Names of its labels, with commas.
    pub labels: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// Work in one commit.
const BATCHES: Kind = Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]);
/// Times from a tenth of a millisecond to several seconds.
const TIMES: Kind = Kind::Histogram(&[
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
]);
/// Times on the way from one node to another, with clocks that differ a little.
const LAGS: Kind = Kind::Histogram(&[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0]);

use Kind::{Counter, Gauge};

macro_rules! series {
    ($($id:ident = $name:literal, $kind:expr, $unit:literal, $labels:literal, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $id: Series = Series { name: $name, kind: $kind, unit: $unit, labels: $labels, help: $help };
        )*
        /// All of them, in the order of the document.
        pub const ALL: &[Series] = &[$($id),*];
    };
}

series! {
    BUILD_INFO = "frontdesk_build_info", Gauge, "1", "version, assets",
        "Always 1; the labels say which build this is.";
    UPTIME = "frontdesk_uptime_seconds", Gauge, "seconds", "", "Since the process began to serve.";
    READY = "frontdesk_ready", Gauge, "0 or 1", "", "Whether `/readyz` says that this node can serve.";
    DRAINING = "frontdesk_draining", Gauge, "0 or 1", "", "Whether this node is stopping.";
    RESIDENT = "frontdesk_process_resident_memory_bytes", Gauge, "bytes", "", "Memory of the process.";
    DESCRIPTORS = "frontdesk_descriptors", Gauge, "descriptors", "", "Files and connections open in the process.";
    DESCRIPTORS_LIMIT = "frontdesk_descriptors_limit", Gauge, "descriptors", "", "How many may be open.";
    DESCRIPTORS_EXHAUSTED = "frontdesk_descriptors_exhausted_seconds_total", Counter, "seconds", "",
        "How long the limit of descriptors was reached: new connections waited.";

    CONNECTIONS = "frontdesk_connections", Gauge, "connections", "transport, role",
        "WebSockets and held polls open on this node; the role is `unknown` until a socket has said hello.";
    OPENED = "frontdesk_connections_opened_total", Counter, "connections", "transport",
        "WebSockets and held polls that began.";
    CLOSED = "frontdesk_connections_closed_total", Counter, "connections", "transport, code",
        "WebSockets and held polls that ended, by the close code we sent; `none` when the other side hung up, and for polls.";
    REQUESTS = "frontdesk_http_requests_total", Counter, "requests", "status",
        "Requests answered, by class of status; polls and sockets are not among them.";

    ACKED = "frontdesk_messages_acked_total", Counter, "messages", "",
        "Sends acknowledged: stored durably, or known to be stored.";
    REFUSED = "frontdesk_commands_refused_total", Counter, "commands", "code", "Commands refused, by error code.";
    BATCH = "frontdesk_commit_batch_size", BATCHES, "writes", "", "Writes that shared one commit.";
    COMMIT = "frontdesk_commit_duration_seconds", TIMES, "seconds", "", "From taking a batch of writes to its commit.";
    WRITES_WAITING = "frontdesk_writes_waiting", Gauge, "writes", "", "Writes that wait for the next commit.";
    STORE_ERRORS = "frontdesk_store_errors_total", Counter, "errors", "", "Statements and transactions the database failed.";
    POOL_USED = "frontdesk_database_connections_used", Gauge, "connections", "", "Connections of the reading pool in use.";
    POOL_SIZE = "frontdesk_database_connections_limit", Gauge, "connections", "", "Connections the reading pool may have.";
    DATABASE_UP = "frontdesk_database_up", Gauge, "0 or 1", "", "Whether the database answered this scrape and took the last write.";

    BUS_PUBLISHED = "frontdesk_bus_published_total", Counter, "notes", "", "Notes this node published.";
    BUS_DELIVERED = "frontdesk_bus_delivered_total", Counter, "notes", "", "Notes handed to sessions of this node.";
    BUS_DROPPED = "frontdesk_bus_dropped_total", Counter, "notes", "",
        "Notes between nodes that could not be sent or read; reconciliation repairs what they would have told.";
    BUS_LAG = "frontdesk_bus_lag_seconds", LAGS, "seconds", "", "From saying something over the bus to hearing it back: so long a note takes to another node.";
    BUS_UP = "frontdesk_bus_up", Gauge, "0 or 1", "", "Whether the bus reaches the other nodes; always 1 on a node of its own.";
    REPAIRS = "frontdesk_reconciliation_repairs_total", Counter, "repairs", "",
        "Sessions that read the log because reconciliation showed them to be behind.";

    WAITING = "frontdesk_queue_length", Gauge, "conversations", "", "Conversations waiting or offered, of the whole installation.";
    LONGEST_WAIT = "frontdesk_queue_longest_wait_seconds", Gauge, "seconds", "", "How long the first of them waits; 0 when none does.";
    ACTIVE = "frontdesk_conversations_active", Gauge, "conversations", "", "Conversations agents hold, of the whole installation.";
    OFFERS = "frontdesk_offers_total", Counter, "offers", "outcome",
        "Offers to agents, made by this node and by what came of them.";
    MAIL_WAITING = "frontdesk_mail_waiting", Gauge, "mails", "", "Mail to be sent, of the whole installation.";
    MAIL_OLDEST = "frontdesk_mail_oldest_seconds", Gauge, "seconds", "", "Age of the oldest mail to be sent; 0 when there is none.";
    MAIL_FAILED = "frontdesk_mail_failed", Gauge, "mails", "", "Mail that was given up, of the whole installation.";
    MAIL_ATTEMPTS = "frontdesk_mail_attempts_total", Counter, "attempts", "outcome", "Attempts of this node to hand a mail over.";
}
