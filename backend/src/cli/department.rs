//! Departments from the command line.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::department::Overflow;
use domain::duration;
use domain::hours::Hours;
use domain::policy::Overrides;
use protocol::ids::{DepartmentId, TenantId};
use serde::Serialize;

use super::output::Output;
use super::setting;
use super::tenant::{JSON, by_slug};
use crate::actions::actor::Actor;
use crate::actions::departments::change::change_department;
use crate::actions::departments::create::create_department;
use crate::actions::departments::remove::{Removal, remove_department};
use crate::actions::departments::{Plan, rules};
use crate::app::App;
use crate::config::Config;
use crate::server;
use crate::store::agent;
use crate::store::department::{self, Department, Member};

/// How long a wait is before another department helps, unless it is said.
const USUAL_AFTER: &str = "2min";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List a tenant's departments.
    List {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Create a department: always open, with the tenant's settings.
    Create {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// Its name.
        name: String,
        #[command(flatten)]
        change: Change,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Show or change a department, for example `set --tenant shop Sales max_queue=20 max_wait_ms=10min`.
    Set {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// Its name or id.
        department: String,
        #[command(flatten)]
        change: Change,
        #[arg(long, help = JSON)]
        json: bool,
    },
    /// Remove a department. Another takes over what is open in it, and its sites.
    Remove {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// Its name or id.
        department: String,
        /// Name or id of the department that takes over.
        #[arg(long)]
        successor: String,
    },
}

/// What to change; the rest stays.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// Settings of its own, NAME=VALUE as for `tenant set`; nothing after `=`: as the tenant's.
    settings: Vec<String>,
    /// A new name.
    #[arg(long)]
    rename: Option<String>,
    /// Whether visitors may choose it.
    #[arg(long, value_name = "true|false")]
    listed: Option<bool>,
    /// Business hours, a file of JSON as docs/routing.md shows; `always` for always open.
    #[arg(long, value_name = "FILE")]
    hours: Option<PathBuf>,
    /// Name or id of the department whose members help after a wait; `none` for nobody's.
    #[arg(long, value_name = "DEPARTMENT")]
    overflow: Option<String>,
    /// The wait before they do, such as 30s or 5min; 2min if left out.
    #[arg(long, value_name = "TIME", requires = "overflow")]
    overflow_after: Option<String>,
    /// A member by name, with a priority if not 0, such as `Ann` or `Ann:2`; repeat for several. They replace those
    /// there are.
    #[arg(long = "member", value_name = "NAME[:PRIORITY]")]
    members: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    listed: bool,
    hours: Option<Hours>,
    overflow: Option<Overflow>,
    settings: Overrides,
    members: Vec<MemberLine>,
}

#[derive(Serialize)]
struct MemberLine {
    name: String,
    priority: i64,
}

/// A tenant's departments that are not removed, and who is in them.
struct Known {
    tenant: TenantId,
    live: Vec<Department>,
    members: Vec<Member>,
    agents: Vec<agent::Agent>,
}

impl Known {
    async fn read(app: &App, slug: &str) -> anyhow::Result<Self> {
        let tenant = by_slug(app, slug).await?.id;
        let mut conn = app.store.read(tenant).await?;
        Ok(Self {
            tenant,
            live: rules::live(&department::list(&mut conn, tenant).await?),
            members: department::members(&mut conn, tenant).await?,
            agents: agent::list(&mut conn, tenant).await?,
        })
    }

    fn find(&self, word: &str) -> anyhow::Result<&Department> {
        let id = DepartmentId::parse(word);
        let found = self.live.iter().find(|row| Some(row.id) == id || row.name.to_lowercase() == word.to_lowercase());
        found.with_context(|| format!("there is no department {word:?}; `frontdesk department list` shows them"))
    }

    fn line(&self, row: &Department) -> Line {
        let own = self.members.iter().filter(|member| member.department_id == row.id);
        let name = |member: &Member| self.agents.iter().find(|agent| agent.id == member.agent_id);
        let members =
            own.filter_map(|member| Some(MemberLine { name: name(member)?.name.clone(), priority: member.priority }));
        Line {
            id: row.id.to_string(),
            name: row.name.clone(),
            listed: row.listed,
            hours: row.hours(),
            overflow: row.overflow(),
            settings: row.overrides(),
            members: members.collect(),
        }
    }

    /// The plan with what is to change.
    fn changed(&self, mut plan: Plan, change: &Change) -> anyhow::Result<Plan> {
        for text in &change.settings {
            let (setting, value) = setting::read(text)?;
            plan.overrides.set(setting.name, value)?;
        }
        plan.name = change.rename.clone().unwrap_or(plan.name);
        plan.listed = change.listed.unwrap_or(plan.listed);
        match change.hours.as_ref().map(|file| (file, file.to_str())) {
            Some((_, Some("always"))) => plan.hours = None,
            Some((file, _)) => {
                let shown = file.display();
                let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
                plan.hours = Some(serde_json::from_str(&text).with_context(|| format!("{shown} holds no hours"))?);
            }
            None => {}
        }
        match change.overflow.as_deref() {
            Some("none") => plan.overflow = None,
            Some(word) => {
                let after_ms = duration::parse(change.overflow_after.as_deref().unwrap_or(USUAL_AFTER))?;
                plan.overflow = Some(Overflow { to: self.find(word)?.id, after_ms });
            }
            None => {}
        }
        if !change.members.is_empty() {
            plan.members = change.members.iter().map(|word| self.member(word)).collect::<anyhow::Result<_>>()?;
        }
        Ok(plan)
    }

    fn member(&self, word: &str) -> anyhow::Result<(protocol::ids::AgentId, u8)> {
        let (name, priority) = match word.rsplit_once(':') {
            Some((name, priority)) => (name, priority.parse().context("a priority is a number from 0 to 10")?),
            None => (word, 0),
        };
        let mut found = self.agents.iter().filter(|agent| agent.disabled_at.is_none() && agent.name == name);
        match (found.next(), found.next()) {
            (Some(agent), None) => Ok((agent.id, priority)),
            (None, _) => bail!("nobody is called {name:?}"),
            (Some(_), Some(_)) => bail!("several are called {name:?}: use the admin panel"),
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
            Self::List { tenant, json } => {
                let known = Known::read(app, &tenant).await?;
                let lines: Vec<Line> = known.live.iter().map(|row| known.line(row)).collect();
                Output::new(json).print(&lines, || lines.iter().map(told).collect::<Vec<_>>().join("\n"))
            }
            Self::Create { tenant, name, change, json } => {
                let known = Known::read(app, &tenant).await?;
                let plan = known.changed(Plan::new(&name), &change)?;
                let made = create_department(app, &by, known.tenant, plan).await?;
                show(app, &tenant, made.id, json).await
            }
            Self::Set { tenant, department, change, json } => {
                let known = Known::read(app, &tenant).await?;
                let row = known.find(&department)?;
                let before = Plan::of(row, &known.members);
                let plan = known.changed(before.clone(), &change)?;
                if plan != before {
                    change_department(app, &by, known.tenant, row.id, plan).await?;
                }
                show(app, &tenant, row.id, json).await
            }
            Self::Remove { tenant, department, successor } => {
                let known = Known::read(app, &tenant).await?;
                let (department, successor) = (known.find(&department)?.id, known.find(&successor)?.id);
                remove_department(app, &by, Removal { tenant: known.tenant, department, successor }).await?;
                Ok(())
            }
        }
    }
}

async fn show(app: &App, slug: &str, id: DepartmentId, json: bool) -> anyhow::Result<()> {
    let known = Known::read(app, slug).await?;
    let line = known.line(known.find(&id.to_string())?);
    let words = serde_json::to_string_pretty(&line)?;
    Output::new(json).print(&line, || words)
}

fn told(line: &Line) -> String {
    let members: Vec<&str> = line.members.iter().map(|member| member.name.as_str()).collect();
    let hours = line.hours.as_ref().map_or("always open", |hours| hours.time_zone.as_str());
    format!("{}  {:<24} {hours}  {}", line.id, line.name, members.join(", "))
}
