//! The database a world lives on. `FRONTDESK_TEST_DATABASE=postgres` runs the same tests on PostgreSQL: a
//! throw-away server of this test process, a database for each world, a role that serves and one that owns.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

pub(crate) use faults::postgres::is_chosen as on_postgres;
use faults::postgres::{OWNER, Postgres, SERVES, SUPERUSER};
use uuid::Uuid;

use crate::basics::{DEADLINE, Scratch};

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

impl Database {
    /// A new one, as the environment says.
    pub(crate) fn new() -> Self {
        if on_postgres() { Self::new_postgres() } else { Self::Sqlite }
    }

    /// A new one of the process's server, whatever the environment says.
    pub(crate) fn new_postgres() -> Self {
        Self::new_postgres_of(Some(TEMPLATE))
    }

    /// A new one of the process's server in which nothing is.
    pub(crate) fn new_postgres_without_tables() -> Self {
        Self::new_postgres_of(None)
    }

    fn new_postgres_of(template: Option<&str>) -> Self {
        let name = format!("w{}", Uuid::new_v4().simple());
        server().create(&name, template);
        Self::Postgres(name)
    }

    /// What the server is told about it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite => Vec::new(),
            Self::Postgres(name) => environment(server(), name),
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
                let url = server().url(SUPERUSER, name);
                Pool::Postgres(sqlx::PgPool::connect(&url).await.expect("the database opens"))
            }
        }
    }

    /// The address of a server's database for a role.
    pub(crate) fn url(&self, role: &str) -> String {
        match self {
            Self::Sqlite => panic!("a file has no address"),
            Self::Postgres(name) => server().url(role, name),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres(name) = self {
            server().remove(name);
        }
    }
}

/// The server of this process, with [`TEMPLATE`] in it.
fn server() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Postgres::start();
        server.create(TEMPLATE, None);
        let data = Scratch::new("template");
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        migrate.env_clear().env("FRONTDESK_DATA", data.path()).envs(environment(&server, TEMPLATE)).arg("migrate");
        let migrated = migrate.output().expect("frontdesk runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        server
    })
}

fn environment(server: &Postgres, database: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", server.url(SERVES, database)),
        ("FRONTDESK_DATABASE_OWNER_URL", server.url(OWNER, database)),
        ("FRONTDESK_DATABASE_CONNECTIONS", "6".to_owned()),
        ("FRONTDESK_DATABASE_LANES", "2".to_owned()),
    ]
}
