//! What the nodes of a throw-away installation share: a database, keys and Redis. Only flags say where. What environment
//! and file say is of an installation that exists, and nobody shall fill that by a measurement.

use anyhow::bail;

use super::options::Load;
use crate::auth::secret::Secret;
use crate::config::Config;
use crate::config::database::{Database, Postgres};
use crate::config::source::Flags;
use crate::store::inspect;

/// Settings of database and Redis.
const SETTINGS: [&str; 6] =
    ["database_url", "database_owner_url", "database_connections", "database_lanes", "database_timeout", "redis_url"];

/// Those that stand on the command line, as variables of the environment.
#[derive(Clone, Default)]
pub(super) struct Shared(Vec<(&'static str, String)>);

// By hand, so that a password never reaches a log.
impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Shared {
    /// What the command line says.
    pub(super) fn of(flags: &Flags) -> Self {
        Self(flags.as_environment(&SETTINGS))
    }

    fn has(&self, variable: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == variable)
    }

    /// Whether it says where the database is.
    pub(super) fn is_given(&self) -> bool {
        self.has("DATABASE_URL")
    }

    /// Refuses all of it beside a server that runs, which has its own.
    pub(super) fn check_unused(&self) -> anyhow::Result<()> {
        match self.0.first() {
            Some((name, _)) => bail!("{} is for --start: a running server has its own", flag(name)),
            None => Ok(()),
        }
    }

    /// The environment of a throw-away installation's nodes: nothing for a server with a file of its own.
    ///
    /// # Errors
    /// When something is missing, or the database is none of PostgreSQL or not empty.
    pub(super) async fn environment(
        &self,
        config: &Config,
        load: &Load,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        if !self.has("DATABASE_URL") {
            if let Some((name, _)) = self.0.first() {
                bail!("{} needs --database-url with an empty PostgreSQL database", flag(name));
            }
            if load.nodes > 1 {
                bail!("--nodes needs --database-url with an empty PostgreSQL database, and --redis-url");
            }
            return Ok(Vec::new());
        }
        if load.nodes > 1 && !self.has("REDIS_URL") {
            bail!("--nodes needs --redis-url: several nodes share a Redis server");
        }
        match &config.database {
            Database::Postgres(settings) => check_empty(settings).await?,
            Database::Sqlite(_) => bail!(
                "--database-url is for an empty PostgreSQL database, postgres://...; without it the throw-away server has \
                 an SQLite file of its own"
            ),
        }
        let mut all = self.0.clone();
        all.push(("FRONTDESK_SECRET", Secret::new().token));
        Ok(all)
    }
}

/// The flag of a setting, by its variable.
fn flag(variable: &str) -> String {
    let name = variable.strip_prefix("FRONTDESK_").unwrap_or(variable);
    format!("--{}", name.to_lowercase().replace('_', "-"))
}

async fn check_empty(settings: &Postgres) -> anyhow::Result<()> {
    match inspect::tables(settings).await? {
        0 => Ok(()),
        tables => bail!(
            "the database {} is not empty (it has {tables} tables): --start needs one that holds nothing, and leaves in it \
             what was measured",
            settings.place()
        ),
    }
}
