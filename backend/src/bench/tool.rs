//! The binary on a folder of a throw-away installation, with no other configuration than that: for the commands an
//! operator types, and as a server.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::config::source::SETTINGS;

/// What the nodes of an installation have in common.
pub(super) struct Tool {
    /// Holds the data folder and the log of each.
    pub(super) folder: PathBuf,
    /// What they share besides: database, keys, Redis.
    pub(super) environment: Vec<(&'static str, String)>,
}

/// A node that serves until the value goes.
pub(super) struct Node {
    /// The process.
    pub(super) child: Child,
    #[expect(dead_code, reason = "a process whose output nobody takes fails when it says something")]
    output: Lines<BufReader<ChildStdout>>,
    /// The node itself, `http://IP:PORT`.
    pub(super) url: String,
    /// The address browsers use, of all nodes.
    pub(super) public_url: String,
}

impl Tool {
    fn command(&self, node: u8) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        for (_, variable) in SETTINGS {
            command.env_remove(variable);
        }
        // No configuration file lies there.
        command.current_dir(&self.folder).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("FRONTDESK_DATA", self.folder.join(format!("data-{node}"))).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command that prints JSON, with a line of input, on the data folder of the first node.
    pub(super) async fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<Value> {
        let mut child = self
            .command(1)?
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("its input")?;
        stdin.write_all(format!("{input}\n").as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("frontdesk {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts a node on a free port, without rate limits, and waits until it answers; the first is node 1. The others are
    /// told the address that the first one has, so that no port has to be known before.
    pub(super) async fn serve(&self, node: u8, public_url: Option<&str>) -> anyhow::Result<Node> {
        let log = std::fs::File::create(log_file(&self.folder, node))?;
        let mut command = self.command(node)?;
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        if let Some(url) = public_url {
            command.env("FRONTDESK_PUBLIC_URL", url);
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--rate-limits", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let out = child.stdout.take().context("its output")?;
        let mut output = BufReader::new(out).lines();
        while let Some(line) = output.next_line().await? {
            if let Some((url, public_url)) = addresses(&line) {
                return Ok(Node { child, output, url, public_url });
            }
        }
        bail!("a throw-away server did not start; {}", tail(&self.folder, node))
    }
}

/// The address of a node, and the one that browsers use, when the line says them.
fn addresses(line: &str) -> Option<(String, String)> {
    let (public_url, rest) = line.strip_prefix("Frontdesk answers at ")?.split_once(" (listening on ")?;
    Some((format!("http://{}", rest.strip_suffix(").")?), public_url.to_owned()))
}

fn log_file(folder: &Path, node: u8) -> PathBuf {
    folder.join(format!("server-{node}.log"))
}

/// The last lines a node logged, with a line before them.
pub(super) fn tail(folder: &Path, node: u8) -> String {
    let log = std::fs::read_to_string(log_file(folder, node)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(10).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("server {node} said:\n{}", lines.join("\n"))
}
