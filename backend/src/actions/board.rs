//! The live board of supervisors: departments, agents and the queue as they are now, and why each conversation waits.

use std::collections::HashMap;

use domain::permission::{self, Permission};
use domain::routing::Reason;
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::{AwayReason, ConversationState, Pause, Presence};

use super::directory::Directory;
use super::floor::{AgentNow, DepartmentNow, Floor};
use crate::app::App;
use crate::auth::AgentIdentity;
use crate::error::{AppError, AppResult};
use crate::presence::Who;
use crate::store::conversation::Conversation;
use crate::store::presence_change::{self, PresenceChange};
use crate::store::summary;

/// Most conversations of the queue that are shown one by one.
pub const MOST_WAITING: usize = 200;

/// Everything on the board, at one moment.
#[derive(Debug, Clone)]
pub struct Board {
    /// When, Unix milliseconds.
    pub at: i64,
    /// Names of agents and departments.
    pub directory: Directory,
    /// Departments that were not removed, oldest first.
    pub departments: Vec<DepartmentLine>,
    /// Agents whose membership has not ended, by name.
    pub agents: Vec<AgentLine>,
    /// The first [`MOST_WAITING`] of the queue, in the order in which they are served.
    pub waiting: Vec<WaitingLine>,
    /// How many are in the queue.
    pub in_queue: usize,
}

/// A department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentLine {
    /// Which.
    pub id: DepartmentId,
    /// Whether it has its hours.
    pub open: bool,
    /// When it opens next, Unix milliseconds; `None` while open, or when it never does.
    pub opens_at: Option<i64>,
    /// In its queue, those that are offered included.
    pub waiting: usize,
    /// How long the first of them has waited, milliseconds.
    pub longest_ms: Option<i64>,
    /// Offered to somebody now.
    pub offered: usize,
    /// Held by agents.
    pub active: usize,
    /// Members who take conversations now.
    pub online: usize,
    /// Members.
    pub members: usize,
    /// Free places of those members, shared with their other departments.
    pub free: u32,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentLine {
    /// Who.
    pub id: AgentId,
    /// Whether the agent takes conversations.
    pub presence: Presence,
    /// Why the server set the agent to away, when it did.
    pub away: Option<AwayReason>,
    /// Why the agent chose away, if it was said.
    pub pause: Option<Pause>,
    /// For how long it has been so, milliseconds.
    pub for_ms: i64,
    /// Conversations that count against the capacity, offers included.
    pub load: u32,
    /// How many at once.
    pub capacity: u32,
    /// Offers that stand.
    pub offers: u32,
    /// Departments, in their order.
    pub departments: Vec<DepartmentId>,
    /// What the agent holds.
    pub holds: Vec<Held>,
}

/// A conversation that an agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub conversation: ConversationId,
    /// Name or address of the visitor, if given.
    pub visitor: Option<String>,
}

/// A conversation in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingLine {
    /// Which.
    pub conversation: ConversationId,
    /// Name or address of the visitor, if given.
    pub visitor: Option<String>,
    /// In whose queue.
    pub department: DepartmentId,
    /// Its place in the department's queue, 1 is next.
    pub place: u32,
    /// For how long it waits this time, milliseconds.
    pub for_ms: i64,
    /// Higher goes first; 0 is normal.
    pub priority: i64,
    /// It goes first, because an agent lost it or gave it away.
    pub at_head: bool,
    /// Language of the visitor (BCP 47).
    pub language: Option<String>,
    /// What an agent must be able to do.
    pub skills: Vec<String>,
    /// Whom it is offered to now.
    pub offered: Vec<AgentId>,
    /// For how long that offer still stands, milliseconds.
    pub offer_ms: Option<i64>,
    /// The visitor keeps the place while away.
    pub kept: bool,
    /// For how long the place of a visitor who was called is still held, milliseconds.
    pub called_ms: Option<i64>,
    /// Why it still waits; empty while it is offered.
    pub reasons: Vec<Reason>,
}

/// Reads the board.
///
/// # Errors
/// `forbidden` without `view_reports`.
pub async fn board(app: &App, who: &AgentIdentity) -> AppResult<Board> {
    if !permission::allows(who.role, Permission::ViewReports) {
        return Err(AppError::forbidden());
    }
    let mut conn = app.store.read(who.tenant).await?;
    let floor = Floor::read(app, &mut conn, who.tenant).await?;
    let rejections = floor.rejections(&mut conn).await?;
    let directory = Directory::read(&mut conn, who.tenant).await?;
    let changes = presence_change::newest(&mut conn, who.tenant).await?;
    let queue = floor.queue.iter().take(MOST_WAITING);
    let shown: Vec<ConversationId> = queue.chain(&floor.active).map(|row| row.id).collect();
    let lines = summary::some(&mut conn, who.tenant, &shown).await?;
    drop(conn);
    let named = lines.into_iter().filter_map(|line| Some((line.id, line.visitor_name.or(line.visitor_email)?)));
    let unoffered = floor.queue.iter().take(MOST_WAITING).filter(|row| row.offered_to.is_none());
    let reasons = floor.explain(app, unoffered, &rejections).into_iter().collect();
    let scene = Scene { app, floor, reasons, changes, visitors: named.collect() };
    Ok(Board {
        at: scene.floor.at,
        directory,
        departments: scene.floor.open_departments().map(|found| scene.department(found)).collect(),
        agents: scene.floor.agents.iter().map(|now| scene.agent(now)).collect(),
        waiting: scene.floor.queue.iter().take(MOST_WAITING).map(|row| scene.line(row)).collect(),
        in_queue: scene.floor.queue.len(),
    })
}

/// What the lines are made of.
struct Scene<'a> {
    app: &'a App,
    floor: Floor,
    /// Why what is offered to nobody waits.
    reasons: HashMap<ConversationId, Vec<Reason>>,
    changes: Vec<PresenceChange>,
    visitors: HashMap<ConversationId, String>,
}

impl Scene<'_> {
    fn department(&self, found: &DepartmentNow) -> DepartmentLine {
        let id = found.row.id;
        let queue = self.floor.queue.iter().filter(|row| self.department_of(row) == id);
        let first = queue.clone().filter_map(|row| row.waiting_since).min();
        DepartmentLine {
            id,
            open: found.open,
            opens_at: found.opens_at(self.floor.at),
            waiting: queue.clone().count(),
            longest_ms: first.map(|since| self.since(since)),
            offered: queue.filter(|row| row.state == ConversationState::Offered).count(),
            active: self.floor.active.iter().filter(|row| self.department_of(row) == id).count(),
            online: self.floor.online_members(id).count(),
            members: self.floor.agents.iter().filter(|now| now.is_member(id)).count(),
            free: self.floor.online_members(id).map(AgentNow::free).sum(),
        }
    }

    fn agent(&self, now: &AgentNow) -> AgentLine {
        let agent = &now.agent;
        let holds = self.floor.active.iter().filter(|row| row.agent_id == Some(agent.id));
        let away = now.presence == Presence::Away;
        let present = self.floor.open_departments().map(|found| found.row.id);
        AgentLine {
            id: agent.id,
            presence: now.presence,
            away: agent.away_reason.filter(|_| away),
            pause: agent.pause.filter(|_| away),
            for_ms: self.since(self.present_since(now)),
            load: now.counted,
            capacity: now.capacity,
            offers: now.offers,
            departments: present.filter(|id| now.is_member(*id)).collect(),
            holds: holds.map(|row| Held { conversation: row.id, visitor: self.visitor(row.id) }).collect(),
        }
    }

    fn line(&self, row: &Conversation) -> WaitingLine {
        let left = |until: i64| until.saturating_sub(self.floor.at).max(0);
        WaitingLine {
            conversation: row.id,
            visitor: self.visitor(row.id),
            department: self.department_of(row),
            place: self.floor.position(row.id).unwrap_or(0),
            for_ms: self.since(row.waiting_since.unwrap_or(row.created_at)),
            priority: row.priority,
            at_head: row.at_head,
            language: row.language.clone(),
            skills: row.wanted_skills(),
            reasons: self.reasons.get(&row.id).cloned().unwrap_or_default(),
            offered: row.offered(),
            offer_ms: row.offer_deadline_at.map(left),
            kept: row.kept_at.is_some(),
            called_ms: row.call_deadline_at.map(left),
        }
    }

    /// The department whose queue it is in: who took over from one that was removed.
    fn department_of(&self, row: &Conversation) -> DepartmentId {
        self.floor.department(row.department_id).map_or(row.department_id, |found| found.row.id)
    }

    /// Since when the agent is what the agent is now.
    fn present_since(&self, now: &AgentNow) -> i64 {
        let agent = &now.agent;
        let noted = self.changes.iter().find(|change| change.agent_id == agent.id && change.presence == now.presence);
        let gone = self.app.presence.gone_since(Who::Agent(agent.tenant_id, agent.id));
        match (noted, gone) {
            (Some(change), _) => change.at,
            (None, Some(gone)) if now.presence == Presence::Offline => gone,
            _ => agent.presence_at,
        }
    }

    fn visitor(&self, conversation: ConversationId) -> Option<String> {
        self.visitors.get(&conversation).cloned()
    }

    fn since(&self, at: i64) -> i64 {
        self.floor.at.saturating_sub(at).max(0)
    }
}
