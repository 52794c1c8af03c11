//! What a line of the agents' lists is made of: a conversation with the names around it.

use std::sync::LazyLock;

use protocol::entry::AuthorKind;
use protocol::ids::{AgentId, ConversationId, DepartmentId, SiteId, TenantId, VisitorId};
use protocol::state::ConversationState;

use super::conn::asked;
use super::conversation::agents_of;
use super::list::{self, Statement, texts};
use super::{Conn, on};
use crate::error::AppResult;

/// A conversation as the lists show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SummaryRow {
    /// Its id.
    pub id: ConversationId,
    /// Its state.
    pub state: ConversationState,
    /// Where it came from.
    pub site_id: SiteId,
    /// The site's name.
    pub site_name: String,
    /// Whose it is.
    pub visitor_id: VisitorId,
    /// Name the visitor gave.
    pub visitor_name: Option<String>,
    /// Address the visitor gave.
    pub visitor_email: Option<String>,
    /// Who holds it, or held it last.
    pub agent_id: Option<AgentId>,
    /// Whom it is offered to.
    pub offered_to: Option<AgentId>,
    /// Until when the offer stands.
    pub offer_deadline_at: Option<i64>,
    /// When it began.
    pub created_at: i64,
    /// When anything changed.
    pub updated_at: i64,
    /// Since when it waits.
    pub waiting_since: Option<i64>,
    /// Newest entry.
    pub last_seq: i64,
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
    /// Whose queue it is or was in.
    pub department_id: DepartmentId,
    /// JSON: whom else it is offered to.
    pub offered_also: Option<String>,
    /// Higher goes first.
    pub priority: i64,
    /// Since when the visitor keeps the place while away.
    pub kept_at: Option<i64>,
}

impl SummaryRow {
    /// Whom else it is offered to.
    pub fn also(&self) -> Vec<AgentId> {
        agents_of(self.offered_also.as_deref())
    }
}

/// A line whose names are looked up by key, row by row: joined, PostgreSQL reads every visitor for every conversation until
/// it has statistics.
macro_rules! line {
    ($rest:literal) => {
        concat!(
            "select c.id, c.state, c.site_id, \
             (select s.name from site s where s.tenant_id = c.tenant_id and s.id = c.site_id) as site_name, c.visitor_id, \
             coalesce(c.offline_name, (select v.name from visitor v where v.tenant_id = c.tenant_id \
             and v.id = c.visitor_id)) as visitor_name, \
             coalesce(c.offline_email, (select v.email from visitor v where v.tenant_id = c.tenant_id \
             and v.id = c.visitor_id)) as visitor_email, c.agent_id, c.offered_to, c.offer_deadline_at, c.created_at, \
             c.updated_at, c.waiting_since, c.last_seq, c.visitor_messages, c.last_author, c.preview, c.visitor_read_seq, \
             c.agent_read_seq, c.rating, c.department_id, c.offered_also, c.priority, c.kept_at from ",
            $rest
        )
    };
}

static OF_LIST: Statement = LazyLock::new(|| {
    const REST: &str = line!("batch a join conversation c on c.tenant_id = a.tenant_id and c.id = a.id");
    texts("tenant_id, id", REST)
});

const OF_ARRAY: &str = line!(
    "unnest($2::uuid[]) a (id) cross join lateral (select c.* from conversation c \
     where c.tenant_id = $1 and c.id = a.id offset 0) c"
);

/// The lines of these conversations, in any order. What the tenant does not have is left out.
pub async fn some(conn: &mut Conn, tenant: TenantId, ids: &[ConversationId]) -> AppResult<Vec<SummaryRow>> {
    let connection = match conn {
        Conn::Sqlite(connection) => connection,
        Conn::Postgres(lease) => {
            let (sql, ids) = (OF_ARRAY, ids.iter().map(|id| id.0).collect::<Vec<_>>());
            return Ok(asked!(lease, c => sqlx::query_as(sql).bind(tenant).bind(ids).fetch_all(c).await)?);
        }
    };
    let mut rows = Vec::with_capacity(ids.len());
    for part in ids.chunks(list::MOST) {
        let index = list::index(part.len());
        let mut query = sqlx::query_as(OF_LIST[index].as_str());
        for id in list::filled(part, index) {
            query = query.bind(id.map(|_| tenant)).bind(id.copied());
        }
        let found: Vec<SummaryRow> = query.fetch_all(&mut **connection).await?;
        rows.extend(found);
    }
    Ok(rows)
}

/// Everything that is not closed, oldest first.
pub async fn open(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<SummaryRow>> {
    const SQL: &str = line!(
        "conversation c where c.tenant_id = $1 and c.state in ('waiting', 'offered', 'active', 'offline') \
         order by c.created_at, c.id"
    );
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}

/// The conversations closed last, newest first.
pub async fn closed(conn: &mut Conn, tenant: TenantId, limit: i64) -> AppResult<Vec<SummaryRow>> {
    const SQL: &str = line!(
        "conversation c where c.tenant_id = $1 and c.state = 'closed' order by c.settled_at desc, c.id desc limit $2"
    );
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(limit).fetch_all(c).await)?)
}
