//! Departments: groups of agents with one queue.

use domain::department::Overflow;
use domain::hours::Hours;
use domain::policy::Overrides;
use protocol::ids::{AgentId, DepartmentId, TenantId};
use protocol::state::ConversationState;

use super::{Conn, locked, on, rows};
use crate::error::AppResult;

/// The row of a department.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// Since when it exists.
    pub created_at: i64,
    /// JSON: [`Overrides`]. Read it by [`Department::overrides`].
    pub settings: String,
    /// JSON: [`Hours`]; `None`: always open. Read it by [`Department::hours`].
    pub hours: Option<String>,
    /// JSON: [`Overflow`]; `None`: nobody helps. Read it by [`Department::overflow`].
    pub overflow: Option<String>,
    /// Whether visitors may choose it.
    pub listed: bool,
    /// Since when it is no more.
    pub removed_at: Option<i64>,
    /// Who took over, when it is no more.
    pub successor_id: Option<DepartmentId>,
}

impl Department {
    /// One that begins now: always open, with the tenant's settings.
    pub fn new(id: DepartmentId, name: &str, now: i64) -> Self {
        Self {
            id,
            name: name.to_owned(),
            created_at: now,
            settings: "{}".to_owned(),
            hours: None,
            overflow: None,
            listed: true,
            removed_at: None,
            successor_id: None,
        }
    }

    /// Its own settings.
    pub fn overrides(&self) -> Overrides {
        overrides_of(self.id, &self.settings)
    }

    /// When it is open; `None`: always.
    pub fn hours(&self) -> Option<Hours> {
        self.read("hours", self.hours.as_deref())
    }

    /// Who helps after a wait.
    pub fn overflow(&self) -> Option<Overflow> {
        self.read("overflow", self.overflow.as_deref())
    }

    fn read<T: serde::de::DeserializeOwned>(&self, what: &str, text: Option<&str>) -> Option<T> {
        read(self.id, what, text?)
    }
}

/// The settings of its own in the stored text of a department.
pub(super) fn overrides_of(id: DepartmentId, settings: &str) -> Overrides {
    read(id, "settings", settings).unwrap_or_default()
}

fn read<T: serde::de::DeserializeOwned>(id: DepartmentId, what: &str, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .inspect_err(|error| tracing::error!(department.id = %id, %error, what, "unreadable; the default holds"))
        .ok()
}

/// An agent's membership in a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// Where.
    pub department_id: DepartmentId,
    /// Who.
    pub agent_id: AgentId,
    /// 0 is asked first.
    pub priority: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, name, created_at, settings, hours, overflow, listed, removed_at, successor_id from department \
             where tenant_id = $1 ",
            $rest
        )
    };
}

/// One department, also a removed one. In a write nobody else changes it until the commit.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: DepartmentId) -> AppResult<Option<Department>> {
    let sql = locked!(conn, select!("and id = $2"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// A department's own settings, as they are now; none when there is no such department.
pub async fn overrides(conn: &mut Conn, tenant: TenantId, id: DepartmentId) -> AppResult<Overrides> {
    const SQL: &str = select!("and id = $2");
    let found: Option<Department> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).fetch_optional(c).await)?;
    Ok(found.map(|found| found.overrides()).unwrap_or_default())
}

/// The name of a department, as it is now.
pub async fn find_name(conn: &mut Conn, tenant: TenantId, id: DepartmentId) -> AppResult<Option<String>> {
    const SQL: &str = "select name from department where tenant_id = $1 and id = $2";
    let found: Option<(String,)> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).fetch_optional(c).await)?;
    Ok(found.map(|(name,)| name))
}

/// Every department of a tenant, oldest first; removed ones too.
pub async fn list(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Department>> {
    const SQL: &str = select!("order by created_at, id");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// The tenant's first department that was not removed: where new agents and sites go.
pub async fn first(conn: &mut Conn, tenant: TenantId) -> AppResult<Option<Department>> {
    const SQL: &str = select!("and removed_at is null order by created_at, id limit 1");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_optional(c).await)?)
}

/// Adds a department.
pub async fn insert(conn: &mut Conn, tenant: TenantId, department: &Department) -> AppResult<()> {
    const SQL: &str = "insert into department (tenant_id, id, name, created_at, settings, hours, overflow, listed) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(department.id).bind(&department.name).bind(department.created_at).bind(&department.settings)
        .bind(&department.hours).bind(&department.overflow).bind(department.listed).execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about a department that can change.
pub async fn save(conn: &mut Conn, tenant: TenantId, department: &Department) -> AppResult<()> {
    const SQL: &str = "update department set name = $3, settings = $4, hours = $5, overflow = $6, listed = $7, \
         removed_at = $8, successor_id = $9 where tenant_id = $1 and id = $2";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(department.id).bind(&department.name).bind(&department.settings).bind(&department.hours)
        .bind(&department.overflow).bind(department.listed).bind(department.removed_at).bind(department.successor_id)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// How many of a department's conversations have not ended, by state.
pub async fn open(
    conn: &mut Conn,
    tenant: TenantId,
    department: DepartmentId,
) -> AppResult<Vec<(ConversationState, i64)>> {
    const SQL: &str = "select state, count(*) from conversation where tenant_id = $1 and department_id = $2 \
         and state in ('waiting', 'offered', 'active', 'offline') group by state";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(department).fetch_all(c).await)?)
}

/// Every membership in the tenant's departments.
pub async fn members(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Member>> {
    const SQL: &str = "select department_id, agent_id, priority from department_agent where tenant_id = $1 \
         order by department_id, priority, agent_id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// Adds a membership.
pub async fn add_member(conn: &mut Conn, tenant: TenantId, member: Member) -> AppResult<()> {
    const SQL: &str = "insert into department_agent (tenant_id, department_id, agent_id, priority) \
         values ($1, $2, $3, $4)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(member.department_id).bind(member.agent_id).bind(member.priority)
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Makes these the departments of an agent, each with a priority, and no others.
pub async fn set_departments(
    conn: &mut Conn,
    tenant: TenantId,
    agent: AgentId,
    departments: &[(DepartmentId, i64)],
) -> AppResult<()> {
    const CLEAR: &str = "delete from department_agent where tenant_id = $1 and agent_id = $2";
    on!(conn, c => sqlx::query(CLEAR).bind(tenant).bind(agent).execute(c).await.map(rows))?;
    for (department_id, priority) in departments {
        let member = Member { department_id: *department_id, agent_id: agent, priority: *priority };
        add_member(conn, tenant, member).await?;
    }
    Ok(())
}

/// Makes these the memberships of a department, and no others.
pub async fn set_members(
    conn: &mut Conn,
    tenant: TenantId,
    department: DepartmentId,
    members: &[(AgentId, i64)],
) -> AppResult<()> {
    const CLEAR: &str = "delete from department_agent where tenant_id = $1 and department_id = $2";
    on!(conn, c => sqlx::query(CLEAR).bind(tenant).bind(department).execute(c).await.map(rows))?;
    for (agent_id, priority) in members {
        let member = Member { department_id: department, agent_id: *agent_id, priority: *priority };
        add_member(conn, tenant, member).await?;
    }
    Ok(())
}
