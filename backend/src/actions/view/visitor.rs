use domain::policy::Policy;
use domain::queue::estimate;
use protocol::ids::{DepartmentId, TenantId};
use protocol::site::{FieldRule, SiteConfig};
use protocol::state::{
    AgentCard, Availability, ConversationState, DepartmentChoice, Estimate, VisitorConversation, VisitorState,
};
use std::collections::HashMap;

use super::{HISTORY, unsigned, version};
use crate::actions::floor::{Floor, Staff};
use crate::actions::keep_place;
use crate::app::App;
use crate::auth::VisitorIdentity;
use crate::error::{AppError, AppResult};
use crate::store::conversation::{self, Conversation};
use crate::store::site::{self, Site};
use crate::store::{Conn, entry, visitor};

/// Service times older than this say nothing about today, in milliseconds (7 days).
const RECENT: i64 = 7 * 24 * 60 * 60 * 1000;

/// What a site's visitors find now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteNow {
    /// Whether they can chat: in the site's department, or in any that they choose from.
    pub availability: Availability,
    /// When that begins, Unix milliseconds; only while it is closed and that is known.
    pub opens_at: Option<i64>,
    /// Departments to choose from.
    pub departments: Option<Vec<DepartmentChoice>>,
}

/// What the visitors of a site find now.
///
/// # Errors
/// When the database fails.
pub async fn site_now(app: &App, site: &Site) -> AppResult<SiteNow> {
    let staff = Staff::now(app, site.tenant_id).await?;
    Ok(of_site(&staff, &site.config, site.department_id))
}

fn of_site(staff: &Staff, config: &SiteConfig, own: DepartmentId) -> SiteNow {
    let departments = staff.choices(config);
    let of_own = || {
        let opens_at = staff.department(own).and_then(|found| found.opens_at(staff.at));
        (staff.availability(own), opens_at)
    };
    let (availability, opens_at) = match &departments {
        None => of_own(),
        Some(choices) => {
            // Who need not choose may go to the site's own department.
            let optional = config.ask_department != Some(FieldRule::Required);
            let own = optional.then(of_own);
            let all = choices.iter().map(|choice| (choice.availability, choice.opens_at)).chain(own);
            let (availabilities, opens): (Vec<_>, Vec<_>) = all.unzip();
            let best = availabilities.into_iter().min().unwrap_or(Availability::Offline);
            (best, opens.into_iter().flatten().min())
        }
    };
    SiteNow { availability, opens_at: opens_at.filter(|_| availability == Availability::Offline), departments }
}

/// Whether the visitors of a department can chat now.
///
/// # Errors
/// `not_found` for the tenant; when the database fails.
pub async fn availability_of(app: &App, tenant: TenantId, department: DepartmentId) -> AppResult<Availability> {
    let staff = Staff::now(app, tenant).await?;
    Ok(staff.availability(department))
}

/// Where a visitor's new conversation goes when the visitor or the page chose `chosen`, and whether one can chat there
/// now.
///
/// # Errors
/// `not_found` for the site; when the database fails.
pub async fn destination(
    app: &App,
    who: &VisitorIdentity,
    chosen: Option<DepartmentId>,
) -> AppResult<(DepartmentId, Availability)> {
    let mut conn = app.store.read(who.tenant).await?;
    let site = site::find(&mut conn, who.tenant, who.site).await?.ok_or_else(|| AppError::not_found("site"))?;
    drop(conn);
    let staff = Staff::now(app, who.tenant).await?;
    let found = staff.destination(&site.config, site.department_id, chosen);
    let id = found.ok_or_else(|| AppError::not_found("department"))?.row.id;
    Ok((id, staff.availability(id)))
}

/// Everything a visitor's screen needs besides the logs.
///
/// # Errors
/// `unauthenticated` for a visitor who is no more; when the database fails.
pub async fn visitor_state(app: &App, who: &VisitorIdentity) -> AppResult<VisitorState> {
    // Before a connection is taken: whoever waits for the picture must not keep one from whoever reads it.
    let floor = Floor::now(app, who.tenant).await?;
    let mut conn = app.store.read(who.tenant).await?;
    let seen = visitor::find(&mut conn, who.tenant, who.visitor).await?.ok_or_else(AppError::unauthenticated)?;
    let site = site::find(&mut conn, who.tenant, who.site).await?.ok_or_else(AppError::unauthenticated)?;
    let rows = conversation::of_visitor(&mut conn, who.tenant, who.visitor, HISTORY).await?;
    // Who kept a place left an address with the conversation alone: nobody needs to be asked for another one.
    let left = |row: &Conversation| row.offline_email.clone().filter(|_| row.state == ConversationState::Offline);
    let email = seen.email.or_else(|| rows.iter().find_map(left));
    let mut times = ServiceTimes { since: app.now() - RECENT, known: HashMap::new() };
    let mut conversations = Vec::with_capacity(rows.len());
    for row in rows {
        let estimate = times.estimate(&mut conn, &floor, &row).await?;
        conversations.push(line(app, &mut conn, &floor, row, estimate).await?);
    }
    let now = of_site(&floor, &site.config, site.department_id);
    let mut state = VisitorState {
        version: String::new(),
        visitor: who.visitor,
        name: seen.name,
        email,
        availability: now.availability,
        conversations,
        opens_at: now.opens_at,
        departments: now.departments,
    };
    state.version = version(&state)?;
    Ok(state)
}

/// How long conversations took lately, read once for each department that needs it.
struct ServiceTimes {
    since: i64,
    known: HashMap<DepartmentId, Vec<i64>>,
}

impl ServiceTimes {
    async fn estimate(&mut self, conn: &mut Conn, floor: &Floor, row: &Conversation) -> AppResult<Option<Estimate>> {
        let shown = floor.rules(row.department_id).show_estimate;
        let position = floor.position(row.id).filter(|_| shown && row.state == ConversationState::Waiting);
        let (Some(position), Some(found)) = (position, floor.department(row.department_id)) else { return Ok(None) };
        let id = found.row.id;
        if let std::collections::hash_map::Entry::Vacant(entry) = self.known.entry(id) {
            let services = conversation::recent_services(conn, floor.tenant.id, id, self.since).await?;
            entry.insert(services.iter().map(|service| service.took_ms(floor.policy.inactive_after_ms)).collect());
        }
        let times = self.known.get(&id).map(Vec::as_slice).unwrap_or_default();
        Ok(estimate(position, times, floor.capacity(id)))
    }
}

async fn line(
    app: &App,
    conn: &mut Conn,
    floor: &Floor,
    row: Conversation,
    estimate: Option<Estimate>,
) -> AppResult<VisitorConversation> {
    let unread = if row.last_seq > row.visitor_read_seq {
        entry::agent_messages_after(conn, floor.tenant.id, row.id, row.visitor_read_seq).await?
    } else {
        0
    };
    let held = row.agent_id.filter(|_| row.state == ConversationState::Active);
    let agent = held.and_then(|id| floor.agent(id)).map(|now| AgentCard {
        id: now.agent.id,
        name: now.agent.name.clone(),
        presence: now.presence,
    });
    let policy: &Policy = floor.rules(row.department_id);
    let waits = matches!(row.state, ConversationState::Waiting | ConversationState::Offered);
    Ok(VisitorConversation {
        id: row.id,
        state: row.state,
        last_seq: unsigned(row.last_seq),
        created_at: row.created_at,
        updated_at: row.updated_at,
        position: floor.position(row.id).filter(|_| policy.show_position),
        estimate,
        agent,
        visitor_read_seq: unsigned(row.visitor_read_seq),
        agent_read_seq: unsigned(row.agent_read_seq),
        unread: u32::try_from(unread).unwrap_or(u32::MAX),
        can_keep: keep_place::may_keep(app, policy, &row).then_some(true),
        kept: row.kept_at.filter(|_| waits).map(|_| true),
        preview: row.preview,
        rating: row.rating.and_then(|score| u8::try_from(score).ok()),
    })
}
