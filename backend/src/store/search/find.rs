//! Finding numbers by terms.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::search::{Docs, Term};
use protocol::ids::TenantId;

use super::{BLOCK, places};
use crate::error::AppResult;
use crate::store::{Conn, on};

/// Blocks that are looked into at once: few first, because the newest often have enough.
const SIZES: [usize; 3] = [2, 8, 32];

static EXACT: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    SIZES.map(|size| {
        let list = places(3, size);
        format!("select block, docs from search_posting where tenant_id = $1 and term = $2 and block in {list}")
    })
});

static PREFIX: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    SIZES.map(|size| {
        let list = places(4, size);
        format!(
            "select block, docs from search_posting where tenant_id = $1 and term >= $2 and term < $3 and block in {list}"
        )
    })
});

/// The statements that look a term and a beginning up in two blocks, for whoever asks a database how it runs them.
pub fn lookups() -> [&'static str; 2] {
    [EXACT[0].as_str(), PREFIX[0].as_str()]
}

/// The numbers below `below` of conversations that have every term, the highest first, at most `limit`. Blocks whose
/// conversations all began outside `begun` (from, until; Unix milliseconds) are left out. `terms` are in the order of
/// [`super::wanted`].
pub async fn next(
    conn: &mut Conn,
    tenant: TenantId,
    terms: &[Term],
    begun: (Option<i64>, Option<i64>),
    (below, limit): (i64, usize),
) -> AppResult<Vec<i64>> {
    const BLOCKS: &str = "select block from search_block where tenant_id = $1 and block <= $2 \
         and ($3 is null or last_at >= $3) and ($4 is null or first_at < $4) order by block desc";
    let top = below.saturating_sub(1).div_euclid(BLOCK);
    let blocks: Vec<(i64,)> = on!(conn, c => sqlx::query_as(BLOCKS).bind(tenant).bind(top).bind(begun.0).bind(begun.1)
        .fetch_all(c).await)?;
    let mut rest = blocks.as_slice();
    let mut sizes = SIZES.iter().copied();
    let mut size = SIZES[0];
    let mut found = Vec::new();
    while !rest.is_empty() && found.len() < limit {
        size = sizes.next().unwrap_or(size);
        let (window, more) = rest.split_at(size.min(rest.len()));
        rest = more;
        for (block, docs) in window_of(conn, tenant, terms, window, below).await?.into_iter().rev() {
            let numbers = docs.iter().rev().filter_map(|place| Some(block * BLOCK + i64::try_from(place).ok()?));
            found.extend(numbers);
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// The documents of some blocks that have every term.
async fn window_of(
    conn: &mut Conn,
    tenant: TenantId,
    terms: &[Term],
    window: &[(i64,)],
    below: i64,
) -> AppResult<BTreeMap<i64, Docs>> {
    let place = |block: i64| usize::try_from(below.saturating_sub(block * BLOCK)).unwrap_or(0);
    let mut left: BTreeMap<i64, Docs> = window.iter().map(|(block,)| (*block, Docs::before(place(*block)))).collect();
    for term in terms {
        let blocks: Vec<i64> = left.keys().copied().collect();
        let Some(at) = SIZES.iter().position(|size| *size >= blocks.len()) else { break };
        let Some(last) = blocks.last() else { break };
        let list = blocks.iter().chain(std::iter::repeat(last)).take(SIZES[at]);
        let sets: Vec<(i64, Vec<u8>)> = match term {
            Term::Exact(term) => {
                let sql = EXACT[at].as_str();
                on!(conn, c => list.fold(sqlx::query_as(sql).bind(tenant).bind(term), |query, block| query.bind(block))
                    .fetch_all(c).await)?
            }
            Term::Prefix(start) => {
                let sql = PREFIX[at].as_str();
                // No byte of a text is 255.
                let end = [start.as_slice(), &[255]].concat();
                on!(conn, c => {
                    let query = sqlx::query_as(sql).bind(tenant).bind(start).bind(end);
                    list.fold(query, |query, block| query.bind(block)).fetch_all(c).await
                })?
            }
        };
        let mut have: BTreeMap<i64, Docs> = BTreeMap::new();
        for (block, docs) in sets {
            have.entry(block).or_default().add(&Docs::decode(&docs));
        }
        left.retain(|block, docs| match have.get(block) {
            Some(have) => {
                docs.keep(have);
                !docs.is_empty()
            }
            None => false,
        });
    }
    Ok(left)
}
