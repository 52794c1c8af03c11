//! A PostgreSQL server for tests. It ends with the process that started it, however that ends, and leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::free_port;

/// The role that owns the tables.
pub const OWNER: &str = "frontdesk_owner";
/// The role that serves.
pub const SERVES: &str = "frontdesk";
/// The superuser, behind whom is no wall between tenants.
pub const SUPERUSER: &str = "tests";
/// Every server has it.
const FIRST: &str = "postgres";
/// How long a server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(40);

/// Whether tests are to run on PostgreSQL: `FRONTDESK_TEST_DATABASE` is `postgres`; without it, or with `sqlite`, they run
/// on SQLite.
///
/// # Panics
/// When it is anything else.
pub fn is_chosen() -> bool {
    match std::env::var("FRONTDESK_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("FRONTDESK_TEST_DATABASE={other}: sqlite or postgres"),
    }
}

/// A running server with the roles [`OWNER`] and [`SERVES`].
pub struct Postgres {
    port: u16,
    folder: PathBuf,
    _watch: Child,
}

impl Postgres {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not start.
    pub fn start() -> Self {
        let shared = Path::new("/dev/shm");
        // In memory where there is such a place: a commit waits for the disk, and there are thousands.
        let place = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let folder = place.join(format!("frontdesk-postgres-{}", Uuid::new_v4()));
        let port = free_port();
        let watch = Command::new("sh")
            .arg("-c")
            .arg(SERVER)
            .env("FOLDER", &folder)
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let server = Self { port, folder, _watch: watch };
        server.ready();
        for role in [OWNER, SERVES] {
            server.sql(FIRST, &format!("create role {role} login"));
        }
        server
    }

    fn ready(&self) {
        let begin = Instant::now();
        while !self.psql(FIRST, "select 1").0 {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < READY_WITHIN, "the database server is not ready: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Makes a database of [`OWNER`]'s, as a copy of another when one is given.
    ///
    /// # Panics
    /// When that is refused.
    pub fn create(&self, name: &str, template: Option<&str>) {
        let template = template.map(|template| format!("template {template}")).unwrap_or_default();
        self.sql(FIRST, &format!("create database {name} {template} owner {OWNER}"));
    }

    /// Takes a database away, whoever uses it.
    pub fn remove(&self, name: &str) {
        self.psql(FIRST, &format!("drop database if exists {name} with (force)"));
    }

    /// Runs SQL as [`SUPERUSER`].
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, database: &str, sql: &str) {
        let (done, text) = self.psql(database, sql);
        assert!(done, "{sql}: {text}");
    }

    /// Runs SQL as [`SUPERUSER`]; gives success and what is wrong.
    fn psql(&self, database: &str, sql: &str) -> (bool, String) {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql])
            .arg(self.url(SUPERUSER, database))
            .stdin(Stdio::null())
            .output()
            .expect("psql is installed: see scripts/setup-test.sh");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The address of a database for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// Makes and runs a server until its standard input ends, which is when the test process does. The server
/// refuses to run as root, so root hands it to another account.
const SERVER: &str = r#"
set -eu
PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
as=""
mkdir -m 700 "$FOLDER"
if [ "$(id -u)" -eq 0 ]; then
	account=nobody
	id postgres >/dev/null 2>&1 && account=postgres
	chown "$account" "$FOLDER"
	as="setpriv --reuid=$account --regid=$(id -g "$account") --clear-groups"
fi
trap 'rm -rf "$FOLDER"' EXIT
cd /
$as initdb --pgdata "$FOLDER/data" --username tests --auth trust --encoding UTF8 --no-locale --no-sync >"$FOLDER/log" 2>&1
$as postgres -D "$FOLDER/data" -p "$PORT" -k "$FOLDER" -c listen_addresses=127.0.0.1 -c max_connections=300 \
	-c shared_buffers=32MB -c max_wal_size=64MB -c autovacuum=off >>"$FOLDER/log" 2>&1 </dev/null &
server=$!
trap 'kill -INT $server 2>/dev/null; wait $server; rm -rf "$FOLDER"' EXIT
read -r _ || true
"#;
