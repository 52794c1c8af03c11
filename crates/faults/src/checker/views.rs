//! What each tab was shown, frame by frame, against the promises of a stream and against the database.

use std::collections::{BTreeMap, HashMap};

use protocol::ids::{Cmid, ConversationId};

use super::{Database, Findings, History, Kind, Reader, Seen, Shown, Stored, places};

/// Judges every reader. Gives how many entries were shown to all of them.
pub(super) fn check(history: &History, found: &mut Findings) -> usize {
    let places = places(&history.database);
    history
        .readers
        .iter()
        .map(|reader| Judge { reader, database: &history.database, places: &places }.judge(found))
        .sum()
}

struct Judge<'a> {
    reader: &'a Reader,
    database: &'a Database,
    places: &'a HashMap<Cmid, Vec<(ConversationId, &'a Stored)>>,
}

impl Judge<'_> {
    fn judge(&self, found: &mut Findings) -> usize {
        let name = &self.reader.name;
        let mut shown = 0;
        // What an honest client holds: entries 1, 2, 3, ... of each conversation.
        let mut held: BTreeMap<ConversationId, u64> = BTreeMap::new();
        let replaced = self.replaced();
        for (index, seen) in self.reader.log.iter().enumerate() {
            match seen {
                Seen::Reload => held.clear(),
                Seen::Reset(conversation) | Seen::Replaced(conversation) => {
                    held.remove(conversation);
                }
                Seen::Entries { conversation, from, items } => {
                    shown += items.len();
                    let last = held.entry(*conversation).or_default();
                    self.frame(*conversation, (*from, *last), items, found);
                    let judged = replaced.get(conversation).is_none_or(|at| *at < index);
                    for item in items {
                        if item.seq == *last + 1 {
                            *last = item.seq;
                        }
                        if judged {
                            self.item(*conversation, item, found);
                        }
                    }
                }
            }
        }
        for conversation in &self.reader.complete {
            let stored = self.database.get(conversation).map_or(0, |log| log.entries.len() as u64);
            let seen = held.get(conversation).copied().unwrap_or(0);
            if seen < stored {
                found.add(Kind::Unseen, format!("{name} has seen {seen} of {stored} entries of {conversation}"));
            }
        }
        shown
    }

    /// Where in the log each history was replaced last.
    fn replaced(&self) -> HashMap<ConversationId, usize> {
        let replaced = |(index, seen): (usize, &Seen)| match seen {
            Seen::Replaced(conversation) => Some((*conversation, index)),
            _ => None,
        };
        self.reader.log.iter().enumerate().filter_map(replaced).collect()
    }

    /// A frame continues what the client holds, or repeats it; inside it nothing is missing and nothing twice.
    fn frame(&self, conversation: ConversationId, (from, last): (u64, u64), items: &[Shown], found: &mut Findings) {
        let name = &self.reader.name;
        let Some(first) = items.first() else { return };
        if first.seq != from {
            found.add(Kind::PollSkip, format!("{name} got {} where {from} was promised of {conversation}", first.seq));
        }
        if first.seq > last + 1 {
            found.add(Kind::PollSkip, format!("{name} got {} after {last} of {conversation}", first.seq));
        }
        for pair in items.windows(2) {
            let [one, two] = pair else { continue };
            let text = || format!("{name} got {} after {} of {conversation} in one frame", two.seq, one.seq);
            match two.seq.cmp(&one.seq) {
                std::cmp::Ordering::Less => found.add(Kind::NonmonotonicPoll, text()),
                std::cmp::Ordering::Equal => found.add(Kind::Duplicate, text()),
                std::cmp::Ordering::Greater if two.seq > one.seq + 1 => found.add(Kind::PollSkip, text()),
                std::cmp::Ordering::Greater => {}
            }
        }
    }

    /// What is shown is what is stored there, and is for this reader.
    fn item(&self, conversation: ConversationId, item: &Shown, found: &mut Findings) {
        let Reader { name, may_see, complete, agent, .. } = self.reader;
        let seq = item.seq;
        if !may_see.contains(&conversation) && !complete.contains(&conversation) {
            return found.add(Kind::Leak, format!("{name} was shown seq {seq} of {conversation}"));
        }
        let stored = self.database.get(&conversation).and_then(|log| {
            let index = usize::try_from(seq).ok()?.checked_sub(1)?;
            log.entries.get(index)
        });
        if let Some(stored) = stored
            && stored.agents_only
            && !agent
        {
            if !item.bare || item.cmid.is_some() || item.text.is_some() {
                found.add(Kind::Leak, format!("{name} was shown what is for agents: seq {seq} of {conversation}"));
            }
            return;
        }
        if stored.is_some_and(|stored| !item.bare && stored.cmid == item.cmid && stored.text == item.text) {
            return;
        }
        let elsewhere = item.cmid.and_then(|cmid| self.places.get(&cmid)?.first());
        match elsewhere {
            Some((other, _)) if *other != conversation => {
                found.add(Kind::Leak, format!("{name} was shown a message of {other} in {conversation}"));
            }
            _ => {
                let there = stored.map(|stored| (stored.cmid, &stored.text));
                let text = format!("{name} was shown {item:?} of {conversation}, where {there:?} is stored");
                found.add(Kind::AbortedRead, text);
            }
        }
    }
}
