//! Whose rows a connection may touch, and beside which other writes.

use protocol::ids::{ConversationId, TenantId, VisitorId};
use uuid::Uuid;

/// Whose rows a connection may touch. PostgreSQL enforces it by row-level security (rule T2), so that a
/// statement that forgot its tenant finds nothing; SQLite has no such second wall. For a write it also says
/// which other writes must not overtake it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    tenant: Option<TenantId>,
    key: Uuid,
}

/// The one door past the wall between tenants: operators, the command line, jobs that serve everybody, sign-in,
/// and finding out whose site or link somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EveryTenant;

impl Scope {
    /// The tenant; `None` for every tenant.
    pub fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    /// Writes with the same key are done one after another, in the order they were asked for.
    pub fn key(&self) -> Uuid {
        self.key
    }
}

impl From<EveryTenant> for Scope {
    fn from(_: EveryTenant) -> Self {
        Self { tenant: None, key: Uuid::nil() }
    }
}

/// Settings and people of a tenant.
impl From<TenantId> for Scope {
    fn from(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), key: tenant.0 }
    }
}

/// A conversation: most writes.
impl From<(TenantId, ConversationId)> for Scope {
    fn from((tenant, conversation): (TenantId, ConversationId)) -> Self {
        Self { tenant: Some(tenant), key: conversation.0 }
    }
}

/// A visitor, while it is not known which conversation.
impl From<(TenantId, VisitorId)> for Scope {
    fn from((tenant, visitor): (TenantId, VisitorId)) -> Self {
        Self { tenant: Some(tenant), key: visitor.0 }
    }
}
