//! Sends and acknowledgements against the database, and the database against itself.

use std::collections::HashMap;

use domain::chain;
use domain::entry::author_key;
use protocol::ids::{Cmid, ConversationId};

use super::{Answer, Database, Findings, History, Kind, Log, Place, Sent, Stored, places};

pub(super) fn check(history: &History, found: &mut Findings) {
    for (conversation, log) in &history.database {
        check_log(*conversation, log, found);
    }
    check_texts(history, found);
    check_sends(history, found);
}

/// Sequence without gaps, nothing twice, times that do not go back, a chain that verifies.
fn check_log(conversation: ConversationId, log: &Log, found: &mut Findings) {
    let mut hash = chain::genesis(log.tenant, conversation);
    let mut sends = HashMap::new();
    let mut last_at = i64::MIN;
    for (index, entry) in log.entries.iter().enumerate() {
        let Stored { seq, cmid, at, .. } = entry;
        if *seq != index as i64 + 1 {
            found.add(Kind::BrokenLog, format!("{conversation} holds seq {seq} at place {}", index + 1));
        }
        if *at < last_at {
            found.add(Kind::BrokenLog, format!("{conversation} goes back in time at seq {seq}: {at} after {last_at}"));
        }
        last_at = *at;
        if let Some(cmid) = cmid
            && let Some(first) = sends.insert((entry.author.id, *cmid), *seq)
        {
            found.add(Kind::Duplicate, format!("{cmid} is stored at {first} and {seq} of {conversation}"));
        }
        hash = chain::link(&hash, *seq as u64, &entry.kind, &author_key(&entry.author), *at, &entry.commitment);
        if hash != entry.hash {
            found.add(Kind::BrokenLog, format!("the chain of {conversation} breaks at seq {seq}"));
            hash = entry.hash;
        }
    }
    let newest = log.entries.last().map_or(0, |entry| entry.seq);
    if log.last_seq != newest || log.last_hash != hash {
        let text = format!("{conversation} says it ends at {}, its log ends at {newest}", log.last_seq);
        found.add(Kind::BrokenLog, text);
    }
}

/// Every text that was sent is unique, so a text stored twice is a message stored twice, whatever its id says.
fn check_texts(history: &History, found: &mut Findings) {
    let mut texts: HashMap<&str, Option<(ConversationId, i64)>> = HashMap::new();
    for sent in &history.sent {
        if let Some(text) = &sent.text {
            texts.insert(text, None);
        }
    }
    for (conversation, log) in &history.database {
        for entry in &log.entries {
            let Some(place) = entry.text.as_deref().and_then(|text| texts.get_mut(text)) else { continue };
            if let Some((first, seq)) = place.replace((*conversation, entry.seq)) {
                let text = format!("a message of {first} at {seq} is again in {conversation} at {}", entry.seq);
                found.add(Kind::Duplicate, text);
            }
        }
    }
}

fn check_sends(history: &History, found: &mut Findings) {
    let places = places(&history.database);
    let mut last: HashMap<(&str, ConversationId), i64> = HashMap::new();
    for sent in &history.sent {
        let stored = places.get(&sent.cmid).map_or(&[][..], Vec::as_slice);
        if stored.len() > 1 {
            let text = format!("{}'s {} is stored {} times", sent.sender, sent.cmid, stored.len());
            found.add(Kind::Duplicate, text);
        }
        let stored = stored.first().map(|(conversation, entry)| (*conversation, *entry));
        check_answers(sent, stored, &history.database, found);
        if let Some((conversation, entry)) = stored {
            let before = last.insert((&sent.sender, conversation), entry.seq).unwrap_or(0);
            if entry.seq < before {
                let Sent { sender, cmid, .. } = sent;
                let text = format!("{sender}'s {cmid} is stored at {} after {before}", entry.seq);
                found.add(Kind::NonmonotonicSend, text);
            }
        }
    }
}

fn check_answers(sent: &Sent, stored: Option<(ConversationId, &Stored)>, database: &Database, found: &mut Findings) {
    let Sent { sender, cmid, text, answers } = sent;
    let acks: Vec<Place> = answers.iter().filter_map(|answer| place_of(*answer)).collect();
    let Some(first) = acks.first() else {
        if answers.contains(&Answer::Fail) && stored.is_some() {
            found.add(Kind::AbortedRead, format!("{sender}'s {cmid} was refused and is stored"));
        }
        return;
    };
    if let Some(other) = acks.iter().find(|ack| *ack != first) {
        found.add(Kind::AckChange, format!("{sender}'s {cmid} was told {first:?}, then {other:?}"));
    }
    match stored {
        Some((conversation, entry)) => {
            let place = Place { conversation, seq: entry.seq as u64, at: entry.at };
            if place != *first {
                found.add(Kind::AckChange, format!("{sender}'s {cmid} was told {first:?} and is stored at {place:?}"));
            }
            if text.is_some() && entry.text != *text {
                found.add(Kind::AbortedRead, format!("{sender}'s {cmid} is stored with another text"));
            }
        }
        None => lost(sent, first, *cmid, database, found),
    }
}

fn lost(sent: &Sent, place: &Place, cmid: Cmid, database: &Database, found: &mut Findings) {
    let instead = database.get(&place.conversation).and_then(|log| log.entries.get(place.seq as usize - 1));
    let instead = instead.map_or_else(|| "nothing".to_owned(), |entry| format!("{:?}", entry.cmid));
    let text =
        format!("{}'s {cmid} was acknowledged at {} and is not stored; there is {instead}", sent.sender, place.seq);
    found.add(Kind::LostWrite, text);
}

fn place_of(answer: Answer) -> Option<Place> {
    match answer {
        Answer::Ok(place) => Some(place),
        Answer::Fail | Answer::Info => None,
    }
}
