//! Creates a login with a password, and a membership when a tenant is given.

use domain::text::{EmailAddress, Name};
use protocol::error::ErrorCode;
use protocol::ids::{AccountId, AgentId, TenantId};
use protocol::state::Role;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::app::App;
use crate::auth::password;
use crate::clock::new_id;
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::account::{self, Account};
use crate::store::agent::{self, Agent};
use crate::store::department::{self, Member};
use crate::store::{Conn, EveryTenant, audit, tenant};

/// What is needed for a login.
#[derive(Clone)]
pub struct NewAccount {
    /// Address.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Password.
    pub password: String,
    /// May manage the whole installation.
    pub operator: bool,
    /// Member of a tenant.
    pub membership: Option<(TenantId, Role)>,
}

/// A new login.
#[derive(Debug, Clone)]
pub struct Created {
    /// The login.
    pub account: Account,
    /// The membership.
    pub agent: Option<AgentId>,
}

/// Creates a login.
///
/// # Errors
/// `forbidden` for anybody but operators; `invalid` on `email`, `name` or `password`; `conflict` on `email` when
/// it has a login; `not_found` for the tenant.
pub async fn create_account(app: &App, actor: &Actor, new: NewAccount) -> AppResult<Created> {
    actor.check_platform()?;
    let account = prepare(app, &new).await?;
    let (actor, membership) = (actor.clone(), new.membership);
    let created = app
        .store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                insert(tx, &actor, &account).await?;
                let agent = match membership {
                    Some((tenant, role)) => Some(join(tx, &actor, &account, (tenant, role)).await?),
                    None => None,
                };
                Ok(Created { account, agent })
            })
        })
        .await?;
    Ok(created)
}

/// Checks the input, hashes the password and makes the row.
pub(crate) async fn prepare(app: &App, new: &NewAccount) -> AppResult<Account> {
    let email = email(&new.email)?;
    let name = Name::parse(&new.name).on_field("name")?.into_string();
    password::check(&new.password, &email, &name)?;
    let password_hash = app.passwords.hash(new.password.clone()).await?;
    Ok(Account {
        id: AccountId(app.id()),
        email,
        name,
        password_hash: Some(password_hash),
        is_operator: new.operator,
        created_at: app.now(),
        disabled_at: None,
    })
}

/// The form of an address that identifies a login: lower case.
pub(crate) fn email(text: &str) -> AppResult<String> {
    Ok(EmailAddress::parse(text).on_field("email")?.into_string().to_ascii_lowercase())
}

/// Writes a login and the record.
pub(crate) async fn insert(tx: &mut Conn, actor: &Actor, row: &Account) -> AppResult<()> {
    if account::find_by_email(tx, &row.email).await?.is_some() {
        return Err(Refusal::field("email", ErrorCode::Conflict, "this address has an account").into());
    }
    account::insert(tx, row).await?;
    let detail = json!({"email": row.email, "operator": row.is_operator});
    audit::add(tx, &actor.record_with(None, "account.created", (row.id.0, detail), row.created_at)).await
}

/// Makes a login a member, again when it was one before, and writes the record.
pub(crate) async fn join(
    tx: &mut Conn,
    actor: &Actor,
    row: &Account,
    (tenant, role): (TenantId, Role),
) -> AppResult<AgentId> {
    let now = row.created_at;
    let found = tenant::find(tx, tenant).await?.ok_or_else(|| AppError::not_found("tenant"))?;
    let before = agent::list(tx, tenant).await?.into_iter().find(|agent| agent.account_id == row.id);
    let id = match before {
        Some(before) => {
            let again = Agent { role, disabled_at: None, name: row.name.clone(), ..before };
            agent::save(tx, tenant, &again).await?;
            again.id
        }
        None => {
            let of = (row.name.as_str(), role, found.policy().capacity);
            let new = Agent::new(AgentId(new_id(now)), &tenant, &row.id, of, now);
            agent::insert(tx, tenant, &new).await?;
            // Somebody new can be asked at once; where else the person belongs is for the tenant to say.
            if let Some(first) = department::first(tx, tenant).await? {
                let member = Member { department_id: first.id, agent_id: new.id, priority: 0 };
                department::add_member(tx, tenant, member).await?;
            }
            new.id
        }
    };
    let detail = json!({"email": row.email, "role": role});
    audit::add(tx, &actor.record_with(Some(tenant), "agent.joined", (id.0, detail), now)).await?;
    Ok(id)
}
