//! Which Redis server nodes share.

use super::database::Database;
use super::source::{Found, Source};
use super::wrong;

/// The port of a Redis server that names none.
const PORT: u16 = 6379;
/// The port of a sentinel that names none.
const SENTINEL_PORT: u16 = 26379;
/// What is said of an address that is none.
const ALLOWED: &str = "redis://[NAME:PASSWORD@]HOST[:PORT][/NUMBER], rediss:// for TLS, \
     redis+cluster://[NAME:PASSWORD@]HOST:PORT,HOST:PORT, or redis+sentinel://[NAME:PASSWORD@]HOST:PORT,HOST:PORT/MASTER";

/// How a Redis server is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Redis {
    /// What answers at the hosts.
    pub kind: Kind,
    /// Names or addresses, with ports.
    pub hosts: Vec<(String, u16)>,
    /// Whether the connections are encrypted, and the certificates checked.
    pub tls: bool,
    /// As whom; `None` is the default user.
    pub name: Option<String>,
    /// Never logged.
    pub password: Option<String>,
    /// The password of the sentinels, when they have one. Never logged.
    pub sentinel_password: Option<String>,
    /// The number of the database; 0 in a cluster.
    pub database: u16,
}

/// What answers at the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One server.
    One,
    /// A Redis Cluster; the hosts are some of its nodes.
    Cluster,
    /// Sentinels, which know the server.
    Sentinel {
        /// What they call it.
        master: String,
    },
}

// By hand, so that a password never reaches a log.
impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redis({})", self.place())
    }
}

impl Redis {
    /// Hosts and ports, for people.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        hosts.join(",")
    }

    pub(super) fn load(source: &Source, database: &Database) -> anyhow::Result<Option<Self>> {
        let Some(found) = source.find("redis_url") else { return Ok(None) };
        let redis = Self::parse(&found.value).ok_or_else(|| wrong(&found, ALLOWED))?;
        if database.file().is_some() {
            anyhow::bail!(
                "{} is for several servers on one PostgreSQL database, and the database is SQLite, which one server \
                 serves alone: set DATABASE_URL=postgres://..., or take {} away",
                found.origin,
                found.origin
            );
        }
        Ok(Some(redis))
    }

    /// By hand, because several hosts are no URL.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, kind) = scheme.split_once('+').map_or((scheme, "one"), |(scheme, kind)| (scheme, kind));
        let tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return None,
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, password) = match user {
            None => (None, None),
            Some(user) => {
                let (name, password) = user.split_once(':')?;
                (Some(decoded(name)?).filter(|name| !name.is_empty()), Some(decoded(password)?))
            }
        };
        let mut parts = path.split('/');
        let first = parts.next().unwrap_or("");
        let (kind, number, port) = match kind {
            "one" => (Kind::One, first, PORT),
            "cluster" => (Kind::Cluster, if first.is_empty() { "" } else { return None }, PORT),
            "sentinel" if !first.is_empty() => {
                (Kind::Sentinel { master: decoded(first)? }, parts.next().unwrap_or(""), SENTINEL_PORT)
            }
            _ => return None,
        };
        let hosts: Option<Vec<_>> = hosts.split(',').map(|host| host_and_port(host, port)).collect();
        let hosts = hosts?;
        let sentinel_password = match query.split_once('=') {
            None if query.is_empty() => None,
            Some(("sentinel_password", password)) if matches!(kind, Kind::Sentinel { .. }) => Some(decoded(password)?),
            _ => return None,
        };
        if parts.next().is_some() || (kind == Kind::One && hosts.len() > 1) {
            return None;
        }
        let database = if number.is_empty() { 0 } else { number.parse().ok()? };
        Some(Self { kind, hosts, tls, name, password, sentinel_password, database })
    }
}

fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    // An IPv6 address stands in brackets.
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(default), |port| port.parse().ok())?;
    (!host.is_empty() && port > 0).then(|| (host.to_owned(), port))
}

/// A text with `%40` and the like replaced by what they stand for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match first {
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &after[2..];
            }
            byte => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// What stays of a value that may hold a password, for an error text.
pub(super) fn without_secrets(found: &Found) -> String {
    let Some((scheme, rest)) = found.value.split_once("://") else { return found.value.clone() };
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("...@", rest));
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?..."));
    format!("{scheme}://{user}{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Redis {
        Redis::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn every_form_is_read() {
        let one = parsed("redis://127.0.0.1");
        assert_eq!((one.kind, one.hosts, one.tls), (Kind::One, vec![("127.0.0.1".to_owned(), 6379)], false));
        let one = parsed("rediss://chat:p%40ss%2Fword@[::1]:7000/3");
        assert_eq!((one.name.as_deref(), one.password.as_deref()), (Some("chat"), Some("p@ss/word")));
        assert_eq!((one.hosts, one.tls, one.database), (vec![("::1".to_owned(), 7000)], true, 3));
        let default = parsed("redis://:secret@cache");
        assert_eq!((default.name, default.password.as_deref()), (None, Some("secret")));
        let cluster = parsed("redis+cluster://a:1,b:2,c");
        assert_eq!((cluster.kind.clone(), cluster.place()), (Kind::Cluster, "a:1,b:2,c:6379".to_owned()));
        let watched = parsed("rediss+sentinel://u:p@a,b:2/main/1?sentinel_password=q");
        assert_eq!(watched.kind, Kind::Sentinel { master: "main".to_owned() });
        assert_eq!((watched.place(), watched.database), ("a:26379,b:2".to_owned(), 1));
        assert_eq!(watched.sentinel_password.as_deref(), Some("q"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "redis",
            "redis://",
            "redis://:0",
            "http://cache",
            "redis://name@cache",
            "redis://a,b",
            "redis://a/one",
            "redis://a/1/2",
            "redis://a?password=x",
            "redis://a:p%4@b",
            "redis+cluster://a:1/2",
            "redis+sentinel://a:1",
            "redis+ring://a",
        ] {
            assert!(Redis::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let secret = parsed("redis+sentinel://n:hidden@a/m?sentinel_password=hidden");
        assert!(!format!("{secret:?}").contains("hidden"));
        for value in ["redis://n:hid/d?en@a,b:x/y", "redis://a?sentinel_password=hidden", "redis+x://:hidden@b"] {
            let shown = without_secrets(&Found { value: value.to_owned(), origin: String::new() });
            assert!(!shown.contains("hid"), "{shown}");
        }
    }
}
