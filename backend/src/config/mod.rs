//! What the operator set: flags, environment, one TOML file, in that order of strength. Every wrong value is
//! refused at start with its name and what is allowed.

/// Which database.
pub mod database;
/// Networks of trusted proxies.
pub mod network;
/// Which Redis server.
pub mod redis;
/// Where values come from.
pub mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use lettre::message::Mailbox;
use url::Url;

use database::Database;
use network::Network;
use source::{Found, Source};

use crate::telemetry::Format;

/// What a number of connections may be.
const CONNECTIONS: std::ops::RangeInclusive<usize> = 1..=10_000_000;
/// What the life of a visitor's token may be, in seconds: the shortest is for tests, the longest is 30 days.
const TOKEN_SECONDS: std::ops::RangeInclusive<u32> = 5..=30 * 24 * 60 * 60;

/// Checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen. Port 0 means any free one.
    pub listen: SocketAddr,
    /// Folder for the database, attachments and keys.
    pub data: PathBuf,
    /// The address people reach this server at; scheme, host and port only. Port 0 becomes the port that is
    /// listened on.
    pub public_url: Url,
    /// Whether the operator set `public_url`. Commands that run beside a server use the server's otherwise.
    pub public_url_is_set: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where mail is handed over; without it mail waits in the outbox.
    pub smtp_url: Option<Url>,
    /// Sender of mail.
    pub mail_from: Option<String>,
    /// The signing keys themselves, instead of a file of them.
    pub secret: Option<Hidden>,
    /// File with the signing keys; made on first start. Default: `keys` in the data folder.
    pub secret_file: PathBuf,
    /// What nodes share besides the database; `None` when this server is the only one.
    pub redis: Option<redis::Redis>,
    /// The database. Default: SQLite, `frontdesk.db` in the data folder.
    pub database: Database,
    /// Whether operators need a second factor (rule A5). Default: where browsers come by https.
    pub operator_second_factor: bool,
    /// Whether requests and connections are counted and refused when there are too many. Off only for measurements.
    pub rate_limits: bool,
    /// Most sockets and polls open at once from one address (R2).
    pub connections_per_ip: usize,
    /// Most sockets and polls open at once of one tenant's visitors (R2).
    pub connections_per_tenant: usize,
    /// How long a visitor's token is good, in seconds.
    pub visitor_token_seconds: u32,
    /// Where `/metrics` is served; nowhere without it. Never on the public listener: numbers of an installation are
    /// for those who run it.
    pub metrics_listen: Option<SocketAddr>,
}

/// A value that no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("...")
    }
}

impl Config {
    /// A configuration with the default of everything, with this data folder and any free port on loopback.
    pub fn with_data(data: &Path) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.to_owned(),
            public_url: local_url(0),
            public_url_is_set: false,
            trusted_proxies: Vec::new(),
            smtp_url: None,
            mail_from: None,
            secret: None,
            secret_file: data.join("keys"),
            redis: None,
            database: Database::default_file(data),
            operator_second_factor: false,
            rate_limits: true,
            connections_per_ip: 1_000,
            connections_per_tenant: 20_000,
            visitor_token_seconds: 30 * 24 * 60 * 60,
            metrics_listen: None,
        }
    }

    /// Reads and checks every setting.
    ///
    /// # Errors
    /// The first value that is not allowed, with where it came from and what is allowed.
    pub fn load(source: &Source) -> anyhow::Result<Self> {
        let data = source.find("data").map_or_else(|| PathBuf::from("data"), |found| PathBuf::from(found.value));
        let defaults = Self::with_data(&data);
        let default_listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        let listen = source.find("listen").map_or(Ok(default_listen), |found| listen(&found))?;
        let smtp_url = source.find("smtp_url").map(|found| smtp(&found)).transpose()?;
        let mail_from = source.find("mail_from").map(|found| sender(&found)).transpose()?;
        if smtp_url.is_some() && mail_from.is_none() {
            bail!(
                "FRONTDESK_MAIL_FROM is needed with FRONTDESK_SMTP_URL: the sender of mail, such as `Shop <chat@shop.example>`"
            );
        }
        let public_url = source.find("public_url").map_or(Ok(local_url(listen.port())), |found| public(&found))?;
        let database = Database::load(source, &data)?;
        let by_address = public_url.scheme() == "https";
        let operator_second_factor = source.find("operator_second_factor");
        Ok(Self {
            listen,
            public_url_is_set: source.find("public_url").is_some(),
            operator_second_factor: operator_second_factor.map_or(Ok(by_address), |found| required(&found))?,
            public_url,
            trusted_proxies: source.find("trusted_proxies").map_or(Ok(Vec::new()), |found| proxies(&found))?,
            smtp_url,
            mail_from,
            secret: source.find("secret").map(|found| Hidden(found.value)),
            secret_file: source.find("secret_file").map_or(defaults.secret_file, |found| found.value.into()),
            redis: redis::Redis::load(source, &database)?,
            database,
            rate_limits: source.find("rate_limits").map_or(Ok(true), |found| on_or_off(&found))?,
            connections_per_ip: source
                .find("connections_per_ip")
                .map_or(Ok(defaults.connections_per_ip), |found| number(&found, CONNECTIONS))?,
            connections_per_tenant: source
                .find("connections_per_tenant")
                .map_or(Ok(defaults.connections_per_tenant), |found| number(&found, CONNECTIONS))?,
            visitor_token_seconds: source
                .find("visitor_token_seconds")
                .map_or(Ok(defaults.visitor_token_seconds), |found| number(&found, TOKEN_SECONDS))?,
            metrics_listen: source.find("metrics_listen").map(|found| self::listen(&found)).transpose()?,
            data,
        })
    }

    /// The origin browsers see: `public_url` without a trailing slash.
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Whether browsers reach this server by https.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Puts the port that is listened on where 0 stood.
    pub fn bound(&mut self, port: u16) {
        self.listen.set_port(port);
        if self.public_url.port() == Some(0) {
            // Refused only for addresses without a host, which this is not.
            let _ = self.public_url.set_port(Some(port));
        }
    }
}

#[expect(clippy::expect_used, reason = "the text is an address whatever the port")]
fn local_url(port: u16) -> Url {
    Url::parse(&format!("http://localhost:{port}")).expect("an address")
}

fn wrong(found: &Found, allowed: &str) -> anyhow::Error {
    anyhow!("{}: `{}` is not allowed; allowed: {allowed}", found.origin, found.shown())
}

fn listen(found: &Found) -> anyhow::Result<SocketAddr> {
    found.value.parse().map_err(|_| wrong(found, "IP:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"))
}

fn public(found: &Found) -> anyhow::Result<Url> {
    let allowed = "http:// or https:// with a host and nothing after it, such as https://chat.example.com";
    let url = Url::parse(&found.value).map_err(|_| wrong(found, allowed))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url) } else { Err(wrong(found, allowed)) }
}

fn proxies(found: &Found) -> anyhow::Result<Vec<Network>> {
    let allowed = "addresses or networks separated by commas, such as 127.0.0.1, 10.0.0.0/8, fd00::/8";
    let parts = found.value.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| Network::parse(part).ok_or_else(|| wrong(found, allowed))).collect()
}

fn smtp(found: &Found) -> anyhow::Result<Url> {
    let allowed = "smtp://HOST:PORT or smtps://HOST:PORT, with NAME:PASSWORD@ before HOST when the server asks for it";
    let url = Url::parse(&found.value).map_err(|_| wrong(found, allowed))?;
    let good = matches!(url.scheme(), "smtp" | "smtps") && url.host_str().is_some_and(|host| !host.is_empty());
    if good { Ok(url) } else { Err(wrong(found, allowed)) }
}

fn sender(found: &Found) -> anyhow::Result<String> {
    let parsed: Result<Mailbox, _> = found.value.parse();
    parsed.map_err(|_| wrong(found, "an e-mail address, or NAME <ADDRESS>"))?;
    Ok(found.value.clone())
}

fn required(found: &Found) -> anyhow::Result<bool> {
    match found.value.as_str() {
        "required" => Ok(true),
        "optional" => Ok(false),
        _ => Err(wrong(found, "required, optional")),
    }
}

/// A number within bounds.
fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    found: &Found,
    allowed: std::ops::RangeInclusive<T>,
) -> anyhow::Result<T> {
    let number = found.value.trim().parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        anyhow!("{}: `{}` must be a number from {} to {}", found.origin, found.value, allowed.start(), allowed.end())
    })
}

/// Form of log lines; known before the rest, because the rest may be wrong.
///
/// # Errors
/// When it is no form.
pub fn log_format(source: &Source) -> anyhow::Result<Format> {
    let Some(found) = source.find("log_format") else { return Ok(Format::default()) };
    match found.value.as_str() {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err(wrong(&found, "text, json")),
    }
}

fn on_or_off(found: &Found) -> anyhow::Result<bool> {
    match found.value.as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(wrong(found, "on, off")),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod documents;
