//! Signs a browser in and out (rules A2, J1).

use std::net::IpAddr;

use protocol::error::{CloseCode, ErrorCode};
use protocol::ids::AccountId;
use serde_json::json;

use crate::actions::actor::{Actor, Right};
use crate::actions::second_factor;
use crate::app::App;
use crate::auth::browser::{ABSOLUTE_MS, IDLE_MS, Signed};
use crate::auth::limiter::{Rule, ip_key};
use crate::auth::password;
use crate::auth::secret::{self, Secret};
use crate::bus::{Deliver, Note, Topic};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::account::{self, Account};
use crate::store::account_session::{self, AccountSession};
use crate::store::{EveryTenant, agent, audit, second_factor as pending};

/// A right password waits this long for its code, in milliseconds.
const CODE_WITHIN_MS: i64 = 5 * 60 * 1000;
/// Codes that may be tried before the password is asked for again.
const TRIES: i64 = 5;
/// Longest user agent kept, in characters.
const USER_AGENT_CHARS: usize = 200;

/// The browser that asks.
#[derive(Clone)]
pub struct Browser {
    /// Its address.
    pub ip: IpAddr,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// The cookie it brought; void from here on.
    pub cookie: Option<String>,
}

/// A signed-in browser.
pub struct SignedIn {
    /// The new cookie.
    pub token: String,
    /// Who is signed in.
    pub account: Account,
}

/// How far a sign-in came.
pub enum Step {
    /// The person is in.
    Done(SignedIn),
    /// The password was right; [`finish`] takes the code. Holds the cookie to bring with it.
    Code(String),
}

/// Signs in with address and password. The same answer, in the same time, for an unknown address and a wrong
/// password.
///
/// # Errors
/// `rate_limited`; `unauthenticated`.
pub async fn sign_in(app: &App, email: &str, password: String, browser: Browser) -> AppResult<Step> {
    let email = email.trim().to_ascii_lowercase();
    let monotonic = app.clock.monotonic();
    app.limiter.take_everywhere(Rule::SignInIp, &ip_key(browser.ip), monotonic).await?;
    let key: String = email.chars().take(protocol::limits::EMAIL_BYTES).collect();
    app.limiter.take_everywhere(Rule::SignInAccount, &key, monotonic).await?;
    let mut conn = app.store.read(EveryTenant).await?;
    let found = account::find_by_email(&mut conn, &email).await?.filter(|found| found.disabled_at.is_none());
    drop(conn);
    let hash = found.as_ref().and_then(|found| found.password_hash.as_deref());
    let right = app.passwords.verify(password, hash).await?;
    match found {
        Some(account) if right => enter(app, account, browser).await,
        _ => {
            tracing::info!(ip = %ip_key(browser.ip), "a sign-in was refused");
            Err(Refusal::new(ErrorCode::Unauthenticated, "address and password do not belong together").into())
        }
    }
}

/// Lets somebody in whose password was right, or asks for the second factor where there is one.
///
/// # Errors
/// When the database fails.
pub async fn enter(app: &App, account: Account, browser: Browser) -> AppResult<Step> {
    if second_factor::in_use(app, account.id).await?.is_none() {
        return Ok(Step::Done(open(app, account, browser).await?));
    }
    let (secret, now, id) = (Secret::new(), app.now(), account.id);
    let Secret { token, hash } = secret;
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move { pending::wait_for_code(tx, id, &hash, (now, now + CODE_WITHIN_MS)).await })
        })
        .await?;
    Ok(Step::Code(token))
}

/// Takes the code of a sign-in whose password was right: of the app, each once, or a recovery code.
///
/// # Errors
/// `rate_limited`; `invalid` on `code`; `unauthenticated` when the password must be given again.
pub async fn finish(app: &App, cookie: &str, code: &str, browser: Browser) -> AppResult<SignedIn> {
    let (hash, now) = (secret::hash(cookie), app.now());
    let mut conn = app.store.read(EveryTenant).await?;
    let waiting = pending::pending(&mut conn, &hash).await?;
    let waiting = waiting.filter(|it| it.expires_at > now && it.tries < TRIES).ok_or_else(AppError::unauthenticated)?;
    let account = account::find(&mut conn, waiting.account_id).await?.filter(|it| it.disabled_at.is_none());
    drop(conn);
    let (Some(account), Some(factor)) = (account, second_factor::in_use(app, waiting.account_id).await?) else {
        return Err(AppError::unauthenticated());
    };
    app.limiter.take_everywhere(Rule::SecondFactor, &account.id.to_string(), app.clock.monotonic()).await?;
    let typed = second_factor::read(app, &factor, code).ok();
    let (id, pending_hash) = (account.id, hash.clone());
    let good = app
        .store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                pending::count_try(tx, &pending_hash).await?;
                let good = match &typed {
                    Some(second_factor::Typed::Step(step)) => pending::use_step(tx, id, *step).await?,
                    Some(second_factor::Typed::Code(hash)) => pending::use_code(tx, id, hash, now).await?,
                    None => false,
                };
                if good {
                    pending::end_pending(tx, &pending_hash).await?;
                }
                Ok(good)
            })
        })
        .await?;
    if good {
        return open(app, account, browser).await;
    }
    tracing::info!(ip = %ip_key(browser.ip), "a second factor was refused");
    Err(second_factor::wrong_code())
}

/// Signs in somebody who proved who they are. The browser's earlier cookie is void: nobody can plant one.
///
/// # Errors
/// When the database fails.
async fn open(app: &App, account: Account, browser: Browser) -> AppResult<SignedIn> {
    let secret = Secret::new();
    let now = app.now();
    let session = AccountSession {
        token_hash: secret.hash,
        account_id: account.id,
        created_at: now,
        seen_at: now,
        expires_at: now + ABSOLUTE_MS,
        user_agent: browser
            .user_agent
            .map(|text| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect()),
        ip: Some(ip_key(browser.ip)),
    };
    let actor =
        Actor { right: Right::Machine, account: Some(account.id), name: account.name.clone(), ip: session.ip.clone() };
    let (old, id) = (browser.cookie.map(|cookie| secret::hash(&cookie)), account.id);
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                if let Some(old) = old {
                    account_session::remove(tx, &old).await?;
                }
                account_session::sweep(tx, now, now - IDLE_MS).await?;
                account_session::insert(tx, &session).await?;
                audit::add(tx, &actor.record_with(None, "account.signed_in", (id.0, json!({})), now)).await
            })
        })
        .await?;
    Ok(SignedIn { token: secret.token, account })
}

/// Signs this browser out. Its connections end; those of the person's other browsers come back by themselves.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(app: &App, signed: &Signed) -> AppResult<()> {
    let hash = signed.token_hash.clone();
    app.store.write(EveryTenant, move |tx| Box::pin(async move { account_session::remove(tx, &hash).await })).await?;
    restart_connections(app, signed.account.id).await
}

/// Signs a person's other browsers out. Says how many there were.
///
/// # Errors
/// When the database fails.
pub async fn sign_out_others(app: &App, signed: &Signed) -> AppResult<u64> {
    let (hash, id) = (signed.token_hash.clone(), signed.account.id);
    let removed = app
        .store
        .write(EveryTenant, move |tx| {
            Box::pin(async move { account_session::remove_others(tx, id, Some(&hash)).await })
        })
        .await?;
    restart_connections(app, id).await?;
    Ok(removed)
}

/// Changes the password of whoever is signed in, which signs every other browser out.
///
/// # Errors
/// `rate_limited`; `unauthenticated` on `current`; `invalid` on `password`.
pub async fn change_password(app: &App, signed: &Signed, current: String, new: String) -> AppResult<()> {
    let account = &signed.account;
    app.limiter.take_everywhere(Rule::SignInAccount, &account.email, app.clock.monotonic()).await?;
    if !app.passwords.verify(current, account.password_hash.as_deref()).await? {
        return Err(Refusal::field("current", ErrorCode::Unauthenticated, "this is not your password").into());
    }
    password::check(&new, &account.email, &account.name)?;
    let hash = app.passwords.hash(new).await?;
    let actor =
        Actor { right: Right::Machine, account: Some(account.id), name: account.name.clone(), ip: signed.ip.clone() };
    let (id, keep, now) = (account.id, signed.token_hash.clone(), app.now());
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                let row = account::find(tx, id).await?.ok_or_else(AppError::unauthenticated)?;
                account::save(tx, &Account { password_hash: Some(hash), ..row }).await?;
                account_session::remove_others(tx, id, Some(&keep)).await?;
                audit::add(tx, &actor.record_with(None, "account.password_changed", (id.0, json!({})), now)).await
            })
        })
        .await?;
    restart_connections(app, id).await
}

/// Ends a person's connections so that each proves again who it is: those of browsers that were signed out are
/// refused (C20), the others go on.
pub(crate) async fn restart_connections(app: &App, account: AccountId) -> AppResult<()> {
    let mut conn = app.store.read(EveryTenant).await?;
    for agent in agent::of_account(&mut conn, account).await? {
        app.bus.publish(Topic::Agent(agent.tenant_id, agent.id), Note::Revoked(CloseCode::Restart));
    }
    Ok(())
}

/// Closes this node's connections of everybody who was signed out after `since` (Unix milliseconds) by another process, such as
/// the command line. Says who that was and when; what is in `known` was done before.
///
/// # Errors
/// When the database fails.
pub async fn follow_sign_outs(
    app: &App,
    sessions: &dyn Deliver,
    since: i64,
    known: &[(AccountId, i64)],
) -> AppResult<Vec<(AccountId, i64)>> {
    let mut conn = app.store.read(EveryTenant).await?;
    let now = account::signed_out_since(&mut conn, since).await?;
    for (account, _) in now.iter().filter(|one| !known.contains(one)) {
        for agent in agent::of_account(&mut conn, *account).await? {
            sessions.deliver(Topic::Agent(agent.tenant_id, agent.id), &Note::Revoked(CloseCode::Restart));
        }
    }
    Ok(now)
}
