//! Conversations: the projection of their logs, and the lists made of it.

use protocol::entry::AuthorKind;
use protocol::ids::{AgentId, Cmid, ConversationId, DepartmentId, SiteId, TenantId, VisitorId};
use protocol::state::ConversationState;

use super::{Conn, locked, on, rows};
use crate::error::AppResult;

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Position {
    /// Whose.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: ConversationId,
    /// With whom.
    pub visitor_id: VisitorId,
    /// Its newest entry.
    pub last_seq: i64,
}

/// The row of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Where it came from.
    pub site_id: SiteId,
    /// Whose queue it is in.
    pub department_id: DepartmentId,
    /// Whose it is.
    pub visitor_id: VisitorId,
    /// The command that started it.
    pub start_cmid: Cmid,
    /// Its state.
    pub state: ConversationState,
    /// Who holds it; who answers it while offline; who held it when it closed.
    pub agent_id: Option<AgentId>,
    /// Whom routing prefers.
    pub last_agent: Option<AgentId>,
    /// Whom it is offered to.
    pub offered_to: Option<AgentId>,
    /// Until when the offer stands.
    pub offer_deadline_at: Option<i64>,
    /// Until when the holder's first reply is due.
    pub reply_deadline_at: Option<i64>,
    /// Since when it waits.
    pub waiting_since: Option<i64>,
    /// Its place in the order of the queue.
    pub queued_at: Option<i64>,
    /// Higher goes first.
    pub priority: i64,
    /// Newest entry.
    pub last_seq: i64,
    /// Hash of the newest entry; 32 zero bytes before the first.
    pub last_hash: Vec<u8>,
    /// Time of the newest entry.
    pub last_at: i64,
    /// When it began.
    pub created_at: i64,
    /// When anything changed; see [`Conversation::touch`].
    pub updated_at: i64,
    /// When it was last assigned.
    pub assigned_at: Option<i64>,
    /// When an agent first replied.
    pub first_reply_at: Option<i64>,
    /// Newest message of either side.
    pub message_at: Option<i64>,
    /// Since when no connection of the visitor is open.
    pub visitor_left_at: Option<i64>,
    /// When it ended.
    pub closed_at: Option<i64>,
    /// By whom: `protocol::entry::ClosedBy`.
    pub closed_by: Option<String>,
    /// Name given with an offline message.
    pub offline_name: Option<String>,
    /// Address given with an offline message.
    pub offline_email: Option<String>,
    /// Messages the visitor wrote.
    pub visitor_messages: i64,
    /// Who wrote the newest message.
    pub last_author: Option<AuthorKind>,
    /// Start of the newest message.
    pub preview: Option<String>,
    /// How far the visitor has read.
    pub visitor_read_seq: i64,
    /// How far any agent has read.
    pub agent_read_seq: i64,
    /// 1 to 5.
    pub rating: Option<i64>,
    /// JSON: whom else it is offered to. Read it by [`Conversation::offered`].
    pub offered_also: Option<String>,
    /// Lost by an agent or given away: goes first in its queue.
    pub at_head: bool,
    /// Since when the visitor keeps the place while away.
    pub kept_at: Option<i64>,
    /// Where to write to then.
    pub kept_email: Option<String>,
    /// The visitor was written to; until when the place is held.
    pub call_deadline_at: Option<i64>,
    /// Language of the visitor, BCP 47.
    pub language: Option<String>,
    /// JSON: what an agent must be able to do. Read it by [`Conversation::wanted_skills`].
    pub skills: Option<String>,
}

impl Conversation {
    /// One that begins now and is nowhere yet; nothing of it is stored.
    pub fn new(id: ConversationId, who: (SiteId, VisitorId), department: DepartmentId, start: Cmid, now: i64) -> Self {
        Self {
            id,
            site_id: who.0,
            department_id: department,
            visitor_id: who.1,
            start_cmid: start,
            state: ConversationState::Offline,
            agent_id: None,
            last_agent: None,
            offered_to: None,
            offer_deadline_at: None,
            reply_deadline_at: None,
            waiting_since: None,
            queued_at: None,
            priority: 0,
            last_seq: 0,
            last_hash: vec![0; 32],
            last_at: now,
            created_at: now,
            updated_at: now,
            assigned_at: None,
            first_reply_at: None,
            message_at: None,
            visitor_left_at: None,
            closed_at: None,
            closed_by: None,
            offline_name: None,
            offline_email: None,
            visitor_messages: 0,
            last_author: None,
            preview: None,
            visitor_read_seq: 0,
            agent_read_seq: 0,
            rating: None,
            offered_also: None,
            at_head: false,
            kept_at: None,
            kept_email: None,
            call_deadline_at: None,
            language: None,
            skills: None,
        }
    }

    /// Whom it is offered to.
    pub fn offered(&self) -> Vec<AgentId> {
        let also = agents_of(self.offered_also.as_deref());
        self.offered_to.into_iter().chain(also).collect()
    }

    /// Sets whom it is offered to.
    pub fn set_offered(&mut self, agents: &[AgentId]) {
        let also = agents.get(1..).filter(|also| !also.is_empty());
        self.offered_to = agents.first().copied();
        self.offered_also = also.and_then(|also| serde_json::to_string(also).ok());
    }

    /// What an agent must be able to do.
    pub fn wanted_skills(&self) -> Vec<String> {
        self.skills.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// It changes now: [`Conversation::updated_at`] becomes that, or a millisecond more than it was. It grows with every change
    /// that somebody acts upon, however fast they follow and whichever node's clock is behind, so that of two states
    /// of a conversation the newer can be told.
    pub fn touch(&mut self, now: i64) {
        self.updated_at = now.max(self.updated_at + 1);
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        self.state != ConversationState::Closed
    }
}

/// Agents in a column of JSON.
pub(super) fn agents_of(text: Option<&str>) -> Vec<AgentId> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

macro_rules! columns {
    () => {
        "id, site_id, department_id, visitor_id, start_cmid, state, agent_id, last_agent, offered_to, \
         offer_deadline_at, reply_deadline_at, waiting_since, queued_at, priority, last_seq, last_hash, last_at, \
         created_at, updated_at, assigned_at, first_reply_at, message_at, visitor_left_at, closed_at, closed_by, \
         offline_name, offline_email, visitor_messages, last_author, preview, visitor_read_seq, agent_read_seq, \
         rating, offered_also, at_head, kept_at, kept_email, call_deadline_at, language, skills"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select ", columns!(), " from conversation where tenant_id = $1 ", $rest)
    };
}

/// The columns of a [`Conversation`] in a statement that joins, where its table goes by `name`.
pub(super) fn columns_of(name: &str) -> String {
    let columns: Vec<_> = columns!().split(", ").map(|column| format!("{name}.{column}")).collect();
    columns.join(", ")
}

/// The conversation with this id. In a write nobody else changes it until the commit.
pub async fn find(conn: &mut Conn, tenant: TenantId, id: ConversationId) -> AppResult<Option<Conversation>> {
    let sql = locked!(conn, select!("and id = $2"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(id).fetch_optional(c).await)?)
}

/// The conversation a start command made, however often it is repeated.
pub async fn find_start(
    conn: &mut Conn,
    tenant: TenantId,
    visitor: VisitorId,
    start: Cmid,
) -> AppResult<Option<Conversation>> {
    let sql = locked!(conn, select!("and visitor_id = $2 and start_cmid = $3"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(visitor).bind(start).fetch_optional(c).await)?)
}

/// A visitor's conversations, newest first, at most `limit`. In a write nobody else changes them until the
/// commit.
pub async fn of_visitor(
    conn: &mut Conn,
    tenant: TenantId,
    visitor: VisitorId,
    limit: i64,
) -> AppResult<Vec<Conversation>> {
    let sql = locked!(conn, select!("and visitor_id = $2 order by created_at desc, id desc limit $3"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(visitor).bind(limit).fetch_all(c).await)?)
}

/// A visitor's conversations in which it matters, or is noted, whether the visitor is here, at most `limit`: first what
/// waits or goes on. In a write nobody else changes them until the commit.
pub async fn noted_of_visitor(
    conn: &mut Conn,
    tenant: TenantId,
    visitor: VisitorId,
    limit: i64,
) -> AppResult<Vec<Conversation>> {
    let sql = locked!(
        conn,
        select!(
            "and visitor_id = $2 and (state <> 'closed' or visitor_left_at is not null) \
             order by case when state in ('waiting', 'offered', 'active') then 0 else 1 end, created_at desc, id desc limit $3"
        )
    );
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(visitor).bind(limit).fetch_all(c).await)?)
}

pub(super) const QUEUE: &str = select!("and state in ('waiting', 'offered') order by priority desc, queued_at, id");
pub(super) const ACTIVE: &str = select!("and state = 'active'");

/// What waits, first in first out inside priority.
pub async fn queue(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Conversation>> {
    Ok(on!(conn, c => sqlx::query_as(QUEUE).bind(tenant).fetch_all(c).await)?)
}

/// What agents hold, in any order: asked for one, SQLite goes through everything the tenant ever had.
pub async fn active(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Conversation>> {
    Ok(on!(conn, c => sqlx::query_as(ACTIVE).bind(tenant).fetch_all(c).await)?)
}

/// What an agent holds.
pub async fn of_agent(conn: &mut Conn, tenant: TenantId, agent: AgentId) -> AppResult<Vec<Conversation>> {
    let sql = locked!(conn, select!("and agent_id = $2 and state = 'active' order by id"));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(tenant).bind(agent).fetch_all(c).await)?)
}

/// What of a department has not ended.
pub async fn open_of_department(
    conn: &mut Conn,
    tenant: TenantId,
    department: DepartmentId,
) -> AppResult<Vec<ConversationId>> {
    const SQL: &str = "select id from conversation where tenant_id = $1 and department_id = $2 \
         and state in ('waiting', 'offered', 'active', 'offline') order by id";
    let rows: Vec<(ConversationId,)> =
        on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(department).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Where every conversation stands that changed after a time, of all tenants: a node serves them all.
pub async fn changed_since(conn: &mut Conn, since: i64) -> AppResult<Vec<Position>> {
    // All that goes on is looked at, and of what is settled what changed.
    const SQL: &str = "select c.tenant_id, c.id, c.visitor_id, c.last_seq from conversation c \
         where c.state in ('waiting', 'offered', 'active') and c.updated_at > $1 \
         union all select c.tenant_id, c.id, c.visitor_id, c.last_seq from tenant t \
         join conversation c on c.tenant_id = t.id and c.state in ('closed', 'offline') and c.settled_at > $1";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(since).fetch_all(c).await)?)
}

/// Tenants with anything waiting, offered or active: where the dispatcher has work after a start.
pub async fn busy_tenants(conn: &mut Conn) -> AppResult<Vec<TenantId>> {
    const SQL: &str = "select distinct tenant_id from conversation where state in ('waiting', 'offered', 'active')";
    let rows: Vec<(TenantId,)> = on!(conn, c => sqlx::query_as(SQL).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant,)| tenant).collect())
}

/// How long conversations took the agents who ended them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Service {
    /// When the agent took it, Unix milliseconds.
    pub assigned_at: i64,
    /// When the last message was written.
    pub message_at: Option<i64>,
    /// When it ended.
    pub closed_at: i64,
}

impl Service {
    /// For how long it kept one of the agent's places, milliseconds: until it ended, or nobody had written for so long.
    pub fn took_ms(&self, inactive_after_ms: i64) -> i64 {
        let last = self.message_at.unwrap_or(self.assigned_at).max(self.assigned_at);
        self.closed_at.min(last.saturating_add(inactive_after_ms)) - self.assigned_at
    }
}

/// The conversations of a department that ended since `since`, Unix milliseconds, and that an agent held then, newest
/// first, at most 100.
pub async fn recent_services(
    conn: &mut Conn,
    tenant: TenantId,
    department: DepartmentId,
    since: i64,
) -> AppResult<Vec<Service>> {
    const SQL: &str = "select assigned_at, message_at, closed_at from conversation where tenant_id = $1 \
         and state = 'closed' and settled_at >= $3 and department_id = $2 and assigned_at is not null \
         and closed_at is not null order by settled_at desc limit 100";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(department).bind(since).fetch_all(c).await)?)
}

/// Adds a conversation as it is.
pub async fn insert(conn: &mut Conn, tenant: TenantId, row: &Conversation) -> AppResult<()> {
    const SQL: &str = concat!(
        "insert into conversation (",
        columns!(),
        ", tenant_id, settled_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
         $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, \
         $40, $41, $42)"
    );
    let settled = matches!(row.state, ConversationState::Closed | ConversationState::Offline);
    on!(conn, c => sqlx::query(SQL)
        .bind(row.id).bind(row.site_id).bind(row.department_id).bind(row.visitor_id).bind(row.start_cmid)
        .bind(row.state).bind(row.agent_id).bind(row.last_agent).bind(row.offered_to).bind(row.offer_deadline_at)
        .bind(row.reply_deadline_at).bind(row.waiting_since).bind(row.queued_at).bind(row.priority)
        .bind(row.last_seq).bind(&row.last_hash).bind(row.last_at).bind(row.created_at).bind(row.updated_at)
        .bind(row.assigned_at).bind(row.first_reply_at).bind(row.message_at).bind(row.visitor_left_at)
        .bind(row.closed_at).bind(&row.closed_by).bind(&row.offline_name).bind(&row.offline_email)
        .bind(row.visitor_messages).bind(row.last_author).bind(&row.preview).bind(row.visitor_read_seq)
        .bind(row.agent_read_seq).bind(row.rating).bind(&row.offered_also).bind(row.at_head).bind(row.kept_at)
        .bind(&row.kept_email).bind(row.call_deadline_at).bind(&row.language).bind(&row.skills)
        .bind(tenant).bind(settled.then_some(row.updated_at))
        .execute(c).await.map(rows))?;
    Ok(())
}

/// Writes back everything about a conversation that can change. The caller read the row in the same
/// transaction.
pub async fn save(conn: &mut Conn, tenant: TenantId, row: &Conversation) -> AppResult<()> {
    const SQL: &str = "update conversation set state = $3, agent_id = $4, offered_to = $5, \
         offer_deadline_at = $6, reply_deadline_at = $7, waiting_since = $8, priority = $9, last_seq = $10, \
         last_hash = $11, last_at = $12, updated_at = $13, assigned_at = $14, first_reply_at = $15, \
         message_at = $16, visitor_left_at = $17, closed_at = $18, closed_by = $19, offline_name = $20, \
         offline_email = $21, visitor_messages = $22, last_author = $23, preview = $24, \
         visitor_read_seq = $25, agent_read_seq = $26, rating = $27, last_agent = $28, queued_at = $29, \
         department_id = $30, offered_also = $31, at_head = $32, kept_at = $33, kept_email = $34, \
         call_deadline_at = $35, \
         settled_at = case when $3 in ('closed', 'offline') then $13 end where tenant_id = $1 and id = $2";
    on!(conn, c => sqlx::query(SQL)
        .bind(tenant).bind(row.id).bind(row.state).bind(row.agent_id).bind(row.offered_to)
        .bind(row.offer_deadline_at).bind(row.reply_deadline_at).bind(row.waiting_since).bind(row.priority)
        .bind(row.last_seq).bind(&row.last_hash).bind(row.last_at).bind(row.updated_at).bind(row.assigned_at)
        .bind(row.first_reply_at).bind(row.message_at).bind(row.visitor_left_at).bind(row.closed_at)
        .bind(&row.closed_by).bind(&row.offline_name).bind(&row.offline_email).bind(row.visitor_messages)
        .bind(row.last_author).bind(&row.preview).bind(row.visitor_read_seq).bind(row.agent_read_seq)
        .bind(row.rating).bind(row.last_agent).bind(row.queued_at).bind(row.department_id)
        .bind(&row.offered_also).bind(row.at_head).bind(row.kept_at).bind(&row.kept_email).bind(row.call_deadline_at)
        .execute(c).await.map(rows))?;
    Ok(())
}
