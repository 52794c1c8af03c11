//! What a world is made of.

use serde_json::{Value, json};

/// What a world is made of.
pub(crate) struct Plan {
    /// Short name of the first tenant.
    pub(crate) slug: &'static str,
    /// Routing policy of the first tenant, by field; the rest stays default.
    pub(crate) policy: Value,
    /// Agents of the first tenant besides its owner Olga.
    pub(crate) agents: Vec<&'static str>,
    /// Whether there is a second tenant.
    pub(crate) second: bool,
    /// Whether there is an operator, Otto.
    pub(crate) operator: bool,
    /// Origin of the shop that embeds the first tenant's site.
    pub(crate) shop: String,
    /// Whether it lives on PostgreSQL; otherwise as the environment of the tests says.
    pub(crate) on_postgres: bool,
    /// Whether it lives on SQLite, whatever the environment says.
    pub(crate) on_sqlite: bool,
    /// How many servers there are. Several live on PostgreSQL, share Redis and stand behind HAProxy.
    pub(crate) nodes: usize,
    /// More environment of the server.
    pub(crate) environment: Vec<(String, String)>,
    /// Whether browsers reach the server through another port, such as a proxy's.
    pub(crate) public_port: Option<u16>,
    /// Program and arguments that start the server: `launcher BINARY serve`. It must become the server.
    pub(crate) launcher: Vec<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            slug: "acme",
            policy: json!({}),
            agents: vec!["Ann", "Ben"],
            second: false,
            operator: false,
            shop: "http://shop.example".to_owned(),
            on_postgres: false,
            on_sqlite: false,
            nodes: nodes(),
            environment: Vec::new(),
            public_port: None,
            launcher: Vec::new(),
        }
    }
}

impl Plan {
    /// The same without rate limits, for tests that send more than a person would.
    pub(crate) fn unlimited(mut self) -> Self {
        self.environment.push(("FRONTDESK_RATE_LIMITS".to_owned(), "off".to_owned()));
        self
    }

    /// The same with one more variable in the server's environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How many servers a world has of which its test does not say: `FRONTDESK_TEST_NODES`, or one.
fn nodes() -> usize {
    let text = std::env::var("FRONTDESK_TEST_NODES");
    text.map_or(1, |text| text.parse().unwrap_or_else(|_| panic!("FRONTDESK_TEST_NODES={text}: a number")))
}
