//! The database a world lives on. `FRONTDESK_TEST_DATABASE=postgres` runs the same tests on PostgreSQL: a
//! throw-away server of this test process, a database for each world, a role that serves and one that owns.
//! The server ends with the process that started it, however that ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use uuid::Uuid;

use crate::basics::{DEADLINE, free_port};

/// Who owns the tables.
const OWNER: &str = "frontdesk_owner";
/// Who serves.
const SERVES: &str = "frontdesk";
/// What every world's database is copied from.
const TEMPLATE: &str = "frontdesk_template";

/// The database of one world.
pub(crate) enum Database {
    /// A file in the world's data folder.
    Sqlite,
    /// A database of the process's server.
    Postgres(String),
}

/// A connection that sees everything, for looking at what is stored.
pub(crate) enum Pool {
    /// Of a file, read only.
    Sqlite(sqlx::SqlitePool),
    /// Of a server, as its superuser.
    Postgres(sqlx::PgPool),
}

/// Runs the same expression on either pool: `both!(pool, it => sqlx::query_scalar(SQL).fetch_one(it).await)`.
macro_rules! both {
    ($pool:expr, $it:ident => $body:expr) => {
        match $pool {
            $crate::database::Pool::Sqlite($it) => $body,
            $crate::database::Pool::Postgres($it) => $body,
        }
    };
}
pub(crate) use both;

impl Pool {
    /// Closes it.
    pub(crate) async fn close(self) {
        both!(self, pool => pool.close().await);
    }
}

/// Whether the tests run on PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    match std::env::var("FRONTDESK_TEST_DATABASE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("FRONTDESK_TEST_DATABASE={other}: sqlite or postgres"),
    }
}

impl Database {
    /// A new one, as the environment says.
    pub(crate) fn new() -> Self {
        if on_postgres() { Self::new_postgres() } else { Self::Sqlite }
    }

    /// A new one of the process's server, whatever the environment says.
    pub(crate) fn new_postgres() -> Self {
        let name = format!("w{}", Uuid::new_v4().simple());
        cluster().sql("postgres", &format!("create database {name} template {TEMPLATE} owner {OWNER}"));
        Self::Postgres(name)
    }

    /// A new one of the process's server in which nothing is.
    pub(crate) fn new_postgres_without_tables() -> Self {
        let name = format!("w{}", Uuid::new_v4().simple());
        cluster().sql("postgres", &format!("create database {name} owner {OWNER}"));
        Self::Postgres(name)
    }

    /// What the server is told about it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite => Vec::new(),
            Self::Postgres(name) => cluster().environment(name),
        }
    }

    /// A connection that sees everything.
    pub(crate) async fn open(&self, data: &Path) -> Pool {
        self.open_for(data, true).await
    }

    /// Changes it, as another process would.
    pub(crate) async fn change(&self, data: &Path, sql: String) {
        let pool = self.open_for(data, false).await;
        both!(&pool, it => sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(it).await.map(drop)).expect("a change");
        pool.close().await;
    }

    async fn open_for(&self, data: &Path, reading: bool) -> Pool {
        match self {
            Self::Sqlite => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(data.join("frontdesk.db"))
                    .read_only(reading)
                    .busy_timeout(DEADLINE / 2);
                Pool::Sqlite(sqlx::SqlitePool::connect_with(options).await.expect("the database opens"))
            }
            Self::Postgres(name) => {
                let url = cluster().url("tests", name);
                Pool::Postgres(sqlx::PgPool::connect(&url).await.expect("the database opens"))
            }
        }
    }

    /// The address of a server's database for a role.
    pub(crate) fn url(&self, role: &str) -> String {
        match self {
            Self::Sqlite => panic!("a file has no address"),
            Self::Postgres(name) => cluster().url(role, name),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres(name) = self {
            cluster().psql("postgres", &format!("drop database if exists {name} with (force)"));
        }
    }
}

/// The server of this process.
struct Cluster {
    port: u16,
    folder: PathBuf,
    _watch: Child,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    fn start() -> Self {
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
        let cluster = Self { port, folder, _watch: watch };
        cluster.ready();
        cluster.sql("postgres", &format!("create role {OWNER} login"));
        cluster.sql("postgres", &format!("create role {SERVES} login"));
        cluster.sql("postgres", &format!("create database {TEMPLATE} owner {OWNER}"));
        let migrated = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .env_clear()
            .env("FRONTDESK_DATA", cluster.folder.with_extension("data"))
            .envs(cluster.environment(TEMPLATE))
            .arg("migrate")
            .output()
            .expect("frontdesk runs");
        let _ = std::fs::remove_dir_all(cluster.folder.with_extension("data"));
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        cluster
    }

    fn ready(&self) {
        let begin = Instant::now();
        while !self.psql("postgres", "select 1").0 {
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < DEADLINE * 2, "the database server is not ready: {}", log());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn sql(&self, database: &str, sql: &str) {
        let (done, text) = self.psql(database, sql);
        assert!(done, "{sql}: {text}");
    }

    fn psql(&self, database: &str, sql: &str) -> (bool, String) {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql])
            .arg(self.url("tests", database))
            .stdin(Stdio::null())
            .output()
            .expect("psql is installed: see scripts/setup-test.sh");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    fn environment(&self, database: &str) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.url(SERVES, database)),
            ("FRONTDESK_DATABASE_OWNER_URL", self.url(OWNER, database)),
            ("FRONTDESK_DATABASE_CONNECTIONS", "6".to_owned()),
            ("FRONTDESK_DATABASE_LANES", "2".to_owned()),
        ]
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
