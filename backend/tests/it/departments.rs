//! Departments of the first tenant, put into the database as the panel would, and waits made longer.

use protocol::ids::DepartmentId;
use protocol::state::Presence;
use serde_json::Value;
use uuid::Uuid;

use crate::people::Agent;
use crate::world::World;

/// What a new department is like.
pub(crate) struct Department {
    /// Its name.
    pub(crate) name: &'static str,
    /// Hours; `None`: always open.
    pub(crate) hours: Option<Value>,
    /// Its members by name.
    pub(crate) members: Vec<&'static str>,
}

impl Department {
    /// One that is always open.
    pub(crate) fn new(name: &'static str, members: &[&'static str]) -> Self {
        Self { name, hours: None, members: members.to_vec() }
    }
}

/// Adds a department; the ids of the site's own and of the new one.
pub(crate) async fn add(world: &World, department: &Department) -> DepartmentId {
    let id = Uuid::now_v7();
    let (tenant, new) = (world.literal(world.acme.id.0), world.literal(id));
    let hours = department.hours.as_ref().map_or("null".to_owned(), |hours| format!("'{hours}'"));
    let name = department.name;
    world
        .change(format!(
            "insert into department (tenant_id, id, name, created_at, hours) values ({tenant}, {new}, '{name}', 1, {hours})"
        ))
        .await;
    for member in &department.members {
        world
            .change(format!(
                "insert into department_agent (tenant_id, department_id, agent_id, priority) \
                 select {tenant}, {new}, id, 0 from agent where tenant_id = {tenant} and name = '{member}'"
            ))
            .await;
    }
    DepartmentId(id)
}

/// Has the site ask for a department: `off`, `optional` or `required`.
pub(crate) async fn ask(world: &World, rule: &str) {
    // The configuration is one object; a member more goes before its end.
    let member = format!(",\"ask_department\":\"{rule}\"}}");
    world.change(format!("update site set config = substr(config, 1, length(config) - 1) || '{member}'")).await;
}

/// Everybody who waits has waited for the longest time that is allowed; an agent who goes has the dispatcher look.
pub(crate) async fn waits_run_out(world: &World, ann: &Agent) {
    world
        .change("update conversation set waiting_since = waiting_since - 1200000 where state = 'waiting'".to_owned())
        .await;
    ann.goes(Presence::Away).await;
}
