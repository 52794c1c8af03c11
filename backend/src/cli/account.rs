//! Logins from the command line. Passwords come from standard input, never from an argument: arguments can
//! be seen by every process of the machine.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use protocol::state::Role;
use serde::Serialize;

use super::output::Output;
use super::tenant::{JSON, by_slug};
use crate::actions::actor::Actor;
use crate::actions::create_account::{NewAccount, create_account};
use crate::actions::invite_agent::reset_link;
use crate::actions::second_factor;
use crate::app::App;
use crate::config::Config;
use crate::server;
use crate::store::EveryTenant;
use crate::store::account;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a login, and make it a member of a tenant. The password is read from standard input.
    Create {
        /// E-mail address, which is the name to sign in with.
        #[arg(long)]
        email: String,
        /// Display name.
        #[arg(long)]
        name: String,
        /// Short name of the tenant to make the person a member of.
        #[arg(long)]
        tenant: Option<String>,
        /// What the person may do there: owner, admin, supervisor or agent.
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        /// May manage every tenant of this installation.
        #[arg(long)]
        operator: bool,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Print a one-time link with which somebody chooses a new password. It is good for 30 minutes.
    ResetLink {
        /// E-mail address of the login.
        #[arg(long)]
        email: String,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Take the second factor off a login whose owner lost the device and the recovery codes.
    ResetSecondFactor {
        /// E-mail address of the login.
        #[arg(long)]
        email: String,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// List logins.
    List {
        #[arg(long, help = JSON)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Line {
    id: String,
    email: String,
    name: String,
    is_operator: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
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
            Self::Create { email, name, tenant, role, operator, json } => {
                if tenant.is_none() && !operator {
                    bail!("give --tenant SLUG, --operator, or both: a login without either can do nothing");
                }
                let membership = match tenant {
                    Some(slug) => Some((by_slug(app, &slug).await?.id, role)),
                    None => None,
                };
                let password = password()?;
                let new = NewAccount { email, name, password, operator, membership };
                let made = create_account(app, &Actor::command_line(), new).await?;
                let line = Line {
                    id: made.account.id.to_string(),
                    email: made.account.email,
                    name: made.account.name,
                    is_operator: made.account.is_operator,
                    agent: made.agent.map(|agent| agent.to_string()),
                };
                Output::new(json).print(&line, || format!("created {}", line.email))
            }
            Self::ResetLink { email, json } => {
                let email = email.trim().to_ascii_lowercase();
                let found = account::find_by_email(&mut app.store.read(EveryTenant).await?, &email).await?;
                let Some(found) = found else { bail!("no login has the address {email}") };
                let link = reset_link(app, &Actor::command_line(), found.id).await?;
                Output::new(json).print(&link, || link.url.clone())
            }
            Self::ResetSecondFactor { email, json } => {
                let email = email.trim().to_ascii_lowercase();
                let found = account::find_by_email(&mut app.store.read(EveryTenant).await?, &email).await?;
                let Some(found) = found else { bail!("no login has the address {email}") };
                second_factor::reset(app, &Actor::command_line(), found.id).await?;
                let done = serde_json::json!({ "email": found.email });
                Output::new(json).print(&done, || format!("{} signs in with the password alone", found.email))
            }
            Self::List { json } => {
                let accounts = account::list(&mut app.store.read(EveryTenant).await?).await?;
                let lines: Vec<Line> = accounts
                    .into_iter()
                    .map(|account| Line {
                        id: account.id.to_string(),
                        email: account.email,
                        name: account.name,
                        is_operator: account.is_operator,
                        agent: None,
                    })
                    .collect();
                Output::new(json).print(&lines, || {
                    let words = lines.iter().map(|line| {
                        format!("{:<32} {}{}", line.email, line.name, if line.is_operator { " (operator)" } else { "" })
                    });
                    words.collect::<Vec<_>>().join("\n")
                })
            }
        }
    }
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_text(word).ok_or_else(|| "owner, admin, supervisor or agent".to_owned())
}

fn password() -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        super::output::complain("type the password (it is shown), then Enter");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).context("cannot read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("give the password on standard input, for example: frontdesk account create ... < password.txt");
    }
    Ok(password.to_owned())
}
