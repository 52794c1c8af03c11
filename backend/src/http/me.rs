//! `GET /v1/me`: who is signed in, for the console.

use actix_web::web;
use protocol::ids::{AccountId, AgentId, TenantId};
use protocol::state::Role;
use serde::Serialize;

use super::extract::Account;
use crate::app::App;
use crate::assets;
use crate::error::AppResult;
use crate::store::{EveryTenant, agent, tenant};

/// The reply.
#[derive(Serialize)]
pub struct Me {
    account: Person,
    memberships: Vec<Membership>,
    admin_url: &'static str,
    build: &'static str,
}

#[derive(Serialize)]
struct Person {
    id: AccountId,
    name: String,
    email: String,
    is_operator: bool,
}

#[derive(Serialize)]
struct Membership {
    tenant: TenantId,
    tenant_name: String,
    agent: AgentId,
    name: String,
    role: Role,
    suspended: bool,
}

/// Who is signed in, and where the person is a member.
///
/// # Errors
/// `unauthenticated`; when the database fails.
pub async fn me(app: web::Data<App>, signed: Account) -> AppResult<web::Json<Me>> {
    let mut conn = app.store.read(EveryTenant).await?;
    let mut memberships = Vec::new();
    for member in agent::of_account(&mut conn, signed.account.id).await? {
        let Some(of) = tenant::find(&mut conn, member.tenant_id).await? else { continue };
        memberships.push(Membership {
            tenant: of.id,
            suspended: of.is_suspended(),
            tenant_name: of.name,
            agent: member.id,
            name: member.name,
            role: member.role,
        });
    }
    let account = &signed.account;
    let person = Person {
        id: account.id,
        name: account.name.clone(),
        email: account.email.clone(),
        is_operator: account.is_operator,
    };
    Ok(web::Json(Me { account: person, memberships, admin_url: "/admin", build: assets::build() }))
}
