//! `cargo xtask test`: everything that must pass before a change lands.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, root, run as run_command, say, shown, step};
use crate::wasm::{self, Profile};
use crate::{budget, tidy};

/// Runs all steps, the quick ones first, and prints how long each took.
///
/// # Errors
/// At the first step that fails.
pub(crate) fn run() -> Result<()> {
    step("what the tests need", || {
        let script = root().join("scripts").join("setup-test.sh");
        run_command(Command::new("sh").arg(script).current_dir(root()))?;
        wasm::ensure_target()
    })?;
    step("formatting", || run_command(&mut cargo(["fmt", "--all", "--", "--check"])))?;
    step("house rules", tidy::check)?;
    // Before the server is compiled: it embeds these files.
    step("browser files", || wasm::build(Profile::Small))?;
    step("byte budgets", budget::check)?;
    step("lints of the workspace", || {
        run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
    })?;
    // Apart, for the same reason as when they are built: features would be shared.
    for package in ["widget", "agent-console"] {
        step(&format!("lints of {package} in the browser"), || {
            let mut clippy = cargo(["clippy", "--package", package]);
            clippy.args(["--target", wasm::TRIPLE, "--", "--deny", "warnings"]);
            run_command(&mut clippy)
        })?;
    }
    let mut counts = Counts::default();
    let mut outcome = Ok(());
    // The same packages as for the lints, so that features agree and nothing is compiled twice.
    for (name, database, nodes, rest) in [
        ("tests", "sqlite", "1", &[] as &[&str]),
        ("the same on PostgreSQL", "postgres", "1", ON_POSTGRES),
        ("tests of what people do, on three servers behind HAProxy", "postgres", "3", ON_NODES),
    ] {
        let passed = step(name, || {
            let mut command = cargo(["test", "--workspace", "--no-fail-fast"]);
            command.args(rest).env("FRONTDESK_TEST_DATABASE", database).env("FRONTDESK_TEST_NODES", nodes);
            let ran = cargo_test(command)?;
            counts.add_all(ran);
            if ran.failed > 0 || !ran.success {
                bail!("{} tests failed", ran.failed);
            }
            Ok(())
        });
        outcome = outcome.and(passed);
    }
    say(format!("{} passed, {} failed", counts.passed, counts.failed));
    outcome
}

/// Arguments that choose what runs once more on PostgreSQL: everything but what brings its own database or has to do with
/// none, what is about browsers and the network alone, and a clock that jumps (there the clock of the database counts).
const ON_POSTGRES: &[&str] = &[
    "--lib",
    "--test",
    "it",
    "--",
    "--skip=backups::",
    "--skip=browser_faults::",
    "--skip=capacity::",
    "--skip=cluster::",
    "--skip=conformance::",
    "--skip=doctor::",
    "--skip=embed::",
    "--skip=faults::disk::",
    "--skip=faults::frames::",
    "--skip=faults::heads::",
    "--skip=faults::json::",
    "--skip=faults::memory::",
    "--skip=faults::network::",
    "--skip=faults::pages::",
    "--skip=faults::planted::",
    "--skip=load::",
    "--skip=migrate::",
    "--skip=network::",
    "--skip=outage::",
    "--skip=pictures::",
    "--skip=postgres::",
    "--skip=releases::",
    "--skip=shared::",
    "--skip=tenant_files::",
    "--skip=f29_",
];

/// Arguments that choose the tests of what people do with each other, wherever they are connected. Faults of several
/// servers are among the tests of the first run.
const ON_NODES: &[&str] = &["--test", "it", "--", "delivery::", "faults::twice::", "queue::", "routing::", "uploads::"];

/// What the summaries of `cargo test` add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    /// Whether cargo itself ended well: a test binary may crash uncounted.
    success: bool,
}

impl Counts {
    /// Adds the counts of another run.
    fn add_all(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 0 ignored`.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else {
            return;
        };
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            let count = words.next().and_then(|word| word.parse::<u64>().ok());
            match (count, words.next()) {
                (Some(count), Some("passed")) => self.passed += count,
                (Some(count), Some("failed")) => self.failed += count,
                _ => {}
            }
        }
    }
}

/// Runs `cargo test`, passing its output on and adding up its summaries.
fn cargo_test(mut command: Command) -> Result<Counts> {
    let text = shown(&command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{text}`"))?;
    let mut counts = Counts::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            counts.add(&line);
            say(line);
        }
    }
    counts.success = child.wait()?.success();
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn summaries_add_up() {
        let mut counts = Counts::default();
        counts.add("running 3 tests");
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; finished in 0.01s");
        counts.add("test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured");
        assert_eq!((counts.passed, counts.failed), (15, 2));
    }
}
