//! Memberships of people in tenants.

use protocol::ids::{AccountId, AgentId, TenantId};
use protocol::state::{AwayReason, Pause, Presence, Role};

use super::words::Words;
use super::{Conn, locked, on, rows};
use crate::error::AppResult;

/// The row of a membership.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The login.
    pub account_id: AccountId,
    /// Display name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Conversations at once, as this number or the tenant's setting says.
    pub capacity: i64,
    /// The agent's own number; `None`: the tenant's setting.
    pub own_capacity: Option<i64>,
    /// Languages the agent writes, BCP 47.
    #[sqlx(try_from = "String")]
    pub languages: Words,
    /// What the agent can do, as departments and signed identities name it.
    #[sqlx(try_from = "String")]
    pub skills: Words,
    /// What the person chose.
    pub chosen_presence: Presence,
    /// When.
    pub presence_at: i64,
    /// Why the server chose away, when it did.
    pub away_reason: Option<AwayReason>,
    /// Why the person chose away, if it was said.
    pub pause: Option<Pause>,
    /// Missed offers in a row.
    pub missed_offers: i64,
    /// When a conversation was last assigned.
    pub last_assigned_at: Option<i64>,
    /// Since when.
    pub created_at: i64,
    /// Membership ended.
    pub disabled_at: Option<i64>,
}

impl Agent {
    /// A membership that begins now: offline, with the tenant's `capacity`.
    pub fn new(
        id: AgentId,
        of: &TenantId,
        account: &AccountId,
        (name, role, capacity): (&str, Role, u32),
        now: i64,
    ) -> Self {
        Self {
            id,
            tenant_id: *of,
            account_id: *account,
            name: name.to_owned(),
            role,
            capacity: i64::from(capacity),
            own_capacity: None,
            languages: Words::default(),
            skills: Words::default(),
            chosen_presence: Presence::Offline,
            presence_at: now,
            away_reason: None,
            pause: None,
            missed_offers: 0,
            last_assigned_at: None,
            created_at: now,
            disabled_at: None,
        }
    }

    /// Conversations at once, when the tenant's setting is `usual`.
    pub fn capacity(&self, usual: u32) -> u32 {
        self.own_capacity.and_then(|own| u32::try_from(own).ok()).unwrap_or(usual)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, tenant_id, account_id, name, role, capacity, chosen_presence, presence_at, away_reason, missed_offers, \
             last_assigned_at, created_at, disabled_at, own_capacity, languages, skills, pause from agent where ",
            $rest
        )
    };
}

/// One membership. In a write nobody else changes it until the commit.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: AgentId) -> AppResult<Option<Agent>> {
    let sql = locked!(conn, select!("tenant_id = $1 and id = $2"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// Every membership of a tenant, by name; ended ones too.
pub async fn list(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Agent>> {
    const SQL: &str = select!("tenant_id = $1 order by name, id");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// The memberships of a login that have not ended.
pub async fn of_account(conn: &mut Conn, account: AccountId) -> AppResult<Vec<Agent>> {
    const SQL: &str = select!("account_id = $1 and disabled_at is null order by created_at, id");
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await)?)
}

/// Adds a membership.
pub async fn insert(conn: &mut Conn, tenant: TenantId, agent: &Agent) -> AppResult<()> {
    const SQL: &str = "insert into agent (tenant_id, id, account_id, name, role, capacity, chosen_presence, \
         presence_at, missed_offers, created_at, own_capacity, languages, skills) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(agent.id).bind(agent.account_id).bind(&agent.name).bind(agent.role)
        .bind(agent.capacity).bind(agent.chosen_presence).bind(agent.presence_at).bind(agent.missed_offers)
        .bind(agent.created_at).bind(agent.own_capacity).bind(agent.languages.text()).bind(agent.skills.text())
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about a membership that can change.
pub async fn save(conn: &mut Conn, tenant: TenantId, agent: &Agent) -> AppResult<()> {
    const SQL: &str = "update agent set name = $3, role = $4, capacity = $5, chosen_presence = $6, \
         presence_at = $7, away_reason = $8, missed_offers = $9, last_assigned_at = $10, disabled_at = $11, \
         own_capacity = $12, languages = $13, skills = $14, pause = $15 \
         where tenant_id = $1 and id = $2";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(agent.id).bind(&agent.name).bind(agent.role).bind(agent.capacity)
        .bind(agent.chosen_presence).bind(agent.presence_at).bind(agent.away_reason).bind(agent.missed_offers)
        .bind(agent.last_assigned_at).bind(agent.disabled_at).bind(agent.own_capacity)
        .bind(agent.languages.text()).bind(agent.skills.text()).bind(agent.pause).execute(c).await.map(rows))?;
    Ok(())
}

/// Notes that an agent got a conversation, and missed none since; the agent's name. `None` when there is no such agent.
pub async fn assigned(conn: &mut Conn, tenant: TenantId, id: AgentId, at: i64) -> AppResult<Option<String>> {
    const SQL: &str = "update agent set missed_offers = 0, last_assigned_at = $3 where tenant_id = $1 and id = $2 \
         returning name";
    let found: Option<(String,)> =
        on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(id).bind(at).fetch_optional(c).await)?;
    Ok(found.map(|(name,)| name))
}

/// Sets the capacity of everybody who has no own number, which the release before reads.
pub async fn set_usual_capacity(conn: &mut Conn, tenant: TenantId, capacity: u32) -> AppResult<()> {
    const SQL: &str = "update agent set capacity = $2 where tenant_id = $1 and own_capacity is null";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(i64::from(capacity)).execute(c).await.map(rows))?;
    Ok(())
}
