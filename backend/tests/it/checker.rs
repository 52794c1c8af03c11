//! A history checker: what clients sent and were told, against the database and every client's final view.
//! It knows nothing of how the server works, only the promises (names as in reliability's checker).

use std::collections::{HashMap, HashSet};

use protocol::event::Ack;
use protocol::ids::{Cmid, ConversationId};
use uuid::Uuid;

use crate::database::both;
use crate::wire::{Client, View};
use crate::world::World;

/// What became of a send, as its sender knows it.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Acknowledged, perhaps more than once.
    Acked(Vec<Ack>),
    /// Never answered: may be stored, once.
    Unknown,
}

/// One send. Sends of one sender are in the order sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Who, for messages.
    pub(crate) sender: &'static str,
    /// Its id.
    pub(crate) cmid: Cmid,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// The entries of a conversation as stored: seq and cmid in order.
pub(crate) async fn stored(world: &World, conversation: ConversationId) -> Vec<(i64, Option<Cmid>)> {
    let pool = world.database().await;
    let sql = "select seq, cmid from entry where conversation_id = $1 order by seq";
    let rows: Vec<(i64, Option<Uuid>)> =
        both!(&pool, it => sqlx::query_as(sql).bind(conversation.0).fetch_all(it).await).expect("the entries");
    pool.close().await;
    rows.into_iter().map(|(seq, cmid)| (seq, cmid.map(Cmid))).collect()
}

/// Waits until every reader holds everything stored, then checks every promise.
pub(crate) async fn check(world: &World, conversation: ConversationId, sent: &[Sent], readers: &[&Client]) {
    let stored = stored(world, conversation).await;
    for reader in readers {
        reader
            .until("every stored entry is seen", |view| (view.items(conversation).len() >= stored.len()).then_some(()))
            .await;
    }
    let mut violations = database(&stored);
    violations.extend(sends(&stored, sent));
    for reader in readers {
        reader.look(|view| violations.extend(view_of(&stored, view, conversation)));
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

fn database(stored: &[(i64, Option<Cmid>)]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut cmids = HashSet::new();
    for (index, (seq, cmid)) in stored.iter().enumerate() {
        if *seq != index as i64 + 1 {
            violations.push(format!("gap: place {} holds seq {seq}", index + 1));
        }
        if let Some(cmid) = cmid
            && !cmids.insert(*cmid)
        {
            violations.push(format!("duplicate: {cmid} is stored twice"));
        }
    }
    violations
}

fn sends(stored: &[(i64, Option<Cmid>)], sent: &[Sent]) -> Vec<String> {
    let seq_of: HashMap<Cmid, i64> = stored.iter().filter_map(|(seq, cmid)| Some(((*cmid)?, *seq))).collect();
    let mut violations = Vec::new();
    let mut last: HashMap<&str, i64> = HashMap::new();
    for send in sent {
        let Sent { sender, cmid, fate } = send;
        let found = seq_of.get(cmid).copied();
        if let Fate::Acked(acks) = fate {
            if found.is_none() {
                violations.push(format!("lost-write: {sender}'s {cmid} was acked and is not stored"));
            }
            let places: HashSet<Option<u64>> = acks.iter().map(|ack| ack.seq).collect();
            if places.len() != 1 || !places.contains(&found.map(|seq| seq as u64)) {
                violations.push(format!("ack-change: {sender}'s {cmid} at {found:?}: {acks:?}"));
            }
        }
        if let Some(seq) = found {
            let before = last.insert(sender, seq).unwrap_or(0);
            if seq < before {
                violations.push(format!("nonmonotonic-send: {sender}'s {cmid} at {seq} after {before}"));
            }
        }
    }
    violations
}

fn view_of(stored: &[(i64, Option<Cmid>)], view: &View, conversation: ConversationId) -> Vec<String> {
    let mut violations = Vec::new();
    let items = view.items(conversation);
    if items.len() != stored.len() {
        violations.push(format!("a view holds {} of {} entries", items.len(), stored.len()));
    }
    for (item, (seq, cmid)) in items.iter().zip(stored) {
        if item.seq as i64 != *seq {
            violations.push(format!("poll-skip: a view has seq {} at place {seq}", item.seq));
        }
        if item.body.is_some() && item.cmid != *cmid {
            violations.push(format!("a view shows {:?} at seq {seq}, stored is {cmid:?}", item.cmid));
        }
    }
    violations
}

#[test]
fn the_checker_finds_planted_faults() {
    let (one, two) = (Cmid(Uuid::from_u128(1)), Cmid(Uuid::from_u128(2)));
    let ack = |seq| Ack { id: 1, conversation: None, cmid: None, seq: Some(seq), at: None };
    let acked =
        |cmid, seqs: &[u64]| Sent { sender: "v", cmid, fate: Fate::Acked(seqs.iter().map(|seq| ack(*seq)).collect()) };
    let good = [(1, Some(one)), (2, Some(two))];
    assert_eq!(database(&good), Vec::<String>::new());
    assert_eq!(sends(&good, &[acked(one, &[1, 1]), acked(two, &[2])]), Vec::<String>::new());
    assert_eq!(database(&[(1, Some(one)), (3, Some(two))]).len(), 1, "a gap");
    assert_eq!(database(&[(1, Some(one)), (2, Some(one))]).len(), 1, "a duplicate");
    assert_eq!(sends(&[(1, Some(one))], &[acked(two, &[2])]).len(), 2, "a lost write");
    assert_eq!(sends(&good, &[acked(one, &[1, 2])]).len(), 1, "acks that differ");
    assert_eq!(sends(&good, &[acked(two, &[2]), acked(one, &[1])]).len(), 1, "wrong order");
    let unknown = Sent { sender: "v", cmid: Cmid(Uuid::from_u128(3)), fate: Fate::Unknown };
    assert_eq!(sends(&good, &[unknown]), Vec::<String>::new());
}
