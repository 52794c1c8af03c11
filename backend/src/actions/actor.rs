//! Who changes tenants, sites and people, and what the audit log says about it.

use domain::permission::{self, Permission};
use protocol::error::ErrorCode;
use protocol::ids::{AccountId, TenantId};
use protocol::state::Role;
use serde_json::Value;
use uuid::Uuid;

use crate::auth::AgentIdentity;
use crate::auth::browser::Signed;
use crate::clock::new_id;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::audit::Record;

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// By what right.
    pub right: Right,
    /// The login; `None` for the command line and Frontdesk itself.
    pub account: Option<AccountId>,
    /// Name for the audit log.
    pub name: String,
    /// Where the request came from.
    pub ip: Option<String>,
}

/// By what right somebody acts.
#[derive(Debug, Clone)]
pub enum Right {
    /// Whoever can run the program on its data may do everything.
    Machine,
    /// An operator may do everything; records show it.
    Operator,
    /// A member, in one tenant, by role.
    Member(AgentIdentity),
}

impl Actor {
    /// The command line.
    pub fn command_line() -> Self {
        Self { right: Right::Machine, account: None, name: "command line".to_owned(), ip: None }
    }

    /// An operator; `forbidden` for anybody else.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn operator(signed: &Signed) -> AppResult<Self> {
        if !signed.account.is_operator {
            return Err(AppError::forbidden());
        }
        Ok(Self {
            right: Right::Operator,
            account: Some(signed.account.id),
            name: signed.account.name.clone(),
            ip: signed.ip.clone(),
        })
    }

    /// A member of a tenant.
    pub fn member(agent: &AgentIdentity, ip: Option<String>) -> Self {
        Self { right: Right::Member(agent.clone()), account: Some(agent.account), name: agent.name.clone(), ip }
    }

    /// Whether it may manage the installation.
    ///
    /// # Errors
    /// `forbidden` for members.
    pub fn check_platform(&self) -> AppResult<()> {
        match self.right {
            Right::Machine | Right::Operator => Ok(()),
            Right::Member(_) => Err(AppError::forbidden()),
        }
    }

    /// Whether it may do something in a tenant.
    ///
    /// # Errors
    /// `not_found` for members of another tenant, `forbidden` for a role that is too low, `tenant_suspended`
    /// for every member of a suspended tenant.
    pub fn check(&self, tenant: TenantId, permission: Permission) -> AppResult<()> {
        match &self.right {
            Right::Machine | Right::Operator => Ok(()),
            Right::Member(agent) if agent.tenant != tenant => Err(AppError::not_found("tenant")),
            Right::Member(agent) if agent.suspended => {
                Err(Refusal::new(ErrorCode::TenantSuspended, "the tenant is suspended").into())
            }
            Right::Member(agent) if permission::allows(agent.role, permission) => Ok(()),
            Right::Member(_) => Err(AppError::forbidden()),
        }
    }

    /// Whether it may invite, change or disable somebody with a role, or give that role.
    ///
    /// # Errors
    /// As [`Actor::check`].
    pub fn check_role(&self, tenant: TenantId, role: Role) -> AppResult<()> {
        self.check(tenant, Permission::ManagePeople)?;
        match &self.right {
            Right::Member(agent) if !permission::may_manage(agent.role, role) => Err(AppError::forbidden()),
            _ => Ok(()),
        }
    }

    /// The audit record of something done at `now`. Written in the transaction that does it.
    pub fn record(&self, tenant: Option<TenantId>, action: &str, target: Option<String>, now: i64) -> Record {
        Record {
            id: new_id(now),
            tenant_id: tenant,
            at: now,
            account_id: self.account,
            actor: self.name.clone(),
            action: action.to_owned(),
            target,
            detail: None,
            ip: self.ip.clone(),
        }
    }

    /// The same with what changed.
    pub fn record_with(
        &self,
        tenant: Option<TenantId>,
        action: &str,
        (target, detail): (impl Into<Uuid>, Value),
        now: i64,
    ) -> Record {
        let target = Some(target.into().hyphenated().to_string());
        Record { detail: Some(detail.to_string()), ..self.record(tenant, action, target, now) }
    }
}
