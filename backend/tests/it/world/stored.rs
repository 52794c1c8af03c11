//! The database of a world, seen beside its servers.

use protocol::ids::SiteId;
use uuid::Uuid;

use super::World;
use crate::database::{Database, Pool, both};

impl World {
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

    /// An id as it stands in SQL.
    pub(crate) fn literal(&self, id: Uuid) -> String {
        if self.is_on_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
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
}
