//! Sites from the command line.

use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;

use super::output::Output;
use super::tenant::{JSON, by_slug};
use crate::actions::actor::Actor;
use crate::actions::create_site::{NewSite, create_site};
use crate::actions::site_rules::snippet;
use crate::app::App;
use crate::config::Config;
use crate::server;
use crate::store::site::{self, Site};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a site and print its key and the snippet to paste.
    Create {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// Name of the site.
        #[arg(long)]
        name: String,
        /// Origin that may embed the chat, such as https://shop.example; repeat for several.
        #[arg(long = "origin", required = true)]
        origins: Vec<String>,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// List a tenant's sites.
    List {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        #[arg(long, help = JSON)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    key: String,
    origins: Vec<String>,
    snippet: String,
}

fn line(app: &App, site: Site) -> Line {
    let snippet = snippet(&app.config.public_origin(), &site.key);
    Line { id: site.id.to_string(), name: site.name, key: site.key, origins: site.origins, snippet }
}

impl Command {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let app = server::open_app(config).await?;
        self.carry_out(&app).await?;
        app.store.close().await;
        Ok(())
    }

    async fn carry_out(self, app: &Arc<App>) -> anyhow::Result<()> {
        match self {
            Self::Create { tenant, name, origins, json } => {
                let tenant = by_slug(app, &tenant).await?;
                let new = NewSite { tenant: tenant.id, name, origins };
                let made = create_site(app, &Actor::command_line(), new).await?;
                let line = line(app, made);
                Output::new(json).print(&line, || format!("key: {}\npaste: {}", line.key, line.snippet))
            }
            Self::List { tenant, json } => {
                let tenant = by_slug(app, &tenant).await?;
                let sites = site::list(&mut app.store.read(tenant.id).await?, tenant.id).await?;
                let lines: Vec<Line> = sites.into_iter().map(|site| line(app, site)).collect();
                Output::new(json).print(&lines, || {
                    let words = lines
                        .iter()
                        .map(|line| format!("{}\n  {}\n  {}", line.name, line.origins.join(" "), line.snippet));
                    words.collect::<Vec<_>>().join("\n")
                })
            }
        }
    }
}
