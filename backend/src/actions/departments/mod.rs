//! Departments: what one is made of, and creating, changing and removing them.

/// Changes one.
pub mod change;
/// Creates one.
pub mod create;
/// Removes one; another takes over.
pub mod remove;
/// What waits in a department that was removed.
pub(in crate::actions) mod succeed;
/// What holds for every department.
pub mod rules;

use domain::department::Overflow;
use domain::hours::Hours;
use domain::policy::Overrides;
use protocol::ids::{AgentId, TenantId};

use crate::app::App;
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult};
use crate::store::department::{Department, Member};

/// Most departments of a tenant that are not removed.
pub const MOST: usize = 200;
/// Greatest number by which members are ordered; 0 is asked first.
pub const LAST_PRIORITY: u8 = 10;

/// Everything about a department that can change, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its name, at most 80 characters; no other of the tenant has it.
    pub name: String,
    /// Whether visitors may choose it.
    pub listed: bool,
    /// When it is open; `None`: always.
    pub hours: Option<Hours>,
    /// Whose members help after a wait; `None`: nobody's.
    pub overflow: Option<Overflow>,
    /// Settings of its own.
    pub overrides: Overrides,
    /// Its members, each with a priority of 0 (asked first) to [`LAST_PRIORITY`].
    pub members: Vec<(AgentId, u8)>,
}

impl Plan {
    /// One that is always open, with the tenant's settings and nobody in it.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            listed: true,
            hours: None,
            overflow: None,
            overrides: Overrides::default(),
            members: Vec::new(),
        }
    }

    /// A department as it is; `members` are those of all departments.
    pub fn of(row: &Department, members: &[Member]) -> Self {
        let own = members.iter().filter(|member| member.department_id == row.id);
        Self {
            name: row.name.clone(),
            listed: row.listed,
            hours: row.hours(),
            overflow: row.overflow(),
            overrides: row.overrides(),
            members: own.map(|member| (member.agent_id, u8::try_from(member.priority).unwrap_or(0))).collect(),
        }
    }

    /// Puts it into a row.
    fn fill(&self, row: Department) -> AppResult<Department> {
        Ok(Department {
            name: self.name.clone(),
            listed: self.listed,
            settings: json(&self.overrides)?,
            hours: self.hours.as_ref().map(json).transpose()?,
            overflow: self.overflow.as_ref().map(json).transpose()?,
            ..row
        })
    }

    /// Its members as they are stored.
    fn stored_members(&self) -> Vec<(AgentId, i64)> {
        self.members.iter().map(|(agent, priority)| (*agent, i64::from(*priority))).collect()
    }
}

fn json(value: &impl serde::Serialize) -> AppResult<String> {
    serde_json::to_string(value).map_err(|error| AppError::Internal(error.into()))
}

/// Everybody looks again: who may take what, and whether visitors can chat, may have changed.
fn tell(app: &App, tenant: TenantId) {
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    app.bus.publish(Topic::Visitors(tenant), Note::StateChanged);
    app.dispatcher.call(tenant);
}
