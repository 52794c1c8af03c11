//! Set-up of every test: a data folder, tenants with people and a site made with the command line, and a
//! server process that can be killed, stopped and started again on the same port.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use protocol::ids::{SiteId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::basics::{DEADLINE, Scratch, eventually, free_port};
use crate::database::{Database, Pool, both};
use crate::people::{Agent, Visitor};

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

/// A running installation.
pub(crate) struct World {
    folder: Scratch,
    database: Database,
    port: u16,
    public_port: u16,
    environment: Vec<(String, String)>,
    launcher: Vec<String>,
    process: Mutex<Option<Child>>,
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

    /// A world whose server does not run yet.
    pub(crate) fn prepare(plan: Plan) -> Self {
        let folder = Scratch::new("world");
        let port = free_port();
        let public_port = plan.public_port.unwrap_or(port);
        let database = match (plan.on_postgres, plan.on_sqlite) {
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
        let process = Mutex::new(None);
        let (environment, launcher) = (plan.environment, plan.launcher);
        Self { database, port, public_port, environment, launcher, process, folder, acme, other, operator }
    }

    /// `http://127.0.0.1:PORT` of the server itself.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
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

    /// Starts the server and waits until it is ready.
    pub(crate) async fn serve(&self) {
        self.serve_as(&self.origin()).await;
    }

    /// Starts the server with one more variable in its environment and waits until it is ready.
    pub(crate) async fn serve_with(&self, name: &str, value: &str) {
        self.spawn(&self.origin(), &[(name, value)]);
        self.ready().await;
    }

    /// The same with a server that may end by itself at any moment.
    pub(crate) async fn serve_or_end_with(&self, name: &str, value: &str) {
        self.spawn(&self.origin(), &[(name, value)]);
        while !self.has_ended() && !self.answers().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts the server with a public address that a proxy would have.
    pub(crate) async fn serve_as(&self, origin: &str) {
        self.spawn(origin, &[]);
        self.ready().await;
    }

    fn spawn(&self, origin: &str, more: &[(&str, &str)]) {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.file("server.log")).expect("a log file");
        let child = launched(&self.launcher, &self.data())
            .envs(self.database.environment())
            .arg("serve")
            .env("FRONTDESK_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("FRONTDESK_PUBLIC_URL", origin)
            .env("RUST_LOG", "info,frontdesk=debug")
            .envs(self.environment.iter().cloned())
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("the server starts");
        *self.process.lock().expect("not poisoned") = Some(child);
    }

    async fn ready(&self) {
        let begin = Instant::now();
        while !self.answers().await {
            let ended = self.with_process(|child| child.try_wait().expect("a child"));
            assert!(ended.is_none(), "the server ended: {ended:?}\n{}", self.log());
            assert!(begin.elapsed() < DEADLINE, "the server is not ready\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the server says that it is ready.
    async fn answers(&self) -> bool {
        let url = format!("{}/readyz", self.url());
        let answer = reqwest::Client::new().get(&url).timeout(Duration::from_secs(2)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    fn with_process<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        let mut process = self.process.lock().expect("not poisoned");
        act(process.as_mut().expect("a running server"))
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.with_process(|child| child.id())
    }

    /// Whether the server has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.with_process(|child| child.try_wait().expect("a child")).is_some()
    }

    /// Ends the server as a power cut ends it.
    pub(crate) fn kill9(&self) {
        let child = self.process.lock().expect("not poisoned").take();
        let mut child = child.expect("a running server");
        child.kill().expect("SIGKILL");
        child.wait().expect("its end");
    }

    /// Kills the server and starts it again on the same port and data.
    pub(crate) async fn restart(&self) {
        self.kill9();
        self.serve().await;
    }

    /// Sets how many files the running server may have open.
    pub(crate) fn limit_files(&self, files: u32) {
        let id = self.with_process(|child| child.id());
        let set = Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--nofile={files}:")]).status();
        assert!(set.expect("prlimit runs").success());
    }

    /// Asks the server to stop, without waiting.
    pub(crate) fn sigterm(&self) {
        let id = self.pid();
        let sent = Command::new("kill").arg("-TERM").arg(id.to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until the server has ended by itself.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let status = eventually("the server ends", || {
            let status = self.with_process(|child| child.try_wait().expect("a child"));
            async move { status }
        })
        .await;
        self.process.lock().expect("not poisoned").take();
        status
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

    /// Everything the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("server.log")).unwrap_or_default()
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
        self.environment.push(("DATABASE_URL".to_owned(), url.to_string()));
        own
    }

    /// Lets it live on another database from the next start on.
    pub(crate) fn lives_on(&mut self, database: Database) {
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

impl Drop for World {
    fn drop(&mut self) {
        if let Ok(mut process) = self.process.lock()
            && let Some(mut child) = process.take()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            let _ = writeln!(std::io::stderr(), "server log, end:\n{}", tail.join("\n"));
        }
    }
}

/// The program under test: the one of this build, or another that is to be judged by these tests.
fn binary() -> OsString {
    std::env::var_os("FRONTDESK_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_frontdesk").into())
}

/// The binary on a data folder, with no other configuration than that.
fn tool(data: &std::path::Path) -> Command {
    launched(&[], data)
}

/// The same through another program.
fn launched(launcher: &[String], data: &std::path::Path) -> Command {
    let mut words: Vec<OsString> = launcher.iter().map(OsString::from).collect();
    words.push(binary());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().env("FRONTDESK_DATA", data);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
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
