//! Tenants from the command line.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Subcommand;
use domain::policy::Policy;
use serde::Serialize;

use super::output::Output;
use super::setting;
use crate::actions::actor::Actor;
use crate::actions::tenant_file::{self, Imported};
use crate::actions::{create_tenant, resume_tenant, set_policy, suspend_tenant};
use crate::app::App;
use crate::config::Config;
use crate::server;
use crate::store::EveryTenant;
use crate::store::tenant::{self, Tenant};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a tenant.
    Create {
        /// Short name for commands: lower-case letters, digits and hyphens.
        slug: String,
        /// Name people see; the short name if left out.
        #[arg(long)]
        name: Option<String>,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// List tenants.
    List {
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Suspend a tenant: widgets show "unavailable", agents only read, nothing is deleted.
    Suspend {
        /// Short name of the tenant.
        slug: String,
    },
    /// Undo a suspension.
    Resume {
        /// Short name of the tenant.
        slug: String,
    },
    /// Show or change queue and routing settings, for example `set shop capacity=4 offer_deadline_ms=20000`.
    Set {
        /// Short name of the tenant.
        slug: String,
        /// NAME=VALUE; times in milliseconds, or with a unit such as 20s, 5min, 2h. Without any, the settings are shown.
        settings: Vec<String>,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Copy everything a tenant has into one file, for another installation; beside the running server.
    Export {
        /// Short name of the tenant.
        slug: String,
        /// File to write; must not exist. It holds everything people wrote, but no password or other secret.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Take in a tenant's file: all of it or nothing. The tenant must not be here.
    Import {
        /// A file made by `frontdesk tenant export`.
        file: PathBuf,
        /// Address of a person of the file who has a login here and is the same person; may be repeated.
        #[arg(long, value_name = "ADDRESS")]
        link: Vec<String>,
        #[arg(long, help = JSON)]
        json: bool,
    },
}

pub(super) const JSON: &str = "Print JSON";

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
    state: String,
    created_at: i64,
}

impl<'a> From<&'a Tenant> for Line<'a> {
    fn from(tenant: &'a Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            slug: &tenant.slug,
            name: &tenant.name,
            state: if tenant.is_suspended() { "suspended" } else { "active" }.to_owned(),
            created_at: tenant.created_at,
        }
    }
}

impl Command {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let app = server::open_app(config).await?;
        self.carry_out(&app).await?;
        app.store.close().await;
        Ok(())
    }

    async fn carry_out(self, app: &Arc<App>) -> anyhow::Result<()> {
        let by = Actor::command_line();
        match self {
            Self::Create { slug, name, json } => {
                let name = name.unwrap_or_else(|| slug.clone());
                let made =
                    create_tenant::create_tenant(app, &by, create_tenant::NewTenant { name, slug: Some(slug) }).await?;
                Output::new(json).print(&Line::from(&made), || format!("created tenant {}", made.slug))
            }
            Self::List { json } => {
                let tenants = tenant::list(&mut app.store.read(EveryTenant).await?).await?;
                let lines: Vec<Line> = tenants.iter().map(Line::from).collect();
                Output::new(json).print(&lines, || {
                    let words = lines.iter().map(|line| format!("{:<24} {:<10} {}", line.slug, line.state, line.name));
                    words.collect::<Vec<_>>().join("\n")
                })
            }
            Self::Suspend { slug } => {
                let tenant = by_slug(app, &slug).await?;
                suspend_tenant::suspend_tenant(app, &by, tenant.id).await?;
                Ok(())
            }
            Self::Resume { slug } => {
                let tenant = by_slug(app, &slug).await?;
                resume_tenant::resume_tenant(app, &by, tenant.id).await?;
                Ok(())
            }
            Self::Set { slug, settings, json } => {
                let tenant = by_slug(app, &slug).await?;
                let policy = changed(&tenant.policy(), &settings)?;
                if !settings.is_empty() {
                    set_policy::set_policy(app, &by, tenant.id, policy.clone()).await?;
                }
                let words = serde_json::to_string_pretty(&policy)?;
                Output::new(json).print(&policy, || words)
            }
            Self::Export { slug, out, json } => {
                let tenant = by_slug(app, &slug).await?;
                let manifest = tenant_file::export_tenant(app, &by, &tenant, &out).await?;
                let bytes: u64 = manifest.members.iter().map(|member| member.bytes).sum();
                let words = || format!("exported tenant {slug}: {bytes} bytes, written to {}", out.display());
                Output::new(json).print(&manifest, words)
            }
            Self::Import { file, link, json } => {
                let imported = tenant_file::import_tenant(app, &by, &file, &link).await;
                let imported = imported.with_context(|| format!("{} was not taken in", file.display()))?;
                Output::new(json).print(&imported, || told(&imported))
            }
        }
    }
}

fn told(imported: &Imported) -> String {
    let Imported { slug, conversations, entries, files, invited, linked, .. } = imported;
    let mut words =
        format!("imported tenant {slug}: {conversations} conversations, verified, {entries} entries, {files} files");
    if !invited.is_empty() {
        words += &format!(
            "\nnew logins without a password: {}; `frontdesk account reset-link --email ADDRESS` makes their links",
            invited.join(", ")
        );
    }
    if !linked.is_empty() {
        words += &format!("\nadded to the logins they have here: {}", linked.join(", "));
    }
    words
}

/// The tenant with this short name.
pub(super) async fn by_slug(app: &App, slug: &str) -> anyhow::Result<Tenant> {
    let found = tenant::find_by_slug(&mut app.store.read(EveryTenant).await?, slug).await?;
    found.with_context(|| format!("there is no tenant {slug:?}; `frontdesk tenant list` shows them"))
}

fn changed(policy: &Policy, settings: &[String]) -> anyhow::Result<Policy> {
    let mut policy = policy.clone();
    for text in settings {
        let (setting, value) = setting::read(text)?;
        let value = value.with_context(|| format!("{} needs a value", setting.name))?;
        policy.set(setting.name, value)?;
    }
    Ok(policy)
}
