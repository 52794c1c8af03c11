//! Who is asking. A [`Principal`] is made here from a token or cookie and handed to every action; nothing
//! below this layer trusts an id that a client sent.

/// Keys and visitor tokens.
pub mod keys;
/// Passwords.
pub mod password;
/// Rate limits.
pub mod limiter;
/// Codes of authenticator apps.
pub mod totp;
/// Secrets at rest.
mod seal;
/// One-time and opaque tokens.
pub mod secret;
/// Signed-in browsers.
pub mod browser;
/// Visitors.
pub mod visitor;
/// Who a visitor is in the merchant's own system.
pub mod identity;
/// The way back to a kept place.
pub mod return_link;

use protocol::ids::{AccountId, AgentId, SiteId, TenantId, VisitorId};
use protocol::state::Role;

/// Who is asking, in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A visitor of a site.
    Visitor(VisitorIdentity),
    /// A member of a tenant.
    Agent(AgentIdentity),
}

/// A visitor known by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorIdentity {
    /// The tenant.
    pub tenant: TenantId,
    /// The site the visitor is on.
    pub site: SiteId,
    /// The visitor.
    pub visitor: VisitorId,
}

/// A person's membership, known by a signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentIdentity {
    /// The tenant.
    pub tenant: TenantId,
    /// The membership.
    pub agent: AgentId,
    /// The login.
    pub account: AccountId,
    /// What the person may do.
    pub role: Role,
    /// Display name.
    pub name: String,
    /// The tenant is suspended: reading only.
    pub suspended: bool,
}

impl Principal {
    /// The tenant everything this principal asks for lies in.
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Visitor(visitor) => visitor.tenant,
            Self::Agent(agent) => agent.tenant,
        }
    }
}
