//! Where a benchmark keeps its data: in its folder, or in the empty PostgreSQL database that `DATABASE_URL` names.

use std::path::Path;
use std::time::Duration;

use frontdesk::config::Config;
use frontdesk::config::database::{Database, Postgres};

/// Without rate limits; two lanes on PostgreSQL.
///
/// # Errors
/// When `DATABASE_URL` is no address.
pub(crate) fn config(folder: &Path) -> anyhow::Result<Config> {
    let config = Config { rate_limits: false, ..Config::with_data(folder) };
    let Ok(url) = std::env::var("DATABASE_URL") else { return Ok(config) };
    let postgres =
        Postgres { url: url.parse()?, owner_url: None, connections: 4, lanes: 2, timeout: Duration::from_secs(120) };
    Ok(Config { database: Database::Postgres(postgres), ..config })
}
