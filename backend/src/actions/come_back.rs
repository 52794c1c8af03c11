//! A visitor who kept the place comes back by the link in the mail. Looking at the link changes nothing, because
//! scanners of mail follow links; the button does, once.

use std::net::IpAddr;

use domain::conversation::Command;
use protocol::ids::{ConversationId, TenantId, VisitorId};

use super::access;
use super::change::{self, Asker, Outcome, Request};
use crate::app::App;
use crate::auth::VisitorIdentity;
use crate::auth::limiter::{Rule, ip_key};
use crate::auth::return_link::ReturnLink;
use crate::error::{AppError, AppResult};
use crate::store::site::{self, Site};
use crate::store::{Conn, conversation, tenant, visitor};

/// Where a link leads.
pub struct Way {
    /// The site of the conversation; `None` when the link is not ours, or the site is no more.
    pub site: Option<Site>,
    /// How long the place is still kept, in milliseconds; `None`: it is not, or the link was used.
    pub kept_ms: Option<i64>,
}

/// Somebody who is back.
pub struct Returned {
    /// Where the chat goes on.
    pub site: Site,
    /// A token of the visitor.
    pub token: String,
}

/// Looks at a link.
///
/// # Errors
/// `rate_limited`; `tenant_suspended`; when the database fails.
pub async fn look(app: &App, token: &str, ip: IpAddr) -> AppResult<Way> {
    app.limiter.take_everywhere(Rule::Link, &ip_key(ip), app.clock.monotonic()).await?;
    let Some(link) = app.keys.read_return(token) else { return Ok(Way { site: None, kept_ms: None }) };
    let mut conn = app.store.read(link.tenant).await?;
    check_tenant(&mut conn, link.tenant).await?;
    let site = site::find(&mut conn, link.tenant, link.site).await?;
    let row = conversation::find(&mut conn, link.tenant, link.conversation).await?;
    let left = link.until - app.now();
    let kept = left > 0 && row.is_some_and(|row| row.kept_at == Some(link.kept_at));
    Ok(Way { site, kept_ms: kept.then_some(left) })
}

/// Takes the place again, or says where else to go: it is not kept any more, or the link was used.
///
/// # Errors
/// As [`look`].
pub async fn come_back(app: &App, token: &str, ip: IpAddr) -> AppResult<Result<Returned, Option<Site>>> {
    let way = look(app, token, ip).await?;
    let (Some(site), Some(link)) = (way.site, app.keys.read_return(token)) else { return Ok(Err(None)) };
    if way.kept_ms.is_none() {
        return Ok(Err(Some(site)));
    }
    let now = app.now();
    let scope = (link.tenant, link.conversation);
    let back = app.store.write(scope, move |tx| Box::pin(async move { take(tx, &link, now).await })).await?;
    let Some(back) = back else { return Ok(Err(Some(site))) };
    let identity = VisitorIdentity { tenant: link.tenant, site: link.site, visitor: back.visitor };
    let (token, _) = app.keys.sign_visitor(&identity, None, back.version, now);
    change::announce(app, link.tenant, back.outcome);
    Ok(Ok(Returned { site, token }))
}

/// Who is back, and what that changed.
struct Back {
    visitor: VisitorId,
    version: i64,
    outcome: Outcome,
}

async fn take(tx: &mut Conn, link: &ReturnLink, now: i64) -> AppResult<Option<Back>> {
    let row = conversation::find(tx, link.tenant, link.conversation).await?;
    let Some(row) = row.filter(|row| row.kept_at == Some(link.kept_at)) else { return Ok(None) };
    let Some(who) = visitor::find(tx, link.tenant, row.visitor_id).await? else { return Ok(None) };
    let outcome = came_back(tx, (link.tenant, link.conversation), now).await?;
    Ok(Some(Back { visitor: who.id, version: who.token_version, outcome }))
}

/// Lets the visitor wait anew in the old place.
async fn came_back(tx: &mut Conn, (tenant, id): (TenantId, ConversationId), now: i64) -> AppResult<Outcome> {
    let request = Request::new(Asker::System(tenant), id, Command::CameBack);
    let mut outcome = change::write(tx, &request, now).await?;
    if outcome.row.visitor_left_at.is_some() {
        // From here on being away counts again, and it begins now: the page that the button leads to is still loading.
        outcome.row.visitor_left_at = Some(now);
        conversation::save(tx, tenant, &outcome.row).await?;
    }
    Ok(outcome)
}

async fn check_tenant(conn: &mut Conn, id: TenantId) -> AppResult<()> {
    let of = tenant::find(conn, id).await?.ok_or_else(|| AppError::not_found("tenant"))?;
    if of.is_suspended() { Err(access::suspended()) } else { Ok(()) }
}
