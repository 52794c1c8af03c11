//! Whether the target holds what the source holds, read back from both.

use anyhow::{Context, bail, ensure};
use protocol::ids::{ConversationId, TenantId};
use sha2::{Digest, Sha256};

use super::files::{self, Attached};
use crate::actions::chain;
use crate::store::copy::tables::{Table, named};
use crate::store::copy::{self, Of, Value};
use crate::store::{Conn, EveryTenant, Store, attachment};

/// Rows read at a time.
const PAGE: i64 = 500;

/// The rows of a table and a number that depends on all of them, in whatever order a database gives them.
async fn digest(conn: &mut Conn, table: &Table) -> anyhow::Result<(i64, u128)> {
    let (mut count, mut sum) = (0, 0u128);
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows = copy::page(conn, table, Of::Everybody, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok((count, sum)) };
        after = Some(last.key(table));
        count += rows.len() as i64;
        sum = rows.iter().fold(sum, |sum, row| sum.wrapping_add(row.digest(table)));
    }
}

/// Compares a table of both sides.
pub(super) async fn table(source: &mut Conn, target: &Store, table: &Table) -> anyhow::Result<()> {
    let ours = digest(source, table).await?;
    let theirs = digest(&mut target.read(EveryTenant).await?, table).await?;
    if ours.0 != theirs.0 {
        bail!("the target has {} rows in {}, the source {}", theirs.0, table.name, ours.0);
    }
    ensure!(
        ours.1 == theirs.1,
        "the rows of {} differ: source or target was changed during the move; empty the target and begin again",
        table.name
    );
    Ok(())
}

/// Verifies every conversation's hash chain in the target; gives how many there are.
pub(super) async fn chains(target: &Store) -> anyhow::Result<i64> {
    let table = named("conversation").context("there is no table conversation")?;
    let mut conn = target.read(EveryTenant).await?;
    let mut count = 0;
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows = copy::page(&mut conn, table, Of::Everybody, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = Some(last.key(table));
        for row in &rows {
            let ids = row.id(table, "tenant_id").zip(row.id(table, "id"));
            let (tenant, id) = ids.context("a row of conversation is damaged")?;
            chain::check(&mut conn, TenantId(tenant), ConversationId(id)).await?;
            count += 1;
        }
    }
}

/// Verifies the content of every attachment in the target; gives how many there are and their bytes.
pub(super) async fn files(target: &Store) -> anyhow::Result<(i64, i64)> {
    let table = files::table()?;
    let mut conn = target.read(EveryTenant).await?;
    let (mut count, mut bytes) = (0, 0);
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows = copy::page(&mut conn, table, Of::Everybody, after.as_deref(), PAGE).await?;
        let Some(last) = rows.last() else { return Ok((count, bytes)) };
        after = Some(last.key(table));
        for row in &rows {
            let Attached { tenant, id, sha256, size } = Attached::of(table, row)?;
            let (mut hash, mut found) = (Sha256::new(), 0);
            for number in 0.. {
                let Some(part) = attachment::part(&mut conn, tenant, id, number).await? else { break };
                found += part.len() as u64;
                hash.update(&part);
            }
            let whole = found == size && hash.finalize().as_slice() == sha256;
            ensure!(whole, "the content of the attachment {id} in the target is not that of the source");
            count += 1;
            bytes += i64::try_from(size).unwrap_or(0);
        }
    }
}
