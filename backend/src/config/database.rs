//! Which database, and how it is used.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;
use url::Url;

use super::source::{Found, Source};
use super::wrong;

/// The database of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, which several nodes may share.
    Postgres(Postgres),
}

/// How a PostgreSQL server is used.
#[derive(Clone, PartialEq, Eq)]
pub struct Postgres {
    /// `DATABASE_URL`: as whom the product reads and writes. Never logged: it may hold a password.
    pub url: Url,
    /// As whom the schema is migrated; `None` when that is the same role.
    pub owner_url: Option<Url>,
    /// Connections for reading, of each node.
    pub connections: u32,
    /// Connections for writing, of each node; each commits for everyone who waits for it.
    pub lanes: u32,
    /// A statement is given up after this long.
    pub timeout: Duration,
}

// By hand, so that a password never reaches a log.
impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Postgres({})", self.place())
    }
}

impl Postgres {
    /// Host, port and database, for people.
    pub fn place(&self) -> String {
        place(&self.url)
    }
}

/// Host, port and database of an address, for people.
pub fn place(url: &Url) -> String {
    let socket = url.query_pairs().find(|(name, _)| name == "host").map(|(_, value)| value.into_owned());
    let host = socket.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned());
    format!("{host}:{}{}", url.port().unwrap_or(5432), url.path())
}

impl Database {
    /// The path of the file, when it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// The path of the file, for what only works with one.
    ///
    /// # Errors
    /// A sentence that says what to do instead.
    pub fn needs_file(&self) -> anyhow::Result<&Path> {
        let instead = "this is for SQLite; a PostgreSQL server is backed up and restored by its own tools (pg_dump, \
             pg_restore), and beside it the key file";
        self.file().ok_or_else(|| anyhow!(instead))
    }

    pub(super) fn load(source: &Source, data: &Path) -> anyhow::Result<Self> {
        let Some(found) = source.find("database_url") else { return Ok(Self::default_file(data)) };
        match found.value.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => Ok(Self::Postgres(Postgres {
                url: address(&found)?,
                owner_url: source.find("database_owner_url").map(|found| address(&found)).transpose()?,
                connections: number(source, "database_connections", 16, 1..=1000)?,
                lanes: number(source, "database_lanes", 2, 1..=64)?,
                timeout: Duration::from_secs(number(source, "database_timeout", 5, 1..=300)?.into()),
            })),
            _ => sqlite(&found).map(Self::Sqlite),
        }
    }

    pub(super) fn default_file(data: &Path) -> Self {
        Self::Sqlite(data.join("frontdesk.db"))
    }
}

/// The file that `sqlite:PATH` names.
///
/// # Errors
/// When it names none.
pub fn sqlite(found: &Found) -> anyhow::Result<PathBuf> {
    let (scheme, rest) = found.value.split_once(':').unwrap_or((&found.value, ""));
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split('?').next().unwrap_or_default();
    if scheme != "sqlite" || path.is_empty() || path.contains(":memory:") {
        return Err(wrong(
            found,
            "sqlite:PATH of a file, such as sqlite:/var/lib/frontdesk/frontdesk.db, or \
             postgres://NAME:PASSWORD@HOST:PORT/DATABASE",
        ));
    }
    Ok(path.into())
}

/// The address of a PostgreSQL database.
///
/// # Errors
/// When it is none.
pub fn address(found: &Found) -> anyhow::Result<Url> {
    let allowed = "postgres://NAME:PASSWORD@HOST:PORT/DATABASE, with ?sslmode=verify-full for TLS";
    let url = Url::parse(&found.value).map_err(|_| wrong(found, allowed))?;
    let host = url.host_str().is_some_and(|host| !host.is_empty()) || url.query_pairs().any(|(name, _)| name == "host");
    let named = url.path().len() > 1 && !url.path()[1..].contains('/') && !url.username().is_empty();
    let known = matches!(url.scheme(), "postgres" | "postgresql");
    if known && host && named { Ok(url) } else { Err(wrong(found, allowed)) }
}

fn number(source: &Source, name: &str, default: u32, allowed: std::ops::RangeInclusive<u32>) -> anyhow::Result<u32> {
    let Some(found) = source.find(name) else { return Ok(default) };
    let parsed = found.value.parse().ok().filter(|number| allowed.contains(number));
    parsed.ok_or_else(|| {
        let (low, high) = (allowed.start(), allowed.end());
        anyhow!("{}: `{}` is not allowed; allowed: a whole number from {low} to {high}", found.origin, found.value)
    })
}
