//! Putting conversations into the index, and taking them out. Who writes holds the tenant's row in `search_tenant`, so
//! that nodes do it one after another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use domain::search::Docs;
use protocol::ids::{ConversationId, TenantId};

use super::{BLOCK, MIDDLE, places};
use crate::error::AppResult;
use crate::store::{Conn, locked, on, rows};

/// Numbers of rows in one statement, the largest first.
const SIZES: [usize; 3] = [64, 8, 1];

static READ: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    SIZES.map(|size| {
        let list = places(3, size);
        format!("select term, docs from search_posting where tenant_id = $1 and block = $2 and term in {list}")
    })
});

static WRITE: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    SIZES.map(|size| {
        let row = |row: usize| format!("($1, $2, ${}, ${})", 3 + 2 * row, 4 + 2 * row);
        let list: Vec<_> = (0..size).map(row).collect();
        format!(
            "insert into search_posting (tenant_id, block, term, docs) values {} \
             on conflict (tenant_id, block, term) do update set docs = excluded.docs",
            list.join(", ")
        )
    })
});

/// What a conversation is to be found by from now on, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The conversation.
    pub conversation: ConversationId,
    /// When it began.
    pub created_at: i64,
    /// How much of its log is in the index then; 0 adds to what is in it, and nothing to a conversation that is not.
    pub seq: i64,
    /// The terms.
    pub terms: BTreeSet<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Numbers {
    since: i64,
    first_doc: i64,
    next_doc: i64,
    forgotten: i64,
}

impl Numbers {
    /// The number of a conversation that has none.
    fn take(&mut self, created_at: i64) -> i64 {
        if created_at < self.since {
            self.first_doc -= 1;
            return self.first_doc;
        }
        self.next_doc += 1;
        self.next_doc - 1
    }
}

/// The documents of a block that get terms.
#[derive(Default)]
struct Block<'a> {
    terms: BTreeMap<&'a [u8], Vec<usize>>,
    begun: Vec<i64>,
}

/// How often something of the tenant was forgotten. What was read before that must not be stored after it.
pub async fn generation(conn: &mut Conn, tenant: TenantId) -> AppResult<i64> {
    const SQL: &str = "select forgotten from search_tenant where tenant_id = $1";
    let row: Option<(i64,)> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_optional(c).await)?;
    Ok(row.map_or(0, |(forgotten,)| forgotten))
}

/// Stores what was read when the tenant's [`generation`] was `generation`. Says whether it did: what was read before
/// something was forgotten is read again.
pub async fn store(
    conn: &mut Conn,
    tenant: TenantId,
    now: i64,
    generation: i64,
    changes: &[Change],
) -> AppResult<bool> {
    let mut numbers = lock(conn, tenant, now).await?;
    if numbers.forgotten != generation {
        return Ok(false);
    }
    let mut blocks: BTreeMap<i64, Block<'_>> = BTreeMap::new();
    // New ones in the order they began, from the middle on in either direction.
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|it| {
        (if it.created_at < numbers.since { -it.created_at } else { it.created_at }, it.conversation)
    });
    for change in changes {
        let doc = match doc(conn, tenant, change.conversation).await? {
            Some(doc) => doc,
            None if change.seq == 0 => continue,
            None => {
                let doc = numbers.take(change.created_at);
                number(conn, tenant, change.conversation, doc).await?;
                doc
            }
        };
        let block = blocks.entry(doc.div_euclid(BLOCK)).or_default();
        let place = usize::try_from(doc.rem_euclid(BLOCK)).unwrap_or(0);
        block.begun.push(change.created_at);
        for term in &change.terms {
            block.terms.entry(term).or_default().push(place);
        }
        reached(conn, tenant, change).await?;
    }
    for (number, block) in blocks {
        widen(conn, tenant, number, &block.begun).await?;
        merge(conn, tenant, number, &block.terms).await?;
    }
    save(conn, tenant, &numbers).await?;
    Ok(true)
}

/// Whether every conversation that began before the index did is in it.
pub async fn is_read_back(conn: &mut Conn, tenant: TenantId) -> AppResult<bool> {
    const SQL: &str = "select back_to from search_tenant where tenant_id = $1";
    let row: Option<(Option<i64>,)> = on!(conn, c => sqlx::query_as(SQL).bind(tenant).fetch_optional(c).await)?;
    Ok(row == Some((None,)))
}

/// Says how far back the conversations are read in that began before the index did; `None` when all are.
pub async fn read_back(conn: &mut Conn, tenant: TenantId, now: i64, to: Option<i64>) -> AppResult<()> {
    const SQL: &str = "update search_tenant set back_to = $2 where tenant_id = $1 and back_to is not null";
    lock(conn, tenant, now).await?;
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(to).execute(c).await.map(rows))?;
    Ok(())
}

/// Takes a conversation out of the index: before its row is deleted, and when texts in it are. If it stays, it is read
/// again.
pub async fn forget(conn: &mut Conn, tenant: TenantId, now: i64, conversation: ConversationId) -> AppResult<()> {
    const UNNUMBER: &str = "delete from search_doc where tenant_id = $1 and conversation_id = $2";
    const COUNT: &str = "update search_tenant set forgotten = forgotten + 1 where tenant_id = $1";
    lock(conn, tenant, now).await?;
    on!(conn, c => sqlx::query(COUNT).bind(tenant).execute(c).await.map(rows))?;
    let Some(doc) = doc(conn, tenant, conversation).await? else { return Ok(()) };
    unlist(conn, tenant, doc).await?;
    on!(conn, c => sqlx::query(UNNUMBER).bind(tenant).bind(conversation).execute(c).await.map(rows))?;
    Ok(())
}

/// Takes a document out of every set of its block.
async fn unlist(conn: &mut Conn, tenant: TenantId, doc: i64) -> AppResult<()> {
    const ALL: &str = "select term, docs from search_posting where tenant_id = $1 and block = $2";
    const DELETE: &str = "delete from search_posting where tenant_id = $1 and block = $2 and term = $3";
    const UPDATE: &str = "update search_posting set docs = $4 where tenant_id = $1 and block = $2 and term = $3";
    let (block, place) = (doc.div_euclid(BLOCK), usize::try_from(doc.rem_euclid(BLOCK)).unwrap_or(0));
    let sets: Vec<(Vec<u8>, Vec<u8>)> =
        on!(conn, c => sqlx::query_as(ALL).bind(tenant).bind(block).fetch_all(c).await)?;
    for (term, docs) in sets {
        let mut docs = Docs::decode(&docs);
        if !docs.remove(place) {
            continue;
        }
        if docs.is_empty() {
            on!(conn, c => sqlx::query(DELETE).bind(tenant).bind(block).bind(&term).execute(c).await.map(rows))?;
            continue;
        }
        on!(conn, c => sqlx::query(UPDATE).bind(tenant).bind(block).bind(&term).bind(docs.encode())
            .execute(c).await.map(rows))?;
    }
    Ok(())
}

/// The tenant's row, made on first use. Nobody else has it until the commit.
async fn lock(conn: &mut Conn, tenant: TenantId, now: i64) -> AppResult<Numbers> {
    const ADD: &str = "insert into search_tenant (tenant_id, since, first_doc, next_doc, forgotten, back_to) \
         values ($1, $2, $3, $3, 0, $2) on conflict (tenant_id) do nothing";
    let find = locked!(conn, "select since, first_doc, next_doc, forgotten from search_tenant where tenant_id = $1");
    let found = on!(conn, c => sqlx::query_as(find).bind(tenant).fetch_optional(c).await)?;
    if let Some(numbers) = found {
        return Ok(numbers);
    }
    on!(conn, c => sqlx::query(ADD).bind(tenant).bind(now).bind(MIDDLE).execute(c).await.map(rows))?;
    Ok(on!(conn, c => sqlx::query_as(find).bind(tenant).fetch_one(c).await)?)
}

async fn save(conn: &mut Conn, tenant: TenantId, numbers: &Numbers) -> AppResult<()> {
    const SQL: &str = "update search_tenant set first_doc = $2, next_doc = $3 where tenant_id = $1";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(numbers.first_doc).bind(numbers.next_doc)
        .execute(c).await.map(rows))?;
    Ok(())
}

async fn doc(conn: &mut Conn, tenant: TenantId, conversation: ConversationId) -> AppResult<Option<i64>> {
    const SQL: &str = "select doc from search_doc where tenant_id = $1 and conversation_id = $2";
    let row: Option<(i64,)> =
        on!(conn, c => sqlx::query_as(SQL).bind(tenant).bind(conversation).fetch_optional(c).await)?;
    Ok(row.map(|(doc,)| doc))
}

async fn number(conn: &mut Conn, tenant: TenantId, conversation: ConversationId, doc: i64) -> AppResult<()> {
    const SQL: &str = "insert into search_doc (tenant_id, conversation_id, doc, seq) values ($1, $2, $3, 0)";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(conversation).bind(doc).execute(c).await.map(rows))?;
    Ok(())
}

async fn reached(conn: &mut Conn, tenant: TenantId, change: &Change) -> AppResult<()> {
    const SQL: &str = "update search_doc set seq = $3 where tenant_id = $1 and conversation_id = $2 and seq < $3";
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(change.conversation).bind(change.seq)
        .execute(c).await.map(rows))?;
    Ok(())
}

async fn widen(conn: &mut Conn, tenant: TenantId, block: i64, begun: &[i64]) -> AppResult<()> {
    const SQL: &str = "insert into search_block (tenant_id, block, first_at, last_at) values ($1, $2, $3, $4) \
         on conflict (tenant_id, block) do update set \
         first_at = case when search_block.first_at < $3 then search_block.first_at else $3 end, \
         last_at = case when search_block.last_at > $4 then search_block.last_at else $4 end";
    let (first, last) = (begun.iter().min().copied().unwrap_or(0), begun.iter().max().copied().unwrap_or(0));
    on!(conn, c => sqlx::query(SQL).bind(tenant).bind(block).bind(first).bind(last).execute(c).await.map(rows))?;
    Ok(())
}

/// Adds documents to the sets of a block.
async fn merge(conn: &mut Conn, tenant: TenantId, block: i64, terms: &BTreeMap<&[u8], Vec<usize>>) -> AppResult<()> {
    let terms: Vec<_> = terms.iter().collect();
    let mut rest = terms.as_slice();
    while !rest.is_empty() {
        let at = SIZES.iter().position(|size| *size <= rest.len()).unwrap_or(SIZES.len() - 1);
        let (some, more) = rest.split_at(SIZES[at]);
        rest = more;
        let sql = READ[at].as_str();
        let stored: Vec<(Vec<u8>, Vec<u8>)> = on!(conn, c => {
            let query = sqlx::query_as(sql).bind(tenant).bind(block);
            some.iter().fold(query, |query, (term, _)| query.bind(**term)).fetch_all(c).await
        })?;
        let stored: HashMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        let mut changed = Vec::with_capacity(some.len());
        for (term, places) in some {
            let before = stored.get(**term).map(Vec::as_slice).unwrap_or_default();
            let mut docs = Docs::decode(before);
            places.iter().for_each(|place| docs.insert(*place));
            changed.push((**term, docs.encode()));
        }
        changed.retain(|(term, docs)| stored.get(*term) != Some(docs));
        write(conn, tenant, block, &changed).await?;
    }
    Ok(())
}

async fn write(conn: &mut Conn, tenant: TenantId, block: i64, mut sets: &[(&[u8], Vec<u8>)]) -> AppResult<()> {
    while !sets.is_empty() {
        let at = SIZES.iter().position(|size| *size <= sets.len()).unwrap_or(SIZES.len() - 1);
        let (some, more) = sets.split_at(SIZES[at]);
        sets = more;
        let sql = WRITE[at].as_str();
        on!(conn, c => {
            let query = sqlx::query(sql).bind(tenant).bind(block);
            let query = some.iter().fold(query, |query, (term, docs)| query.bind(*term).bind(docs));
            query.execute(c).await.map(rows)
        })?;
    }
    Ok(())
}
