//! Who is signed in: the reply of `GET /v1/me`.

use protocol::codec::{Value, Wire, member, parse};
use protocol::ids::{AccountId, AgentId, TenantId};
use protocol::state::Role;

/// The account behind the cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// The tenants it works for.
    pub memberships: Vec<Membership>,
    /// Where the admin panel is.
    pub admin_url: String,
}

/// One tenant the account works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// Who the account is there.
    pub agent: AgentId,
    /// What it may do there.
    pub role: Role,
    /// Whether the tenant is read-only.
    pub suspended: bool,
}

impl Me {
    /// Reads the reply; `None` when it is not one.
    pub fn read(text: &str) -> Option<Self> {
        let reply = parse(text)?;
        let account = reply.get("account")?;
        let Some(Value::List(list)) = reply.get("memberships") else {
            return None;
        };
        Some(Self {
            account: member(account, "id")?,
            name: member(account, "name")?,
            email: member(account, "email")?,
            memberships: list.iter().map(Membership::read).collect::<Option<_>>()?,
            admin_url: member(&reply, "admin_url")?,
        })
    }

    /// The membership in a tenant.
    pub fn membership(&self, tenant: TenantId) -> Option<&Membership> {
        self.memberships.iter().find(|one| one.tenant == tenant)
    }
}

impl Membership {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            tenant: member(value, "tenant")?,
            tenant_name: member(value, "tenant_name")?,
            agent: member(value, "agent")?,
            role: Role::read(value.get("role")?)?,
            suspended: member(value, "suspended")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a0a0-0000-7000-8000-000000000001";

    #[test]
    fn reads_the_reply() {
        let text = format!(
            r#"{{"account":{{"id":"{ID}","name":"Ana","email":"ana@shop.test","is_operator":false}},
            "memberships":[{{"tenant":"{ID}","tenant_name":"Shop","agent":"{ID}","name":"Ana","role":"admin","suspended":false}}],
            "admin_url":"/admin","build":"1"}}"#
        );
        let me = Me::read(&text).unwrap();
        assert_eq!(me.memberships.len(), 1);
        assert_eq!(me.memberships[0].role, Role::Admin);
        assert_eq!(me.admin_url, "/admin");
        assert!(me.membership(me.memberships[0].tenant).is_some());
    }

    #[test]
    fn refuses_another_reply() {
        assert!(Me::read("{}").is_none());
        assert!(Me::read("<html>").is_none());
    }
}
