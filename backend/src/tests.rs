//! Where an installation of a test beside the code lives: a data folder, and the database that
//! `FRONTDESK_TEST_DATABASE` names, as for the tests in `tests/it`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use faults::postgres::{self, OWNER, SERVES};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::config::Config;
use crate::config::database::{Database, Postgres};
use crate::store::Store;

/// What every database is copied from.
const TEMPLATE: &str = "frontdesk_template";

/// A place of its own, gone with the value.
pub(crate) struct Place {
    data: PathBuf,
    /// The database on the server of this process; without one it is a file.
    database: Option<String>,
}

impl Place {
    /// A place where nothing is yet but tables.
    pub(crate) async fn new(purpose: &str) -> Self {
        let data = std::env::temp_dir().join(format!("frontdesk-{purpose}-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&data).unwrap();
        let database = if postgres::is_chosen() { Some(copied().await) } else { None };
        Self { data, database }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The default of everything, without limits, in this place.
    pub(crate) async fn config(&self) -> Config {
        let config = Config { rate_limits: false, ..Config::with_data(&self.data) };
        match &self.database {
            None => config,
            Some(name) => Config { database: addresses(server().await, name), ..config },
        }
    }

    /// Changes the row with an id as nothing in the program would. `sql` ends with `where id =`.
    pub(crate) async fn damage(&self, sql: &str, id: Uuid) {
        match &self.database {
            None => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.data.join("frontdesk.db"));
                let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
                let sql = sqlx::AssertSqlSafe(format!("{sql} $1"));
                assert_eq!(sqlx::query(sql).bind(id).execute(&pool).await.unwrap().rows_affected(), 1);
                pool.close().await;
            }
            Some(name) => server().await.sql(name, &format!("{sql} '{id}'")),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
        if let (Some(name), Some(server)) = (&self.database, SERVER.get()) {
            server.remove(name);
        }
    }
}

static SERVER: OnceCell<postgres::Postgres> = OnceCell::const_new();

/// The server of this process, with [`TEMPLATE`] in it.
async fn server() -> &'static postgres::Postgres {
    let start = async || {
        let server = tokio::task::spawn_blocking(postgres::Postgres::start).await.unwrap();
        server.create(TEMPLATE, None);
        Store::open(&addresses(&server, TEMPLATE)).await.unwrap().close().await;
        server
    };
    SERVER.get_or_init(start).await
}

async fn copied() -> String {
    let name = format!("w{}", Uuid::new_v4().simple());
    server().await.create(&name, Some(TEMPLATE));
    name
}

fn addresses(server: &postgres::Postgres, name: &str) -> Database {
    let url = |role| server.url(role, name).parse().unwrap();
    Database::Postgres(Postgres {
        url: url(SERVES),
        owner_url: Some(url(OWNER)),
        connections: 6,
        lanes: 2,
        timeout: Duration::from_secs(5),
    })
}
