//! The short way on PostgreSQL, for batches in which nothing stands against what is sent: whatever is kept of the
//! conversations is believed, every append decides, and one statement compares, adds and changes. Where the rows are not
//! those the batch rests on, or a send is stored already, the statement does nothing, and the batch goes the long way.
//!
//! When all is of one tenant, the statement is the transaction: one exchange with the server for a whole batch, and one before it
//! for what is not known. It runs in the session's own isolation, repeatable read: a row that somebody else changes after
//! it was compared is an error, and nothing is written. In a transaction with other statements, which reads committed rows, the row is compared again, found to
//! differ and left out; then everything is rolled back.

use anyhow::anyhow;
use protocol::ids::TenantId;

use super::heads::Heads;
use super::sql::Hold;
use super::{Address, Append, MOST, addresses, arrays, decide};
use crate::error::AppResult;
use crate::planted::{Point, crash_point};
use crate::store::broken::is_broken;
use crate::store::{Conn, on, wall};

type Batch<'a> = &'a mut [Box<dyn Append>];

/// Writes a batch of appends, sorted by their tenants, in a transaction of its own; `false` when nothing of it is written,
/// because it has to go the long way.
///
/// # Errors
/// What the database says when it failed, or when it is not known whether it committed.
pub(in crate::store) async fn quick(conn: &mut Conn, heads: &mut Heads, batch: Batch<'_>) -> AppResult<bool> {
    let all = addresses(batch);
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Ok(true) };
    if batch.len() > MOST {
        return Ok(false);
    }
    heads.make_room(&all);
    let written = if first.tenant == last.tenant {
        in_one(conn, heads, batch, &all).await
    } else {
        in_some(conn, heads, batch, &all).await
    };
    match written {
        Ok(true) => Ok(true),
        Ok(false) => {
            heads.doubt(&all);
            Ok(false)
        }
        Err(error) => {
            heads.forget();
            Err(error)
        }
    }
}

/// One statement, which is the transaction, after one that reads what is not known.
async fn in_one(conn: &mut Conn, heads: &mut Heads, batch: Batch<'_>, all: &[Address]) -> AppResult<bool> {
    let Some(tenant) = all.first().map(|address| address.tenant) else { return Ok(true) };
    wall::stand_before(conn, tenant).await?;
    let written = match heads.read(conn, all, Hold::Compared).await {
        Ok(()) => {
            crash_point(Point::BeforeCommit);
            write(conn, heads, (tenant, true), batch).await
        }
        Err(error) => Err(error),
    };
    let written = match written {
        Err(error) if is_broken(&error) => return Err(error),
        // Somebody else has changed a row, or added the entry.
        Err(_) => false,
        Ok(written) => written,
    };
    if written {
        crash_point(Point::AfterCommit);
    }
    Ok(written)
}

/// A transaction that reads what is not known, and writes tenant by tenant.
async fn in_some(conn: &mut Conn, heads: &mut Heads, batch: Batch<'_>, all: &[Address]) -> AppResult<bool> {
    for (number, group) in batch.chunk_by_mut(|one, next| one.address().tenant == next.address().tenant).enumerate() {
        let Some(tenant) = group.first().map(|append| append.address().tenant) else { continue };
        match number {
            0 => wall::begin_write(conn, tenant.into()).await?,
            _ => wall::turn(conn, tenant.into()).await?,
        }
        let written = match heads.read(conn, &addresses(group), Hold::Compared).await {
            Ok(()) => write(conn, heads, (tenant, false), group).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(true) => {}
            Err(error) if is_broken(&error) => return Err(error),
            _ => {
                // What was written before has versions that never were, and nobody else is to blame for it.
                let before = all.iter().filter(|address| address.tenant < tenant);
                before.for_each(|address| heads.forget_one((address.tenant, address.conversation)));
                end(conn, "rollback").await?;
                return Ok(false);
            }
        }
    }
    crash_point(Point::BeforeCommit);
    end(conn, "commit").await?;
    crash_point(Point::AfterCommit);
    Ok(true)
}

/// Decides, and writes what was decided if it still holds. An append that writes nothing was refused on what is kept, which
/// may be wrong: that is for the long way.
async fn write(
    conn: &mut Conn,
    heads: &mut Heads,
    (tenant, alone): (TenantId, bool),
    batch: Batch<'_>,
) -> AppResult<bool> {
    let sends = addresses(batch);
    let (entries, mut touched) = decide(heads, Vec::new(), batch);
    if entries.len() < batch.len() {
        return Ok(false);
    }
    // In one order, whoever writes, as they are locked.
    touched.sort_unstable();
    let rows = heads.versions(&touched);
    if rows.len() < touched.len() {
        return Ok(false);
    }
    let Conn::Postgres(lease) = conn else { return Err(anyhow!("not a connection to PostgreSQL").into()) };
    let changed = arrays::write(lease, (tenant, alone), &sends, &entries, &rows).await?;
    if changed.len() < touched.len() {
        return Ok(false);
    }
    heads.written(tenant, &touched, changed);
    Ok(true)
}

async fn end(conn: &mut Conn, sql: &'static str) -> AppResult<()> {
    Ok(on!(conn, c => sqlx::query(sql).execute(c).await.map(|_| ()))?)
}
