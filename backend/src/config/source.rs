//! Where values come from: flags over environment over file.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

/// Every setting: its name in the file, and its environment variable.
pub const SETTINGS: &[(&str, &str)] = &[
    ("listen", "FRONTDESK_LISTEN"),
    ("data", "FRONTDESK_DATA"),
    ("public_url", "FRONTDESK_PUBLIC_URL"),
    ("trusted_proxies", "FRONTDESK_TRUSTED_PROXIES"),
    ("smtp_url", "FRONTDESK_SMTP_URL"),
    ("mail_from", "FRONTDESK_MAIL_FROM"),
    ("secret", "FRONTDESK_SECRET"),
    ("secret_file", "FRONTDESK_SECRET_FILE"),
    ("database_url", "DATABASE_URL"),
    ("database_owner_url", "FRONTDESK_DATABASE_OWNER_URL"),
    ("database_connections", "FRONTDESK_DATABASE_CONNECTIONS"),
    ("database_lanes", "FRONTDESK_DATABASE_LANES"),
    ("database_timeout", "FRONTDESK_DATABASE_TIMEOUT"),
    ("redis_url", "REDIS_URL"),
    ("operator_second_factor", "FRONTDESK_OPERATOR_SECOND_FACTOR"),
    ("rate_limits", "FRONTDESK_RATE_LIMITS"),
    ("connections_per_ip", "FRONTDESK_CONNECTIONS_PER_IP"),
    ("connections_per_tenant", "FRONTDESK_CONNECTIONS_PER_TENANT"),
    ("visitor_token_seconds", "FRONTDESK_VISITOR_TOKEN_SECONDS"),
    ("metrics_listen", "FRONTDESK_METRICS_LISTEN"),
    ("log_format", "FRONTDESK_LOG_FORMAT"),
];

/// The file read when it exists and no other is named.
const DEFAULT_FILE: &str = "frontdesk.toml";

/// The flags of every command that needs the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Configuration file (TOML) [default: frontdesk.toml if there is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder for database, attachments and keys [env: FRONTDESK_DATA] [default: data]
    #[arg(long, value_name = "FOLDER", global = true)]
    pub data: Option<String>,
    /// Where to listen [env: FRONTDESK_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "IP:PORT", global = true)]
    pub listen: Option<String>,
    /// Address people reach this server at [env: FRONTDESK_PUBLIC_URL] [default: http://localhost:PORT]
    #[arg(long, value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed, with commas [env: FRONTDESK_TRUSTED_PROXIES]
    #[arg(long, value_name = "IPS", global = true)]
    pub trusted_proxies: Option<String>,
    /// Mail server; better by environment, because others may read flags [env: FRONTDESK_SMTP_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub smtp_url: Option<String>,
    /// Sender of mail [env: FRONTDESK_MAIL_FROM]
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub mail_from: Option<String>,
    /// File with the signing keys, made on first start [env: FRONTDESK_SECRET_FILE] [default: DATA/keys]
    #[arg(long, value_name = "FILE", global = true)]
    pub secret_file: Option<String>,
    /// Database, sqlite:PATH or postgres://...; better by environment, because others may read flags
    /// [env: DATABASE_URL] [default: DATA/frontdesk.db]
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,
    /// PostgreSQL: as whom to migrate the schema [env: FRONTDESK_DATABASE_OWNER_URL] [default: as DATABASE_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub database_owner_url: Option<String>,
    /// PostgreSQL: connections for reading, 1-1000 [env: FRONTDESK_DATABASE_CONNECTIONS] [default: 16]
    #[arg(long, value_name = "N", global = true)]
    pub database_connections: Option<String>,
    /// PostgreSQL: connections for writing, 1-64 [env: FRONTDESK_DATABASE_LANES] [default: 2]
    #[arg(long, value_name = "N", global = true)]
    pub database_lanes: Option<String>,
    /// PostgreSQL: seconds after which a statement is given up, 1-300 [env: FRONTDESK_DATABASE_TIMEOUT] [default: 5]
    #[arg(long, value_name = "SECONDS", global = true)]
    pub database_timeout: Option<String>,
    /// Redis, when several servers share a PostgreSQL database; better by environment [env: REDIS_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub redis_url: Option<String>,
    /// Second step when operators sign in [env: FRONTDESK_OPERATOR_SECOND_FACTOR] [default: required on https]
    #[arg(long, value_name = "required|optional", global = true)]
    pub operator_second_factor: Option<String>,
    /// Whether too many requests are refused, on or off [env: FRONTDESK_RATE_LIMITS] [default: on]
    #[arg(long, value_name = "ON|OFF", global = true)]
    pub rate_limits: Option<String>,
    /// Most sockets and polls open at once from one address [env: FRONTDESK_CONNECTIONS_PER_IP] [default: 1000]
    #[arg(long, value_name = "COUNT", global = true)]
    pub connections_per_ip: Option<String>,
    /// Most sockets and polls of one tenant's visitors [env: FRONTDESK_CONNECTIONS_PER_TENANT] [default: 20000]
    #[arg(long, value_name = "COUNT", global = true)]
    pub connections_per_tenant: Option<String>,
    /// How long a visitor's token is good [env: FRONTDESK_VISITOR_TOKEN_SECONDS] [default: 2592000, 30 days]
    #[arg(long, value_name = "SECONDS", global = true)]
    pub visitor_token_seconds: Option<String>,
    /// Where /metrics is served, for those who run it alone [env: FRONTDESK_METRICS_LISTEN] [default: nowhere]
    #[arg(long, value_name = "IP:PORT", global = true)]
    pub metrics_listen: Option<String>,
    /// Form of log lines [env: FRONTDESK_LOG_FORMAT] [default: text]
    #[arg(long, value_name = "text|json", global = true)]
    pub log_format: Option<String>,
    /// The database as a command names it: where it stood and the address. Stronger than the flag.
    #[arg(skip)]
    pub named_database: Option<(&'static str, String)>,
}

impl Flags {
    /// Those of the named settings that stand on the command line, as variables of the environment.
    pub fn as_environment(&self, names: &[&str]) -> Vec<(&'static str, String)> {
        let wanted = SETTINGS.iter().filter(|(name, _)| names.contains(name));
        wanted.filter_map(|(name, variable)| Some((*variable, self.get(name)?.clone()))).collect()
    }

    fn get(&self, name: &str) -> Option<&String> {
        match name {
            "listen" => self.listen.as_ref(),
            "data" => self.data.as_ref(),
            "public_url" => self.public_url.as_ref(),
            "trusted_proxies" => self.trusted_proxies.as_ref(),
            "smtp_url" => self.smtp_url.as_ref(),
            "mail_from" => self.mail_from.as_ref(),
            "secret_file" => self.secret_file.as_ref(),
            "database_url" => self.database_url.as_ref(),
            "database_owner_url" => self.database_owner_url.as_ref(),
            "database_connections" => self.database_connections.as_ref(),
            "database_lanes" => self.database_lanes.as_ref(),
            "database_timeout" => self.database_timeout.as_ref(),
            "redis_url" => self.redis_url.as_ref(),
            "operator_second_factor" => self.operator_second_factor.as_ref(),
            "rate_limits" => self.rate_limits.as_ref(),
            "connections_per_ip" => self.connections_per_ip.as_ref(),
            "connections_per_tenant" => self.connections_per_tenant.as_ref(),
            "visitor_token_seconds" => self.visitor_token_seconds.as_ref(),
            "metrics_listen" => self.metrics_listen.as_ref(),
            "log_format" => self.log_format.as_ref(),
            _ => None,
        }
    }
}

/// A value and where it stood.
pub struct Found {
    /// The value.
    pub value: String,
    /// Where it stood, in words.
    pub origin: String,
}

impl Found {
    /// The value for an error text, without a password.
    pub fn shown(&self) -> String {
        super::redis::without_secrets(self)
    }
}

/// What a variable of the environment holds.
type Environment = Box<dyn Fn(&str) -> Option<String>>;

/// The three places, strongest first.
pub struct Source {
    flags: Flags,
    environment: Environment,
    file: Option<(PathBuf, toml::Table)>,
}

impl Source {
    /// The flags, the environment of this process, and the file.
    ///
    /// # Errors
    /// When the file cannot be read or holds something unknown.
    pub fn new(flags: Flags) -> anyhow::Result<Self> {
        Self::with_environment(flags, |name| std::env::var(name).ok())
    }

    /// The same with another environment.
    ///
    /// # Errors
    /// When the file cannot be read or holds something unknown.
    pub fn with_environment(
        flags: Flags,
        environment: impl Fn(&str) -> Option<String> + 'static,
    ) -> anyhow::Result<Self> {
        let default = Path::new(DEFAULT_FILE);
        let path = flags.config.clone().or_else(|| default.exists().then(|| default.to_owned()));
        let file = path.map(|path| read(&path).map(|table| (path, table))).transpose()?;
        Ok(Self { flags, environment: Box::new(environment), file })
    }

    /// The strongest value of a setting. An empty variable counts as not set.
    pub fn find(&self, name: &str) -> Option<Found> {
        if let (Some((origin, value)), "database_url") = (&self.flags.named_database, name) {
            return Some(Found { value: value.clone(), origin: (*origin).to_owned() });
        }
        if let Some(value) = self.flags.get(name) {
            return Some(Found { value: value.clone(), origin: format!("--{}", name.replace('_', "-")) });
        }
        let variable = SETTINGS.iter().find(|(setting, _)| *setting == name).map(|(_, variable)| *variable)?;
        if let Some(value) = (self.environment)(variable).filter(|value| !value.is_empty()) {
            return Some(Found { value, origin: variable.to_owned() });
        }
        let (path, table) = self.file.as_ref()?;
        let value = text(table.get(name)?)?;
        Some(Found { value, origin: format!("{name} in {}", path.display()) })
    }
}

fn read(path: &Path) -> anyhow::Result<toml::Table> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration file {shown}"))?;
    let table: toml::Table = text.parse().map_err(|error| anyhow!("{shown} is not TOML: {error}"))?;
    for (key, value) in &table {
        if !SETTINGS.iter().any(|(name, _)| name == key) {
            let names: Vec<_> = SETTINGS.iter().map(|(name, _)| *name).collect();
            bail!("{key} in {shown} is not a setting; allowed: {}", names.join(", "));
        }
        if self::text(value).is_none() {
            bail!("{key} in {shown} must be a text in quotes");
        }
    }
    Ok(table)
}

/// A text, or a list of texts with commas between.
fn text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(","))
        }
        _ => None,
    }
}
