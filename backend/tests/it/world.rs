//! Set-up of every test: a data folder, tenants with people and a site made with the command line, and a
//! server that can be killed, stopped and started again on the same port; or several, behind HAProxy.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use protocol::ids::{SiteId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::basics::{Scratch, free_port};
use crate::cluster::front::Front;
use crate::database::{Database, Pool, both};
use crate::people::{Agent, Visitor};
use crate::server::{Server, Settings, tool};

/// A person of a tenant, as made on the command line.
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

/// What a world is made of.
pub(crate) struct Plan {
    /// Short name of the first tenant.
    pub(crate) slug: &'static str,
    /// Routing policy of the first tenant, by field; the rest stays default.
    pub(crate) policy: Value,
    /// Agents of the first tenant besides its owner Olga.
    pub(crate) agents: Vec<&'static str>,
    /// Whether there is a second tenant.
    pub(crate) second: bool,
    /// Whether there is an operator, Otto.
    pub(crate) operator: bool,
    /// Origin of the shop that embeds the first tenant's site.
    pub(crate) shop: String,
    /// Whether it lives on PostgreSQL; otherwise as the environment of the tests says.
    pub(crate) on_postgres: bool,
    /// Whether it lives on SQLite, whatever the environment says.
    pub(crate) on_sqlite: bool,
    /// How many servers there are. Several live on PostgreSQL, share Redis and stand behind HAProxy.
    pub(crate) nodes: usize,
    /// More environment of the server.
    pub(crate) environment: Vec<(String, String)>,
    /// Whether browsers reach the server through another port, such as a proxy's.
    pub(crate) public_port: Option<u16>,
    /// Program and arguments that start the server: `launcher BINARY serve`. It must become the server.
    pub(crate) launcher: Vec<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            slug: "acme",
            policy: json!({}),
            agents: vec!["Ann", "Ben"],
            second: false,
            operator: false,
            shop: "http://shop.example".to_owned(),
            on_postgres: false,
            on_sqlite: false,
            nodes: nodes(),
            environment: Vec::new(),
            public_port: None,
            launcher: Vec::new(),
        }
    }
}

impl Plan {
    /// The same without rate limits, for tests that send more than a person would.
    pub(crate) fn unlimited(mut self) -> Self {
        self.environment.push(("FRONTDESK_RATE_LIMITS".to_owned(), "off".to_owned()));
        self
    }

    /// The same with one more variable in the server's environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How many servers a world has of which its test does not say: `FRONTDESK_TEST_NODES`, or one.
fn nodes() -> usize {
    let text = std::env::var("FRONTDESK_TEST_NODES");
    text.map_or(1, |text| text.parse().unwrap_or_else(|_| panic!("FRONTDESK_TEST_NODES={text}: a number")))
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

    /// Starts the servers and waits until they are ready.
    pub(crate) async fn serve(&self) {
        self.serve_all(&[]).await;
    }

    /// Starts the servers with one more variable in their environment and waits until they are ready.
    pub(crate) async fn serve_with(&self, name: &str, value: &str) {
        self.serve_all(&[(name, value)]).await;
    }

    /// Starts the servers with a public address that a proxy would have.
    pub(crate) async fn serve_as(&self, origin: &str) {
        self.serve_with("FRONTDESK_PUBLIC_URL", origin).await;
    }

    async fn serve_all(&self, more: &[(&str, &str)]) {
        self.servers.iter().for_each(|server| server.spawn(more));
        for server in &self.servers {
            server.ready().await;
        }
        if let Some(front) = &self.front {
            front.sees(self.servers.len()).await;
        }
    }

    /// The same with servers that may end by themselves at any moment.
    pub(crate) async fn serve_or_end_with(&self, name: &str, value: &str) {
        for server in &self.servers {
            server.spawn(&[(name, value)]);
        }
        for server in &self.servers {
            while !self.has_ended() && !server.answers().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The process id of its only server.
    pub(crate) fn pid(&self) -> u32 {
        let [server] = &self.servers[..] else { panic!("one of several servers") };
        server.pid()
    }

    /// Whether a server has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.servers.iter().any(Server::has_ended)
    }

    /// Ends the servers as a power cut ends them.
    pub(crate) fn kill9(&self) {
        self.servers.iter().for_each(Server::kill9);
    }

    /// Kills the servers and starts them again on the same ports and data.
    pub(crate) async fn restart(&self) {
        self.kill9();
        self.serve().await;
    }

    /// Sets how many files the only server may have open, while it runs.
    pub(crate) fn limit_files(&self, files: u32) {
        let set =
            Command::new("prlimit").args(["--pid", &self.pid().to_string(), &format!("--nofile={files}:")]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// How many files and connections the only server has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("a process").count()
    }

    /// Sets how much memory of its own the running server may have, in KiB.
    pub(crate) fn limit_memory(&self, kib: u64) {
        let id = self.pid();
        let set = Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--data={}:", kib * 1024)]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// Asks the servers to stop, without waiting.
    pub(crate) fn sigterm(&self) {
        self.servers.iter().for_each(|server| server.signal("TERM"));
    }

    /// Waits until the servers have ended by themselves; how the first one did that did not end well, or else the last.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let mut statuses = Vec::new();
        for server in &self.servers {
            statuses.push(server.ended().await);
        }
        let bad = statuses.iter().find(|status| !status.success());
        *bad.or(statuses.last()).expect("a server")
    }

    /// Runs `frontdesk` with arguments on this world's data; gives success and output.
    pub(crate) fn run(&self, arguments: &[&str]) -> (bool, String) {
        self.run_with(&[], arguments)
    }

    /// [`World::run`] with more environment, where an empty value takes a variable away.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
        let mut command = tool(&self.data());
        command.envs(self.database.environment()).envs(environment.iter().copied()).args(arguments);
        let output = command.output().expect("frontdesk runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Runs `frontdesk` with standard input; gives success, output, and what it said on standard error.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> (bool, String, String) {
        let mut command = tool(&self.data());
        command.envs(self.database.environment()).args(arguments);
        fed(command, input)
    }

    /// Everything the servers have logged.
    pub(crate) fn log(&self) -> String {
        self.servers.iter().map(Server::log).collect()
    }

    /// The database, read while the server runs or after.
    pub(crate) async fn database(&self) -> Pool {
        self.database.open(&self.data()).await
    }

    /// The address of its database for a role; only on PostgreSQL.
    pub(crate) fn database_url(&self, role: &str) -> String {
        self.database.url(role)
    }

    /// Lets its server reach the database by another port of this machine from the next start on; gives the port
    /// the database itself listens on.
    pub(crate) fn reach_database_by(&mut self, port: u16) -> u16 {
        let mut url = reqwest::Url::parse(&self.database_url("frontdesk")).expect("an address");
        let own = url.port().expect("its port");
        url.set_port(Some(port)).expect("it has a host");
        self.servers.iter_mut().for_each(|server| server.set("DATABASE_URL", url.as_str()));
        own
    }

    /// Lets it live on another database from the next start on.
    pub(crate) fn lives_on(&mut self, database: Database) {
        for (name, value) in database.environment() {
            self.servers.iter_mut().for_each(|server| server.set(name, &value));
        }
        self.database = database;
    }

    /// Whether it lives on PostgreSQL.
    pub(crate) fn is_on_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// `frontdesk` on this world's data and database, not started yet.
    pub(crate) fn command(&self) -> Command {
        let mut command = tool(&self.data());
        command.envs(self.database.environment());
        command
    }

    /// What SQLite finds when it checks the whole file: `ok`. PostgreSQL checks itself when it starts.
    pub(crate) async fn integrity(&self) -> String {
        let Pool::Sqlite(pool) = self.database().await else { return "ok".to_owned() };
        let found = sqlx::query_scalar("pragma integrity_check").fetch_one(&pool).await.expect("a check");
        pool.close().await;
        found
    }

    /// One number from the database.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let pool = self.database().await;
        let count = both!(&pool, it => sqlx::query_scalar(sql).fetch_one(it).await).expect("a number");
        pool.close().await;
        count
    }

    /// Changes the database, as another process would.
    pub(crate) async fn change(&self, sql: impl Into<String>) {
        self.database.change(&self.data(), sql.into()).await;
    }

    /// The id of the first tenant's site.
    pub(crate) async fn site_id(&self) -> SiteId {
        let pool = self.database().await;
        let id: Uuid = both!(&pool, it => sqlx::query_scalar("select id from site where key = $1")
            .bind(&self.acme.site).fetch_one(it).await)
        .expect("a site");
        pool.close().await;
        SiteId(id)
    }

    /// A visitor of the first tenant's shop, not connected yet.
    pub(crate) async fn visitor(&self) -> Visitor {
        Visitor::arrives(&self.url(), &self.origin(), &self.acme.site).await
    }

    /// An agent of the first tenant, signed in but not connected yet.
    pub(crate) async fn agent(&self, name: &str) -> Agent {
        Agent::signs_in(&self.url(), &self.origin(), &self.acme, name).await
    }
}

/// Runs a command with standard input; gives success, output, and what it said on standard error.
fn fed(mut command: Command, input: &str) -> (bool, String, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("frontdesk runs");
    let mut stdin = child.stdin.take().expect("its input");
    // What needs no input, or was refused at once, may have ended before it is written.
    let _ = writeln!(stdin, "{input}");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// The command line, as an operator scripts it.
struct Tools {
    data: PathBuf,
    origin: String,
    database: Vec<(&'static str, String)>,
}

impl Tools {
    fn tenant(&self, slug: &str, shop: &str, agents: &[&str], policy: &Value) -> Tenant {
        let made = self.json(&["tenant", "create", slug, "--name", slug], "");
        self.set(slug, policy);
        let id = text(&made, "id");
        let member = |name: &str, role| self.person(slug, name, &["--tenant", slug, "--role", role]);
        let mut people = vec![member("Olga", "owner")];
        people.extend(agents.iter().map(|name| member(name, "agent")));
        let site = self.json(&["site", "create", "--tenant", slug, "--name", "Shop", "--origin", shop], "");
        Tenant {
            id: TenantId::parse(&id).expect("a tenant id"),
            slug: slug.to_owned(),
            site: text(&site, "key"),
            snippet: text(&site, "snippet"),
            origin: shop.to_owned(),
            people,
        }
    }

    fn set(&self, slug: &str, policy: &Value) {
        let settings: Vec<String> = policy
            .as_object()
            .expect("settings by name")
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let mut arguments = vec!["tenant", "set", slug];
        arguments.extend(settings.iter().map(String::as_str));
        self.json(&arguments, "");
    }

    fn person(&self, host: &str, name: &str, membership: &[&str]) -> Person {
        let person = Person {
            name: name.to_owned(),
            email: format!("{}@{host}.example", name.to_lowercase()),
            password: format!("pw-{}", Uuid::new_v4()),
        };
        let new = ["account", "create", "--name", name, "--email", &person.email];
        self.json(&[&new, membership].concat(), &person.password);
        person
    }

    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let mut command = tool(&self.data);
        command.envs(self.database.iter().cloned()).env("FRONTDESK_PUBLIC_URL", &self.origin);
        command.args(arguments).arg("--json");
        let (done, out, err) = fed(command, input);
        assert!(done, "{arguments:?} failed: {out}{err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }
}

/// A text member of what a command printed.
fn text(value: &Value, name: &str) -> String {
    let found = value.get(name).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
