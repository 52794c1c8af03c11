//! Names of a tenant's agents and departments, for whoever explains what happened: those that ended or were removed too.

use std::collections::HashMap;

use protocol::ids::{AgentId, DepartmentId, TenantId};

use crate::error::AppResult;
use crate::store::{Conn, agent, department};

/// The names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Of agents.
    pub agents: HashMap<AgentId, String>,
    /// Of departments.
    pub departments: HashMap<DepartmentId, String>,
}

impl Directory {
    /// Reads the names as they are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(conn: &mut Conn, tenant: TenantId) -> AppResult<Self> {
        let agents = agent::list(conn, tenant).await?.into_iter().map(|agent| (agent.id, agent.name));
        let departments = department::list(conn, tenant).await?;
        Ok(Self {
            agents: agents.collect(),
            departments: departments.into_iter().map(|department| (department.id, department.name)).collect(),
        })
    }

    /// The name of an agent.
    pub fn agent(&self, id: AgentId) -> Option<&str> {
        self.agents.get(&id).map(String::as_str)
    }

    /// The name of a department.
    pub fn department(&self, id: DepartmentId) -> Option<&str> {
        self.departments.get(&id).map(String::as_str)
    }
}
