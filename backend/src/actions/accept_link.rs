//! Uses a one-time link: the first account, joining a tenant, a new password (rule A3). Looking at a link does
//! not use it up: mail scanners and previews look.

use std::net::IpAddr;

use domain::text::Name;
use protocol::error::{CloseCode, ErrorCode};
use protocol::ids::AccountId;
use protocol::state::Role;
use serde_json::json;

use crate::actions::actor::{Actor, Right};
use crate::actions::create_account::{self, NewAccount};
use crate::actions::create_tenant::{self, NewTenant};
use crate::app::App;
use crate::auth::limiter::{Rule, ip_key};
use crate::auth::{password, secret};
use crate::bus::{Note, Topic};
use crate::error::{AppError, AppResult, OnField, Refusal};
use crate::store::account::{self, Account};
use crate::store::login_link::{self, LoginLink, Purpose};
use crate::store::tenant::Tenant;
use crate::store::{Conn, EveryTenant, account_session, agent, audit, tenant};

/// What a link is for, to draw its page.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it is for; not for set-up.
    pub email: Option<String>,
    /// Name of the tenant, for an invitation.
    pub tenant: Option<String>,
    /// The address has an account already: its password is asked, not a new one.
    pub known: bool,
}

/// What the person filled in. Which fields count depends on the link.
#[derive(Clone, Default)]
pub struct Answers {
    /// Address, for set-up.
    pub email: String,
    /// Name, for set-up and new members.
    pub name: String,
    /// The new password, or that of the known account.
    pub password: String,
    /// Name of the first tenant, for set-up.
    pub tenant: String,
}

/// Whose link it was.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The account, which may be signed in now.
    pub account: Account,
    /// What the link was for.
    pub purpose: Purpose,
}

/// Looks at a link.
///
/// # Errors
/// `rate_limited`; `not_found` when it is unknown, used or expired.
pub async fn view_link(app: &App, token: &str, ip: IpAddr) -> AppResult<LinkView> {
    app.limiter.take_everywhere(Rule::Link, &ip_key(ip), app.clock.monotonic()).await?;
    let (link, known, tenant) = read(app, token).await?;
    Ok(LinkView {
        purpose: link.purpose,
        email: link.email.or_else(|| known.as_ref().map(|known| known.email.clone())),
        tenant: tenant.map(|tenant| tenant.name),
        known: known.is_some(),
    })
}

/// Uses a link. Of two who use it at the same time one succeeds.
///
/// # Errors
/// As [`view_link`]; `invalid` or `conflict` with the field: the link is still good then.
pub async fn accept_link(app: &App, token: &str, answers: Answers, ip: IpAddr) -> AppResult<Accepted> {
    app.limiter.take_everywhere(Rule::Link, &ip_key(ip), app.clock.monotonic()).await?;
    let (link, known, _) = read(app, token).await?;
    let accepted = match (link.purpose, known) {
        (Purpose::Setup, _) => set_up(app, link, answers, ip).await?,
        (Purpose::Invite, Some(known)) => join_known(app, link, known, (answers, ip)).await?,
        (Purpose::Invite, None) => join_new(app, link, answers, ip).await?,
        (Purpose::Reset, Some(known)) => reset(app, link, known, (answers, ip)).await?,
        (Purpose::Reset, None) => return Err(gone()),
    };
    Ok(accepted)
}

async fn read(app: &App, token: &str) -> AppResult<(LoginLink, Option<Account>, Option<Tenant>)> {
    let mut conn = app.store.read(EveryTenant).await?;
    let now = app.now();
    let link = login_link::find(&mut conn, &secret::hash(token)).await?;
    let link = link.filter(|link| link.used_at.is_none() && link.expires_at > now).ok_or_else(gone)?;
    let known = match (link.account_id, &link.email) {
        (Some(id), _) => account::find(&mut conn, id).await?,
        (None, Some(email)) => account::find_by_email(&mut conn, email).await?,
        (None, None) => None,
    };
    if known.as_ref().is_some_and(|known| known.disabled_at.is_some()) {
        return Err(gone());
    }
    let tenant = match link.tenant_id {
        Some(id) => tenant::find(&mut conn, id).await?,
        None => None,
    };
    Ok((link, known, tenant))
}

async fn set_up(app: &App, link: LoginLink, answers: Answers, ip: IpAddr) -> AppResult<Accepted> {
    let tenant = NewTenant { name: answers.tenant, slug: None };
    let tenant = create_tenant::prepare(app, &tenant).map_err(|error| rename_field(error, "name", "tenant"))?;
    let new = NewAccount {
        email: answers.email,
        name: answers.name,
        password: answers.password,
        operator: true,
        membership: None,
    };
    let row = create_account::prepare(app, &new).await?;
    let actor = person(&row, Right::Operator, ip);
    let account = row.clone();
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                consume(tx, &link, row.created_at).await?;
                if account::any(tx).await? {
                    return Err(gone());
                }
                create_account::insert(tx, &actor, &row).await?;
                let tenant = create_tenant::insert(tx, &actor, tenant).await?;
                create_account::join(tx, &actor, &row, (tenant.id, Role::Owner)).await?;
                Ok(())
            })
        })
        .await?;
    Ok(Accepted { account, purpose: Purpose::Setup })
}

async fn join_new(app: &App, link: LoginLink, answers: Answers, ip: IpAddr) -> AppResult<Accepted> {
    let (Some(tenant), Some(role), Some(email)) = (link.tenant_id, link.role, link.email.clone()) else {
        return Err(gone());
    };
    let new = NewAccount { email, name: answers.name, password: answers.password, operator: false, membership: None };
    let row = create_account::prepare(app, &new).await?;
    let actor = person(&row, Right::Machine, ip);
    let account = row.clone();
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                consume(tx, &link, row.created_at).await?;
                create_account::insert(tx, &actor, &row).await?;
                create_account::join(tx, &actor, &row, (tenant, role)).await?;
                Ok(())
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    Ok(Accepted { account, purpose: Purpose::Invite })
}

async fn join_known(
    app: &App,
    link: LoginLink,
    known: Account,
    (answers, ip): (Answers, IpAddr),
) -> AppResult<Accepted> {
    let (Some(tenant), Some(role)) = (link.tenant_id, link.role) else { return Err(gone()) };
    app.limiter.take_everywhere(Rule::SignInAccount, &known.email, app.clock.monotonic()).await?;
    if !app.passwords.verify(answers.password, known.password_hash.as_deref()).await? {
        return Err(Refusal::field("password", ErrorCode::Unauthenticated, "not the password of the account").into());
    }
    let actor = person(&known, Right::Machine, ip);
    // `join` takes the time of joining from the row.
    let row = Account { created_at: app.now(), ..known.clone() };
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                consume(tx, &link, row.created_at).await?;
                create_account::join(tx, &actor, &row, (tenant, role)).await?;
                Ok(())
            })
        })
        .await?;
    app.bus.publish(Topic::Agents(tenant), Note::StateChanged);
    Ok(Accepted { account: known, purpose: Purpose::Invite })
}

async fn reset(app: &App, link: LoginLink, known: Account, (answers, ip): (Answers, IpAddr)) -> AppResult<Accepted> {
    let name = match answers.name.trim() {
        "" => known.name.clone(),
        name => Name::parse(name).on_field("name")?.into_string(),
    };
    password::check(&answers.password, &known.email, &name)?;
    let password_hash = Some(app.passwords.hash(answers.password).await?);
    let actor = person(&known, Right::Machine, ip);
    let row = Account { password_hash, name, ..known };
    let (account, now) = (row.clone(), app.now());
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                consume(tx, &link, now).await?;
                account::save(tx, &row).await?;
                login_link::void_account(tx, row.id, now).await?;
                account_session::remove_others(tx, row.id, None).await?;
                audit::add(tx, &actor.record_with(None, "account.password_changed", (row.id.0, json!({})), now)).await
            })
        })
        .await?;
    close_connections(app, account.id).await?;
    Ok(Accepted { account, purpose: Purpose::Reset })
}

/// Closes every connection of a person whose signed-in browsers were signed out (C20).
pub(crate) async fn close_connections(app: &App, account: AccountId) -> AppResult<()> {
    let mut conn = app.store.read(EveryTenant).await?;
    for agent in agent::of_account(&mut conn, account).await? {
        app.bus.publish(Topic::Agent(agent.tenant_id, agent.id), Note::Revoked(CloseCode::Unauthenticated));
    }
    Ok(())
}

async fn consume(tx: &mut Conn, link: &LoginLink, now: i64) -> AppResult<()> {
    if login_link::use_up(tx, &link.token_hash, now).await? { Ok(()) } else { Err(gone()) }
}

fn person(account: &Account, right: Right, ip: IpAddr) -> Actor {
    Actor { right, account: Some(account.id), name: account.name.clone(), ip: Some(ip_key(ip)) }
}

fn gone() -> AppError {
    AppError::not_found("link")
}

fn rename_field(error: AppError, from: &str, to: &'static str) -> AppError {
    match error {
        AppError::Refused(refusal) if refusal.field == Some(from) => {
            AppError::Refused(Refusal { field: Some(to), ..refusal })
        }
        other => other,
    }
}
