//! Conversations as people look for them afterwards: filtered, page by page. By words: `search/`.

use protocol::ids::{AgentId, ConversationId, SiteId, TenantId};
use protocol::state::ConversationState;
use uuid::Uuid;

use super::{Conn, on};
use crate::error::AppResult;

/// Which conversations. An absent part does not narrow the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Began at this time or later, Unix milliseconds.
    pub from: Option<i64>,
    /// Began before this time.
    pub until: Option<i64>,
    /// Held by this agent, now or last.
    pub agent: Option<AgentId>,
    /// Came from this site.
    pub site: Option<SiteId>,
    /// In this state.
    pub state: Option<ConversationState>,
    /// Rated so, 1 to 5.
    pub rating: Option<i64>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// The conversation.
    pub id: ConversationId,
    /// Its state.
    pub state: ConversationState,
    /// The site it came from.
    pub site_name: String,
    /// Name the visitor gave.
    pub visitor_name: Option<String>,
    /// Address the visitor gave.
    pub visitor_email: Option<String>,
    /// Who holds it, or held it last.
    pub agent_name: Option<String>,
    /// When it began.
    pub created_at: i64,
    /// When something was last written.
    pub updated_at: i64,
    /// Messages the visitor wrote.
    pub visitor_messages: i64,
    /// When an agent first replied.
    pub first_reply_at: Option<i64>,
    /// Start of the newest message.
    pub preview: Option<String>,
    /// 1 to 5.
    pub rating: Option<i64>,
}

/// A member who is told about offline messages.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Recipient {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// A `select` of lines with more columns, joins and conditions; `$2` to `$7` are the [`Filter`].
macro_rules! filtered {
    ($columns:literal, $join:literal, $where:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            "c.id, c.state, s.name as site_name, \
             coalesce(c.offline_name, v.name) as visitor_name, coalesce(c.offline_email, v.email) as visitor_email, \
             a.name as agent_name, c.created_at, c.updated_at, c.visitor_messages, c.first_reply_at, c.preview, c.rating \
             from conversation c ",
            $join,
            "join site s on s.tenant_id = c.tenant_id and s.id = c.site_id \
             join visitor v on v.tenant_id = c.tenant_id and v.id = c.visitor_id \
             left join agent a on a.tenant_id = c.tenant_id and a.id = c.agent_id ",
            $where,
            "and ($2 is null or c.created_at >= $2) and ($3 is null or c.created_at < $3) \
             and ($4 is null or c.agent_id = $4) and ($5 is null or c.site_id = $5) \
             and ($6 is null or c.state = $6) and ($7 is null or c.rating = $7) ",
            $rest
        )
    };
}
pub(super) use filtered;

const LIST: &str = filtered!("", "", "where c.tenant_id = $1 and c.id < $8 ", "order by c.id desc limit $9");

/// The tenant's conversations that fit, the latest begun first, at most `limit`, begun before `before` when
/// that is given.
pub async fn list(
    conn: &mut Conn,
    tenant: TenantId,
    filter: &Filter,
    before: Option<ConversationId>,
    limit: i64,
) -> AppResult<Vec<Line>> {
    let before = before.map_or(Uuid::max(), |id| id.0);
    Ok(on!(conn, c => sqlx::query_as(LIST)
        .bind(tenant).bind(filter.from).bind(filter.until).bind(filter.agent).bind(filter.site)
        .bind(filter.state).bind(filter.rating).bind(before).bind(limit)
        .fetch_all(c).await)?)
}

/// How many offline messages nobody has answered or closed.
pub async fn open_offline(conn: &mut Conn, tenant: TenantId) -> AppResult<i64> {
    const SQL: &str = "select count(*) from conversation where tenant_id = $1 and state = 'offline'";
    let (count,): (i64,) = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_one(c).await)?;
    Ok(count)
}

/// Owners and admins who can sign in, by name.
pub async fn mail_recipients(conn: &mut Conn, tenant: TenantId) -> AppResult<Vec<Recipient>> {
    const SQL: &str = "select g.name, a.email from agent g join account a on a.id = g.account_id \
         where g.tenant_id = $1 and g.role in ('owner', 'admin') and g.disabled_at is null \
         and a.disabled_at is null order by g.name, g.id";
    Ok(on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_all(c).await)?)
}
