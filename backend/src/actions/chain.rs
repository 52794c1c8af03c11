//! Whether what is stored of a conversation is whole: every entry from the first to the last, each with the text that
//! was committed to, linked to the one before it.

use anyhow::{Context, bail, ensure};
use domain::chain;
use domain::entry::{audience_of, kind_of};
use protocol::entry::EntryBody;
use protocol::ids::{ConversationId, TenantId};

use super::read_transcript::stored;
use crate::store::{Conn, conversation, entry};

/// Entries read at a time.
const PAGE: i64 = 500;

/// Checks one conversation as it is stored; gives the number of its entries.
///
/// # Errors
/// Names the conversation and what does not fit.
pub(super) async fn check(conn: &mut Conn, tenant: TenantId, id: ConversationId) -> anyhow::Result<u64> {
    follow(conn, tenant, id).await.with_context(|| format!("the conversation {id} is damaged"))
}

async fn follow(conn: &mut Conn, tenant: TenantId, id: ConversationId) -> anyhow::Result<u64> {
    let row = conversation::find(conn, tenant, id).await?.context("it is not there")?;
    let (mut seq, mut previous) = (0, chain::genesis(tenant, id));
    loop {
        let page = entry::after(conn, tenant, id, seq, PAGE).await?;
        for found in &page {
            seq += 1;
            ensure!(found.seq == seq, "entry {seq} is missing");
            previous = link(previous, found).with_context(|| format!("entry {seq}"))?;
        }
        if page.is_empty() {
            break;
        }
    }
    ensure!(row.last_seq == seq, "{} entries are stated, {seq} are there", row.last_seq);
    ensure!(seq == 0 || row.last_hash == previous, "the last entry is not the one stated");
    Ok(u64::try_from(seq).unwrap_or(0))
}

/// The hash of an entry that follows the one with the hash `previous`, if that is the one stored.
fn link(previous: chain::Hash, row: &entry::Entry) -> anyhow::Result<chain::Hash> {
    let entry = stored(row)?;
    ensure!(row.audience == audience_of(&entry.kind).as_str(), "is shown to others than its kind is for");
    if let Some((body, salt)) = &entry.content {
        ensure!(chain::commitment(salt, body) == entry.commitment, "was changed");
        let parsed: EntryBody = serde_json::from_str(body).context("is unreadable")?;
        ensure!(parsed == EntryBody::Unknown || kind_of(&parsed) == entry.kind, "is not of the kind stated");
    } else if row.body.is_some() || row.salt.is_some() {
        bail!("has a text without its salt, or the salt without the text");
    }
    let hash = chain::link(&previous, entry.seq, &entry.kind, &entry.author, entry.at, &entry.commitment);
    ensure!(hash == entry.hash, "does not fit the chain");
    Ok(hash)
}
