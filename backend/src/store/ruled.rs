//! A conversation with the settings that hold in it, for whoever is about to change it.

use std::sync::LazyLock;

use domain::policy::Policy;
use protocol::ids::{ConversationId, TenantId};

use super::conversation::{self, Conversation};
use super::tenant::{TenantState, policy_of};
use super::{Conn, department, on};
use crate::error::AppResult;

/// A conversation and what decides about it.
pub struct Ruled {
    /// The conversation.
    pub row: Conversation,
    /// The tenant is suspended.
    pub suspended: bool,
    /// The tenant's rules with those of the department.
    pub policy: Policy,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    conversation: Conversation,
    tenant_state: TenantState,
    tenant_settings: String,
    department_settings: Option<String>,
}

/// `$lock` goes to the conversation alone. What stands around it is looked up after the lock was taken: meanwhile the
/// conversation may have come to another department.
fn text(lock: &str) -> String {
    let columns = conversation::columns_of("c");
    format!(
        "select {columns}, (select t.state from tenant t where t.id = $1) as tenant_state, \
         (select t.settings from tenant t where t.id = $1) as tenant_settings, \
         (select d.settings from department d where d.tenant_id = $1 and d.id = c.department_id) \
         as department_settings from (select * from conversation where tenant_id = $1 and id = $2{lock}) c"
    )
}

static FIND: LazyLock<String> = LazyLock::new(|| text(""));
static LOCK: LazyLock<String> = LazyLock::new(|| text(" for no key update"));

/// The conversation with this id. In a write nobody else changes it until the commit.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: ConversationId) -> AppResult<Option<Ruled>> {
    let sql = if conn.locks_rows() { LOCK.as_str() } else { FIND.as_str() };
    let found: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?;
    let Some(found) = found else { return Ok(None) };
    let of = found.conversation.department_id;
    let overrides = match &found.department_settings {
        Some(settings) => department::overrides_of(of, settings),
        // The statement began before the department did.
        None => department::overrides(conn, tenant, of).await?,
    };
    Ok(Some(Ruled {
        row: found.conversation,
        suspended: found.tenant_state == TenantState::Suspended,
        policy: policy_of(tenant, &found.tenant_settings).with(&overrides),
    }))
}
