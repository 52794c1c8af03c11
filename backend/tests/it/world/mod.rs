//! Set-up of every test: a data folder, tenants with people and a site made with the command line, and a
//! server that can be killed, stopped and started again on the same port; or several, behind HAProxy.

/// What a world is made of.
mod plan;
/// The servers of a world.
mod servers;
/// The database of a world.
mod stored;
/// The command line of `frontdesk`.
mod tools;

use std::path::PathBuf;

use protocol::ids::{ConversationId, TenantId};
use serde_json::json;

pub(crate) use self::plan::Plan;
use self::tools::Tools;
use crate::basics::{Scratch, free_port};
use crate::cluster::front::Front;
use crate::database::Database;
use crate::people::{Agent, Visitor};
use crate::server::{Server, Settings};
use crate::wire::Over;

#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// First name, also the display name.
    pub(crate) name: String,
    /// What to sign in with.
    pub(crate) email: String,
    /// What to sign in with.
    pub(crate) password: String,
}

/// A merchant: one site, an owner and agents.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: TenantId,
    /// Its name in commands.
    pub(crate) slug: String,
    /// Public key of its site.
    pub(crate) site: String,
    /// What to paste into the shop, as the command line printed it.
    pub(crate) snippet: String,
    /// The shop's origin.
    pub(crate) origin: String,
    /// Its people; the first is the owner.
    pub(crate) people: Vec<Person>,
}

impl Tenant {
    /// A person by name.
    pub(crate) fn person(&self, name: &str) -> &Person {
        let found = self.people.iter().find(|person| person.name == name);
        found.unwrap_or_else(|| panic!("nobody is called {name}"))
    }
}

/// A running installation.
pub(crate) struct World {
    servers: Vec<Server>,
    front: Option<Front>,
    public_port: u16,
    database: Database,
    folder: Scratch,
    /// The tenant most tests use.
    pub(crate) acme: Tenant,
    /// The operator, when planned.
    pub(crate) operator: Option<Person>,
    /// Another tenant, when planned.
    pub(crate) other: Option<Tenant>,
}

impl World {
    /// One tenant with Olga, Ann and Ben, default settings, and a server that answers.
    pub(crate) async fn start() -> Self {
        Self::with(Plan::default()).await
    }

    /// A world as planned, with a server that answers.
    pub(crate) async fn with(plan: Plan) -> Self {
        let world = Self::prepare(plan);
        world.serve().await;
        world
    }

    /// A world whose servers do not run yet.
    pub(crate) fn prepare(plan: Plan) -> Self {
        let folder = Scratch::new("world");
        // One server alone has a file.
        let nodes = if plan.on_sqlite { 1 } else { plan.nodes };
        let ports: Vec<u16> = (0..nodes).map(|_| free_port()).collect();
        let front = (nodes > 1).then(|| Front::before(&ports));
        let public_port = plan.public_port.unwrap_or_else(|| front.as_ref().map_or(ports[0], Front::port));
        let database = match (plan.on_postgres || front.is_some(), plan.on_sqlite) {
            (true, _) => Database::new_postgres(),
            (_, true) => Database::Sqlite,
            _ => Database::new(),
        };
        let tools = Tools {
            data: folder.path().join("data"),
            origin: format!("http://127.0.0.1:{public_port}"),
            database: database.environment(),
        };
        let acme = tools.tenant(plan.slug, &plan.shop, &plan.agents, &plan.policy);
        let other = plan.second.then(|| tools.tenant("other", "http://other.example", &["Zoe"], &json!({})));
        let operator = plan.operator.then(|| tools.person("platform", "Otto", &["--operator"]));
        let mut environment: Vec<(String, String)> =
            tools.database.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        environment.push(("FRONTDESK_PUBLIC_URL".to_owned(), tools.origin));
        environment.extend(front.iter().flat_map(|front| front.environment(&tools.data)));
        environment.extend(plan.environment);
        let server = |(number, port)| {
            Server::new(Settings {
                name: format!("server {number}"),
                port,
                // What nodes share is in the database; the first one's keys are handed to the others.
                data: folder.path().join(if number == 0 { "data".to_owned() } else { format!("data-{number}") }),
                log: folder.path().join(format!("server-{number}.log")),
                environment: environment.clone(),
                launcher: plan.launcher.clone(),
            })
        };
        let servers = ports.into_iter().enumerate().map(server).collect();
        Self { servers, front, public_port, database, folder, acme, other, operator }
    }

    /// Where people come in: `http://127.0.0.1:PORT` of the server, or of the proxy before several.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The port of that.
    pub(crate) fn port(&self) -> u16 {
        self.front.as_ref().map_or_else(|| self.servers[0].port(), Front::port)
    }

    /// Its servers.
    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The same, to change their settings before they start.
    pub(crate) fn servers_mut(&mut self) -> &mut [Server] {
        &mut self.servers
    }

    /// What stands around several servers.
    pub(crate) fn front(&self) -> &Front {
        self.front.as_ref().expect("several servers")
    }

    /// The origin browsers see.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.public_port)
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place for files of the test, gone with the world.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A visitor of the first tenant's shop, not connected yet.
    pub(crate) async fn visitor(&self) -> Visitor {
        Visitor::arrives(&self.url(), &self.origin(), &self.acme.site).await
    }

    /// A visitor who is connected and has asked this, and the conversation.
    pub(crate) async fn asking(&self, text: &str) -> (Visitor, ConversationId) {
        let mut visitor = self.visitor().await;
        visitor.connect(Over::Socket).await;
        let conversation = visitor.asks(text).await;
        (visitor, conversation)
    }

    /// The same, when the agent has taken it.
    pub(crate) async fn held(&self, agent: &Agent, text: &str) -> (Visitor, ConversationId) {
        let (visitor, conversation) = self.asking(text).await;
        agent.is_offered_this(conversation).await;
        agent.accepts(conversation).await;
        (visitor, conversation)
    }

    /// An agent of the first tenant who is connected and takes conversations.
    pub(crate) async fn at_work(&self, name: &str) -> Agent {
        let mut agent = self.agent(name).await;
        agent.starts_work(Over::Socket).await;
        agent
    }

    /// An agent of the first tenant, signed in but not connected yet.
    pub(crate) async fn agent(&self, name: &str) -> Agent {
        Agent::signs_in(&self.url(), &self.origin(), &self.acme, name).await
    }
}
