//! Makes one-time links: invitations, new passwords, the set-up of the installation (rule A3).

use protocol::error::ErrorCode;
use protocol::ids::{AccountId, TenantId};
use protocol::state::Role;
use serde_json::json;

use crate::actions::actor::Actor;
use crate::actions::withdraw_invitation::check_open;
use crate::actions::{create_account, notify};
use crate::app::App;
use crate::auth::secret::Secret;
use crate::error::{AppError, AppResult, Refusal};
use crate::i18n;
use crate::mail::letters::{self, Link};
use crate::mail::{Mail, MailKind};
use crate::store::login_link::{self, LoginLink, Purpose};
use crate::store::{EveryTenant, account, agent, audit, tenant};

/// How long an invitation or a link for a new password is good, in milliseconds (30 minutes).
pub const LINK_MS: i64 = 30 * 60 * 1000;
/// How long the set-up link is good, in milliseconds (24 hours).
pub const SETUP_MS: i64 = 24 * 60 * 60 * 1000;

/// Who is invited.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// To which tenant.
    pub tenant: TenantId,
    /// Address.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Language of the mail (BCP 47).
    pub locale: String,
}

/// A link to hand on. It is shown once; only its hash is stored.
#[derive(Clone, serde::Serialize)]
pub struct OneTimeLink {
    /// The address.
    pub url: String,
    /// Good until, Unix milliseconds.
    pub expires_at: i64,
    /// Whether it was also put into the outbox.
    pub mailed: bool,
}

/// Invites somebody, voids earlier invitations of the same address, and mails the link when mail is configured.
///
/// # Errors
/// As [`Actor::check_role`]; on `email`: `invalid`, `conflict` when it is a member already, `forbidden` when it is invited
/// already as what the actor may not give.
pub async fn invite_agent(app: &App, actor: &Actor, invitation: Invitation) -> AppResult<OneTimeLink> {
    actor.check_role(invitation.tenant, invitation.role)?;
    let email = create_account::email(&invitation.email)?;
    let secret = Secret::new();
    let (link, made) = one_time(app, &secret, LINK_MS);
    let row = LoginLink {
        purpose: Purpose::Invite,
        tenant_id: Some(invitation.tenant),
        email: Some(email.clone()),
        role: Some(invitation.role),
        ..made
    };
    let (actor, now, url) = (actor.clone(), app.now(), link.url.clone());
    let mails = app.config.smtp_url.is_some();
    app.store
        .write(invitation.tenant, move |tx| {
            Box::pin(async move {
                let id = invitation.tenant;
                let found = tenant::find(tx, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
                refuse_member(tx, id, &email).await?;
                check_open(tx, &actor, (id, &email), now).await?;
                login_link::void_invitations(tx, id, &email, now).await?;
                login_link::insert(tx, &row).await?;
                let detail = json!({"email": email, "role": invitation.role});
                audit::add(tx, &actor.record_with(Some(id), "agent.invited", (id.0, detail), now)).await?;
                if mails {
                    let about = Link { tenant: &found.name, by: &actor.name, link: &url };
                    let letter = letters::invitation(i18n::texts(&invitation.locale), about)?;
                    let mail = Mail { to: email, to_name: None, reply_to: None, thread: None, letter };
                    notify::enqueue(tx, id, MailKind::Invitation, &mail, now).await?;
                }
                Ok(())
            })
        })
        .await?;
    if mails {
        app.mailer.call(());
    }
    Ok(OneTimeLink { mailed: mails, ..link })
}

async fn refuse_member(tx: &mut crate::store::Conn, tenant: TenantId, email: &str) -> AppResult<()> {
    let Some(known) = account::find_by_email(tx, email).await? else { return Ok(()) };
    if agent::of_account(tx, known.id).await?.iter().any(|agent| agent.tenant_id == tenant) {
        return Err(Refusal::field("email", ErrorCode::Conflict, "this address is a member already").into());
    }
    Ok(())
}

/// Makes a link with which somebody chooses a new password. For operators and the command line, who hand it on.
///
/// # Errors
/// `forbidden` for anybody else; `not_found`.
pub async fn reset_link(app: &App, actor: &Actor, id: AccountId) -> AppResult<OneTimeLink> {
    actor.check_platform()?;
    let secret = Secret::new();
    let (link, made) = one_time(app, &secret, LINK_MS);
    let row = LoginLink { account_id: Some(id), ..made };
    let (actor, now) = (actor.clone(), app.now());
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                account::find(tx, id).await?.ok_or_else(|| AppError::not_found("account"))?;
                login_link::void_account(tx, id, now).await?;
                login_link::insert(tx, &row).await?;
                audit::add(tx, &actor.record_with(None, "account.reset_link", (id.0, json!({})), now)).await
            })
        })
        .await?;
    Ok(link)
}

/// Makes the link of the first start; `None` when there is an account already. Earlier ones are void.
///
/// # Errors
/// When the database fails.
pub async fn setup_link(app: &App) -> AppResult<Option<OneTimeLink>> {
    let secret = Secret::new();
    let (link, made) = one_time(app, &secret, SETUP_MS);
    let row = LoginLink { purpose: Purpose::Setup, ..made };
    let now = app.now();
    let wanted = app
        .store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                if account::any(tx).await? {
                    return Ok(false);
                }
                login_link::void_purpose(tx, Purpose::Setup, now).await?;
                login_link::insert(tx, &row).await?;
                Ok(true)
            })
        })
        .await?;
    Ok(wanted.then_some(link))
}

/// A link's address, from the configured public address alone, and its row for a new password.
pub(crate) fn one_time(app: &App, secret: &Secret, life_ms: i64) -> (OneTimeLink, LoginLink) {
    let now = app.now();
    let url = format!("{}/setup/{}", app.config.public_origin(), secret.token);
    let link = OneTimeLink { url, expires_at: now + life_ms, mailed: false };
    let row = LoginLink {
        token_hash: secret.hash.clone(),
        purpose: Purpose::Reset,
        account_id: None,
        tenant_id: None,
        email: None,
        role: None,
        created_at: now,
        expires_at: now + life_ms,
        used_at: None,
    };
    (link, row)
}
