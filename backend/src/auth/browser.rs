//! Signed-in browsers (rule J1): an opaque cookie, known here by its hash.

use protocol::error::ErrorCode;
use protocol::ids::TenantId;
use tracing::Span;
use tracing::field::display;

use super::{AgentIdentity, secret};
use crate::app::App;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::account::{self, Account};
use crate::store::agent::{self, Agent};
use crate::store::{EveryTenant, account_session, tenant};

/// Unused this long, a browser is signed out, in milliseconds (7 days).
pub const IDLE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Signed out this long after signing in, in milliseconds (30 days).
pub const ABSOLUTE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How often the last use is written down, in milliseconds.
const TOUCH_MS: i64 = 60_000;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Who is signed in.
    pub account: Account,
    /// Hash of this browser's cookie.
    pub token_hash: Vec<u8>,
    /// Where the request came from, for the audit log; set by the extractor.
    pub ip: Option<String>,
}

/// Who is signed in with this cookie.
///
/// # Errors
/// `unauthenticated` when nobody is, or the account was disabled.
pub async fn authenticate(app: &App, cookie: &str) -> AppResult<Signed> {
    let token_hash = secret::hash(cookie);
    let now = app.now();
    let mut conn = app.store.read(EveryTenant).await?;
    let session = account_session::find(&mut conn, &token_hash)
        .await?
        .filter(|session| session.expires_at > now && session.seen_at > now - IDLE_MS)
        .ok_or_else(AppError::unauthenticated)?;
    let account = account::find(&mut conn, session.account_id)
        .await?
        .filter(|account| account.disabled_at.is_none())
        .ok_or_else(AppError::unauthenticated)?;
    drop(conn);
    if session.seen_at < now - TOUCH_MS {
        let hash = token_hash.clone();
        app.store
            .write(EveryTenant, move |tx| Box::pin(async move { account_session::touch(tx, &hash, now).await }))
            .await?;
    }
    Ok(Signed { account, token_hash, ip: None })
}

/// The account's membership in a tenant; without a tenant, the only one, or the oldest.
///
/// # Errors
/// `forbidden` when the account has no such membership, or it was ended.
pub async fn agent(app: &App, account: &Account, tenant: Option<TenantId>) -> AppResult<AgentIdentity> {
    let mut conn = app.store.read(EveryTenant).await?;
    let agent = agent::of_account(&mut conn, account.id)
        .await?
        .into_iter()
        .find(|agent| tenant.is_none_or(|tenant| tenant == agent.tenant_id));
    let agent = agent.ok_or_else(not_a_member)?;
    Span::current().record("tenant", display(agent.tenant_id));
    let row = tenant::find(&mut conn, agent.tenant_id).await?.ok_or_else(not_a_member)?;
    Ok(identity(agent, row.is_suspended()))
}

fn identity(agent: Agent, suspended: bool) -> AgentIdentity {
    AgentIdentity {
        tenant: agent.tenant_id,
        agent: agent.id,
        account: agent.account_id,
        role: agent.role,
        name: agent.name,
        suspended,
    }
}

fn not_a_member() -> AppError {
    Refusal::new(ErrorCode::Forbidden, "this account is not a member").into()
}
