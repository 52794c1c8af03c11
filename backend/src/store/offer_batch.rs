//! The offers of a round, many in few statements.

use std::sync::LazyLock;

use protocol::ids::{ConversationId, TenantId};

use super::Conn;
use super::conn::asked;
use super::conversation::{self, Conversation};
use super::list::{self, Statement, texts};
use super::offer::NewOffer;
use crate::error::AppResult;

static FIND: Statement = LazyLock::new(|| {
    let columns = conversation::columns_of("c");
    let rest =
        format!("select {columns} from batch a join conversation c on c.tenant_id = a.tenant_id and c.id = a.id");
    texts("tenant_id, id", &rest)
});

/// What somebody else has locked is left to them: nobody waits for this while holding something, in whichever order.
static FIND_ARRAY: LazyLock<String> = LazyLock::new(|| {
    let columns = conversation::columns_of("c");
    format!(
        "select {columns} from unnest($2::uuid[]) a (id) cross join lateral (select c.* from conversation c \
         where c.tenant_id = $1 and c.id = a.id for no key update skip locked) c"
    )
});

static INSERT: Statement = LazyLock::new(|| {
    const COLUMNS: &str = "tenant_id, id, conversation_id, agent_id, offered_at, deadline_at, reasons";
    texts(COLUMNS, &format!("insert into offer ({COLUMNS}) select {COLUMNS} from batch where id is not null"))
});

const INSERT_ARRAY: &str = "insert into offer (tenant_id, id, conversation_id, agent_id, offered_at, deadline_at, reasons) \
     select $1, a.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[]) a";

static UPDATE: Statement = LazyLock::new(|| {
    texts(
        "tenant_id, id, offered_to, offered_also, offer_deadline_at, updated_at",
        "update conversation set state = 'offered', offered_to = batch.offered_to, offered_also = batch.offered_also, \
         offer_deadline_at = batch.offer_deadline_at, updated_at = batch.updated_at from batch \
         where conversation.tenant_id = batch.tenant_id and conversation.id = batch.id",
    )
});

const UPDATE_ARRAY: &str = "update conversation set state = 'offered', offered_to = a.offered_to, \
     offered_also = a.offered_also, offer_deadline_at = a.offer_deadline_at, updated_at = a.updated_at \
     from unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[]) \
     a (id, offered_to, offered_also, offer_deadline_at, updated_at) \
     where conversation.tenant_id = $1 and conversation.id = a.id";

/// These conversations, in any order. In a write nobody else changes them until the commit; what somebody else is
/// changing at this moment is left out.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn, tenant: TenantId, ids: &[ConversationId]) -> AppResult<Vec<Conversation>> {
    let connection = match conn {
        Conn::Sqlite(connection) => connection,
        Conn::Postgres(lease) => {
            let (sql, ids) = (FIND_ARRAY.as_str(), ids.iter().map(|id| id.0).collect::<Vec<_>>());
            return Ok(asked!(lease, c => sqlx::query_as(sql).bind(tenant).bind(ids).fetch_all(c).await)?);
        }
    };
    let mut rows = Vec::with_capacity(ids.len());
    for part in ids.chunks(list::MOST) {
        let index = list::index(part.len());
        let mut query = sqlx::query_as(FIND[index].as_str());
        for id in list::filled(part, index) {
            query = query.bind(id.map(|_| tenant)).bind(id.copied());
        }
        rows.append(&mut query.fetch_all(&mut **connection).await?);
    }
    Ok(rows)
}

/// Adds offers.
///
/// # Errors
/// When the database fails.
pub async fn insert(conn: &mut Conn, tenant: TenantId, offers: &[NewOffer]) -> AppResult<()> {
    let connection = match conn {
        Conn::Sqlite(connection) => connection,
        Conn::Postgres(lease) => {
            let query = sqlx::query(INSERT_ARRAY)
                .bind(tenant)
                .bind(offers.iter().map(|offer| offer.id).collect::<Vec<_>>())
                .bind(offers.iter().map(|offer| offer.conversation.0).collect::<Vec<_>>())
                .bind(offers.iter().map(|offer| offer.agent.0).collect::<Vec<_>>())
                .bind(offers.iter().map(|offer| offer.offered_at).collect::<Vec<_>>())
                .bind(offers.iter().map(|offer| offer.deadline_at).collect::<Vec<_>>())
                .bind(offers.iter().map(|offer| offer.reasons.as_str()).collect::<Vec<_>>());
            asked!(lease, c => query.execute(c).await)?;
            return Ok(());
        }
    };
    for part in offers.chunks(list::MOST) {
        let index = list::index(part.len());
        let mut query = sqlx::query(INSERT[index].as_str());
        for offer in list::filled(part, index) {
            query = query
                .bind(offer.map(|_| tenant))
                .bind(offer.map(|offer| offer.id))
                .bind(offer.map(|offer| offer.conversation))
                .bind(offer.map(|offer| offer.agent))
                .bind(offer.map(|offer| offer.offered_at))
                .bind(offer.map(|offer| offer.deadline_at))
                .bind(offer.map(|offer| offer.reasons.as_str()));
        }
        query.execute(&mut **connection).await?;
    }
    Ok(())
}

/// Writes back what being offered changes of conversations, all of which are. The caller read the rows in the same
/// transaction.
///
/// # Errors
/// When the database fails.
pub async fn save(conn: &mut Conn, tenant: TenantId, offered: &[Conversation]) -> AppResult<()> {
    let connection = match conn {
        Conn::Sqlite(connection) => connection,
        Conn::Postgres(lease) => {
            let query = sqlx::query(UPDATE_ARRAY)
                .bind(tenant)
                .bind(offered.iter().map(|row| row.id.0).collect::<Vec<_>>())
                .bind(offered.iter().map(|row| row.offered_to.map(|agent| agent.0)).collect::<Vec<_>>())
                .bind(offered.iter().map(|row| row.offered_also.as_deref()).collect::<Vec<_>>())
                .bind(offered.iter().map(|row| row.offer_deadline_at).collect::<Vec<_>>())
                .bind(offered.iter().map(|row| row.updated_at).collect::<Vec<_>>());
            asked!(lease, c => query.execute(c).await)?;
            return Ok(());
        }
    };
    for part in offered.chunks(list::MOST) {
        let index = list::index(part.len());
        let mut query = sqlx::query(UPDATE[index].as_str());
        for row in list::filled(part, index) {
            query = query
                .bind(row.map(|_| tenant))
                .bind(row.map(|row| row.id))
                .bind(row.and_then(|row| row.offered_to))
                .bind(row.and_then(|row| row.offered_also.as_deref()))
                .bind(row.and_then(|row| row.offer_deadline_at))
                .bind(row.map(|row| row.updated_at));
        }
        query.execute(&mut **connection).await?;
    }
    Ok(())
}
