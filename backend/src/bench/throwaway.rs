//! A throw-away installation: the same binary on a folder of its own in the data folder, set up with the same commands an
//! operator types, and gone afterwards. Several nodes are one on a database that is given.

use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::Value;
use uuid::Uuid;

use super::Place;
use super::agents::Login;
use super::nodes::Nodes;
use super::options::Load;
use super::process::Processes;
use super::tool::{Node, Tool, tail};
use crate::auth::secret::Secret;
use crate::config::Config;
use crate::config::database::{Database, Postgres};

/// Where merchants' pages would be; nothing is fetched from there.
const SHOP: &str = "http://shop.example";
/// Conversations that an agent may hold.
const CAPACITY: u32 = 50;

/// Servers that go when the value goes.
pub(super) struct Throwaway {
    // Before the folder: a process is ended before what it writes to is removed.
    nodes: Vec<Node>,
    site: String,
    agents: Vec<Login>,
    database: Option<Postgres>,
    folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "cannot remove the folder of a measurement");
        }
    }
}

impl Throwaway {
    /// Sets up a tenant with a site and agents, and starts the nodes.
    ///
    /// # Errors
    /// When options contradict each other, the database that is given is not empty, or a server does not start.
    pub(super) async fn start(config: &Config, load: &Load) -> anyhow::Result<Self> {
        let wanted = if load.idle.is_some() { 0 } else { load.agent_count() };
        if load.visitors > wanted * CAPACITY && wanted > 0 {
            bail!("{wanted} agents hold at most {} conversations: give more --agents", wanted * CAPACITY);
        }
        let environment = load.shared.environment(config, load).await?;
        let folder = Folder::make(config)?;
        let tool = Tool { folder: folder.0.clone(), environment };
        tool.run(&["tenant", "create", "bench"], "").await?;
        let capacity = format!("capacity={CAPACITY}");
        tool.run(&["tenant", "set", "bench", &capacity, "max_queue=10000"], "").await?;
        let site = tool.run(&["site", "create", "--tenant", "bench", "--name", "Bench", "--origin", SHOP], "").await?;
        let site = site.get("key").and_then(Value::as_str).context("the key of the site")?.to_owned();
        let mut agents = Vec::new();
        for number in 1..=wanted {
            let login = Login { email: format!("agent{number}@bench.example"), password: Secret::new().token };
            let name = format!("Agent {number}");
            let new = ["account", "create", "--email", &login.email, "--name", &name, "--tenant", "bench"];
            tool.run(&new, &login.password).await?;
            agents.push(login);
        }
        let mut nodes: Vec<Node> = Vec::new();
        for number in 1..=load.nodes {
            let public_url = nodes.first().map(|first| first.public_url.as_str());
            let node = tool.serve(number, public_url).await?;
            nodes.push(node);
        }
        let database = match &config.database {
            Database::Postgres(settings) if load.shared.is_given() => Some(settings.clone()),
            _ => None,
        };
        Ok(Self { nodes, site, agents, database, folder })
    }

    /// Where the load goes.
    pub(super) async fn place(&self, load: &Load) -> anyhow::Result<Place> {
        let urls: Vec<String> = self.nodes.iter().map(|node| node.url.clone()).collect();
        let origin = self.nodes.first().map(|first| first.public_url.as_str());
        let nodes = Nodes::new(&urls, origin, load.sources, load.connections()).await?;
        let ids: Option<Vec<u32>> = self.nodes.iter().map(|node| node.child.id()).collect();
        let server = Some(Processes::new(ids.context("a server ended")?)?);
        let (site, agents, database) = (self.site.clone(), self.agents.clone(), self.database.clone());
        Ok(Place { nodes, site, agents, server, database })
    }

    /// The last lines the servers logged.
    pub(super) fn log(&self) -> String {
        let tails: Vec<String> = (1..).zip(&self.nodes).map(|(number, _)| tail(&self.folder.0, number)).collect();
        tails.join("\n")
    }
}

impl Folder {
    fn make(config: &Config) -> anyhow::Result<Self> {
        let path = std::path::absolute(&config.data)?.join(format!("bench-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}
