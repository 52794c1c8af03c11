//! What the files of deployment and the documents say about settings is what there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Config;
use super::source::{Flags, SETTINGS, Source};

/// Read by others than the configuration.
const OTHERS: [&str; 2] = ["RUST_LOG", "SSL_CERT_FILE"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder.
fn files(folder: PathBuf, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(path, into) } else { into.push(path) }
    }
}

/// Words of capital letters that look like our variables.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| word.starts_with("FRONTDESK_") || ["DATABASE_URL", "REDIS_URL"].contains(word)).collect()
}

#[test]
fn every_variable_that_is_named_is_a_setting() {
    let known: BTreeSet<&str> = SETTINGS.iter().map(|(_, variable)| *variable).chain(OTHERS).collect();
    let mut paths = Vec::new();
    files(root().join("deploy"), &mut paths);
    paths.extend(
        ["README.md", "docs/operators.md", "docs/operations.md", "docs/scaling.md"].map(|path| root().join(path)),
    );
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let unknown: Vec<_> = variables(&text).into_iter().filter(|name| !known.contains(name)).collect();
        assert_eq!(unknown, Vec::<&str>::new(), "{} names variables that are none", path.display());
    }
}

#[test]
fn every_setting_is_in_the_operators_table_and_in_the_example() {
    let (table, example) = (read("docs/operators.md"), read("deploy/frontdesk.example.toml"));
    for (name, variable) in SETTINGS {
        let row = format!("| `{variable}` | `{name}` |");
        assert!(table.contains(&row), "docs/operators.md has no row `{row}`");
        let has = example.lines().any(|line| line.trim_start_matches('#').starts_with(&format!("{name} = ")));
        assert!(has, "deploy/frontdesk.example.toml lacks {name}");
    }
}

#[test]
fn the_example_is_accepted() {
    let file = root().join("deploy/frontdesk.example.toml");
    let flags = Flags { config: Some(file), ..Flags::default() };
    let config = Config::load(&Source::with_environment(flags, |_| None).unwrap()).unwrap();
    assert_eq!(config.public_origin(), "https://chat.example.com");
}

/// The number behind the first `name` in a text.
fn number(text: &str, name: &str) -> u64 {
    let rest = text.split_once(name).unwrap_or_else(|| panic!("no {name}")).1;
    let digits: String = rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn whoever_stops_a_node_waits_until_its_clients_are_elsewhere() {
    // As `server.rs` and docs/operators.md promise, in seconds.
    const DRAIN: u64 = 15;
    let deployment = read("deploy/kubernetes/deployment.yaml");
    let sleep = number(&deployment, "command: [\"sleep\"");
    assert!(number(&deployment, "terminationGracePeriodSeconds") > sleep + DRAIN);
    for unit in ["deploy/frontdesk.service", "deploy/frontdesk-node@.service"] {
        assert!(number(&read(unit), "TimeoutStopSec") > DRAIN, "{unit}");
    }
    for compose in ["deploy/compose.yml", "deploy/compose.cluster.yml"] {
        assert!(number(&read(compose), "stop_grace_period") > DRAIN, "{compose}");
    }
    // And whoever stands between waits longer than a poll is held.
    let held = protocol::limits::POLL_HOLD_MS / 1000;
    let haproxy = read("deploy/haproxy.cfg");
    for name in ["timeout client", "timeout server", "timeout tunnel"] {
        assert!(number(&haproxy, name) > held + 5, "{name}");
    }
    assert!(number(&read("deploy/kubernetes/ingress.yaml"), "proxy-read-timeout") > held + 5);
    assert!(number(&read("deploy/nginx.conf"), "proxy_read_timeout") > held + 5);
}
