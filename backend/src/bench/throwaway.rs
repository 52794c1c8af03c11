//! A throw-away server: the same binary on a folder of its own in the data folder, set up with the same commands an
//! operator types, and gone afterwards.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use uuid::Uuid;

use super::Place;
use super::agents::Login;
use super::dial::Dialer;
use super::options::Load;
use super::process::Process;
use crate::auth::secret::Secret;
use crate::config::Config;
use crate::config::source::SETTINGS;

/// Where merchants' pages would be; nothing is fetched from there.
const SHOP: &str = "http://shop.example";

/// A server that goes when the value goes.
pub(super) struct Throwaway {
    // Before the folder: a process is ended before what it writes to is removed.
    child: Child,
    #[expect(dead_code, reason = "a process whose output nobody takes fails when it says something")]
    output: Output,
    url: String,
    site: String,
    agents: Vec<Login>,
    folder: Folder,
}

type Output = Lines<BufReader<ChildStdout>>;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "cannot remove the folder of a measurement");
        }
    }
}

impl Throwaway {
    /// Sets up a tenant with a site and agents, and starts a server.
    pub(super) async fn start(config: &Config, load: &Load) -> anyhow::Result<Self> {
        let folder = Folder::make(config)?;
        let tool = Tool { data: folder.0.join("data"), folder: folder.0.clone() };
        tool.run(&["tenant", "create", "bench"], "").await?;
        tool.run(&["tenant", "set", "bench", "capacity=50", "max_queue=10000"], "").await?;
        let site = tool.run(&["site", "create", "--tenant", "bench", "--name", "Bench", "--origin", SHOP], "").await?;
        let site = site.get("key").and_then(Value::as_str).context("the key of the site")?.to_owned();
        let mut agents = Vec::new();
        let wanted = if load.idle.is_some() { 0 } else { load.agent_count() };
        if load.visitors > wanted * 50 && wanted > 0 {
            bail!("{wanted} agents hold at most {} conversations: give more --agents", wanted * 50);
        }
        for number in 1..=wanted {
            let login = Login { email: format!("agent{number}@bench.example"), password: Secret::new().token };
            let name = format!("Agent {number}");
            let new = ["account", "create", "--email", &login.email, "--name", &name, "--tenant", "bench"];
            tool.run(&new, &login.password).await?;
            agents.push(login);
        }
        let (child, output, url) = tool.serve().await?;
        Ok(Self { child, output, url, site, agents, folder })
    }

    /// Where the load goes.
    pub(super) async fn place(&self, load: &Load) -> anyhow::Result<Place> {
        let dialer = Dialer::new(&self.url, load.sources, load.connections()).await?;
        let server = Process::new(self.child.id().context("the server ended")?)?;
        Ok(Place { dialer, site: self.site.clone(), agents: self.agents.clone(), server: Some(server) })
    }

    /// The last lines the server logged.
    pub(super) fn log(&self) -> String {
        tail(&self.folder.0)
    }
}

fn tail(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(10).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("the server said:\n{}", lines.join("\n"))
}

impl Folder {
    fn make(config: &Config) -> anyhow::Result<Self> {
        let path = std::path::absolute(&config.data)?.join(format!("bench-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

/// The binary on that folder, with no other configuration than that.
struct Tool {
    data: PathBuf,
    folder: PathBuf,
}

impl Tool {
    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        for (_, variable) in SETTINGS {
            command.env_remove(variable);
        }
        // No configuration file lies there.
        command.current_dir(&self.folder).env("FRONTDESK_DATA", &self.data).kill_on_drop(true);
        Ok(command)
    }

    async fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<Value> {
        let mut child = self
            .command()?
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

    async fn serve(&self) -> anyhow::Result<(Child, Output, String)> {
        let log = std::fs::File::create(self.folder.join("server.log"))?;
        let mut command = self.command()?;
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn");
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--rate-limits", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let out = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next_line().await? {
            let url = line.strip_prefix("Frontdesk answers at ").and_then(|rest| rest.split_once(' '));
            if let Some((url, _)) = url {
                let url = url.to_owned();
                return Ok((child, lines, url));
            }
        }
        bail!("the throw-away server did not start; {}", tail(&self.folder))
    }
}
