//! HAProxy on loopback: entrances with settings of their own, each before the same servers.

use std::fmt::Write as _;
use std::time::Duration;

use crate::basics::{eventually, free_port};
use crate::service::Service;

/// A place to come in.
pub(crate) struct Entrance {
    /// For [`Haproxy::url`].
    pub(crate) name: &'static str,
    /// Where.
    pub(crate) port: u16,
    /// Lines of its `listen` section.
    pub(crate) settings: &'static [&'static str],
}

impl Entrance {
    /// An entrance on a free port.
    pub(crate) fn new(name: &'static str, settings: &'static [&'static str]) -> Self {
        Self { name, port: free_port(), settings }
    }
}

/// A request that passed, as HAProxy noted it when it was over.
#[derive(Debug)]
pub(crate) struct Passed {
    /// The server that answered: `node0`.
    pub(crate) server: String,
    /// The status the client got.
    pub(crate) status: u16,
    /// Whether HAProxy ended it because nothing moved.
    pub(crate) cut: bool,
    /// How long it took, or was open.
    pub(crate) took: Duration,
    /// The path.
    pub(crate) path: String,
}

/// A running HAProxy.
pub(crate) struct Haproxy {
    service: Service,
    stats: u16,
    entrances: Vec<Entrance>,
}

/// What holds for every entrance that does not say otherwise.
const DEFAULTS: &str = r#"
global
	maxconn 3000
	nbthread 1
	log stdout format raw daemon
defaults
	mode http
	log global
	option dontlognull
	log-format "%f %s %ST %ts %Tt %HM %HP"
	balance roundrobin
	option forwardfor
	timeout connect 2s
	timeout client 60s
	timeout server 60s
	timeout http-request 10s
	timeout queue 5s
"#;

impl Haproxy {
    /// Starts it before servers on these ports. It need not listen yet.
    pub(crate) fn before(servers: &[u16], entrances: Vec<Entrance>) -> Self {
        let stats = free_port();
        let mut settings = format!("{DEFAULTS}listen stats\n\tbind 127.0.0.1:{stats}\n\tstats enable\n\tstats uri /\n");
        for Entrance { name, port, settings: own } in &entrances {
            let _ = write!(settings, "listen {name}\n\tbind 127.0.0.1:{port}\n\t{}\n", own.join("\n\t"));
            for (number, server) in servers.iter().enumerate() {
                let _ = writeln!(settings, "\tserver node{number} 127.0.0.1:{server}");
            }
        }
        let service = Service::start("haproxy", |folder| {
            let file = folder.join("haproxy.cfg");
            std::fs::write(&file, &settings).expect("its settings are written");
            vec!["-db".to_owned(), "-f".to_owned(), file.display().to_string()]
        });
        Self { service, stats, entrances }
    }

    /// Waits until that many servers are reached by every entrance.
    pub(crate) async fn sees(&self, servers: usize) {
        let what = format!("HAProxy (scripts/setup-test.sh installs it) sees {servers} servers");
        eventually(&what, || async { (self.up().await? == servers * self.entrances.len()).then_some(()) }).await;
    }

    /// How many servers it reaches, over all entrances; nothing while it does not listen.
    async fn up(&self) -> Option<usize> {
        let table = reqwest::get(format!("http://127.0.0.1:{}/;csv", self.stats)).await.ok()?.text().await.ok()?;
        let up = |line: &&str| {
            let cells: Vec<&str> = line.split(',').collect();
            // Without checks a server counts as reached.
            cells.get(1).is_some_and(|it| it.starts_with("node"))
                && cells.get(17).is_some_and(|it| it.starts_with("UP") || it.starts_with("no check"))
        };
        Some(table.lines().filter(up).count())
    }

    /// The port of an entrance.
    pub(crate) fn port(&self, name: &str) -> u16 {
        let found = self.entrances.iter().find(|entrance| entrance.name == name);
        found.unwrap_or_else(|| panic!("no entrance {name}")).port
    }

    /// `http://127.0.0.1:PORT` of an entrance.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}", self.port(name))
    }

    /// What has passed so far; a WebSocket counts when it is over.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.service.log().lines().filter_map(passed).collect()
    }
}

/// Reads a line as `log-format` above makes it. Other lines are about something else.
fn passed(line: &str) -> Option<Passed> {
    let words: Vec<&str> = line.split(' ').collect();
    let [_, server, status, ended, took, _, path] = words[..] else { return None };
    Some(Passed {
        server: server.to_owned(),
        status: status.parse().ok()?,
        // Small letters are time limits, capital letters what others did.
        cut: ended.starts_with(['c', 's']),
        took: Duration::from_millis(took.parse().ok()?),
        path: path.to_owned(),
    })
}
