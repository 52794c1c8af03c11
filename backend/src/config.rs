//! What the operator set: flags, environment, one TOML file, in that order of strength.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use url::Url;

/// Checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder for the database, attachments and keys.
    pub data: PathBuf,
    /// The address people reach this server at; scheme, host and port only.
    pub public_url: Url,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where mail is handed over; without it mail waits in the outbox.
    pub smtp_url: Option<Url>,
    /// Sender of mail.
    pub mail_from: Option<String>,
    /// File with the signing keys; made on first start. Default: `keys` in the data folder.
    pub secret_file: PathBuf,
    /// Path of the SQLite database. Default: `frontdesk.db` in the data folder.
    pub database: PathBuf,
}

impl Config {
    /// The origin browsers see: `public_url` without a trailing slash.
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }
}
