//! Sends a link for a new password. The answer is the same whether or not the address is known (rule A2).

use std::net::IpAddr;

use crate::actions::invite_agent::{LINK_MS, one_time};
use crate::actions::{create_account, notify};
use crate::app::App;
use crate::auth::limiter::{Rule, ip_key};
use crate::auth::secret::Secret;
use crate::error::AppResult;
use crate::i18n;
use crate::mail::letters::{self, Link};
use crate::mail::{Mail, MailKind};
use crate::store::login_link::{self, LoginLink};
use crate::store::{EveryTenant, account, agent, tenant};

/// A request that may be carried out.
#[derive(Debug, Clone)]
pub struct Request {
    email: String,
    locale: String,
}

/// Checks a request; nothing in here depends on whether the address is known.
///
/// # Errors
/// `rate_limited`; `invalid` on `email`.
pub async fn check_request(app: &App, address: &str, ip: IpAddr, locale: &str) -> AppResult<Request> {
    let email = create_account::email(address)?;
    let monotonic = app.clock.monotonic();
    app.limiter.take_everywhere(Rule::ResetIp, &ip_key(ip), monotonic).await?;
    app.limiter.take_everywhere(Rule::ResetAccount, &email, monotonic).await?;
    Ok(Request { email, locale: locale.to_owned() })
}

/// Puts the mail into the outbox of the person's first tenant, if the address has a login that may sign in. An
/// account without a tenant gets its link from the command line. Run it beside the answer, whose time would
/// tell otherwise.
///
/// # Errors
/// When the database fails.
pub async fn send_link(app: &App, request: Request) -> AppResult<()> {
    let Request { email, locale } = request;
    let secret = Secret::new();
    let (link, made) = one_time(app, &secret, LINK_MS);
    let now = app.now();
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                let found = account::find_by_email(tx, &email).await?.filter(|found| found.disabled_at.is_none());
                let Some(found) = found else { return Ok(()) };
                let memberships = agent::of_account(tx, found.id).await?;
                let Some(membership) = memberships.first() else { return Ok(()) };
                let Some(of) = tenant::find(tx, membership.tenant_id).await? else { return Ok(()) };
                login_link::void_account(tx, found.id, now).await?;
                login_link::insert(tx, &LoginLink { account_id: Some(found.id), ..made }).await?;
                let about = Link { tenant: &of.name, by: &found.name, link: &link.url };
                let letter = letters::password_reset(i18n::texts(&locale), about)?;
                let mail = Mail { to: found.email, to_name: Some(found.name), reply_to: None, thread: None, letter };
                notify::enqueue(tx, of.id, MailKind::PasswordReset, &mail, now).await
            })
        })
        .await?;
    app.mailer.call(());
    Ok(())
}
