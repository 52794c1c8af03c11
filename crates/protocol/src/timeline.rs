//! One conversation as a reader holds it: entries in order, each once (C3, C4), and this reader's own sends
//! that are not stored yet. A pure fold: the same events in any order and any number give the same view.

use alloc::vec::Vec;

use crate::command::PostBody;
use crate::entry::Item;
use crate::error::ErrorCode;
use crate::event::Entries;
use crate::ids::{Cmid, Epoch};

/// Where a send of this reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendState {
    /// On its way, or waiting for a connection.
    Sending,
    /// Stored; its entry has not come yet.
    Stored,
    /// Refused for good; the person may change or discard it.
    Failed(ErrorCode),
    /// Too old to be sent without asking (C17).
    Stale,
}

/// A send of this reader whose entry has not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The send.
    pub cmid: Cmid,
    /// What is sent.
    pub body: PostBody,
    /// When the person sent it, client time in Unix milliseconds; for display only.
    pub at: i64,
    /// Where it stands.
    pub state: SendState,
}

/// What an `entries` event did to a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing new in it.
    Nothing,
    /// Entries from this index of [`Timeline::items`] on are new.
    From(usize),
    /// Entries between the timeline and the event are missing: fetch after this seq. Nothing was applied.
    Gap {
        /// The newest entry held.
        after: u64,
    },
    /// The event belongs to another history: the timeline was emptied; fetch after 0.
    OtherEpoch,
}

/// A reader's view of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    epoch: Option<Epoch>,
    items: Vec<Item>,
    pending: Vec<Pending>,
}

impl Timeline {
    /// The entries held: seq 1, 2, 3, ... without gaps.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// This reader's sends that have no entry yet, in the order sent.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// The history the entries belong to; `None` before the first entry.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// The newest entry held; 0 for none.
    pub fn seq(&self) -> u64 {
        self.items.len() as u64
    }

    /// Applies an event. Entries already held are dropped, a gap is reported and applies nothing.
    pub fn apply(&mut self, event: &Entries) -> Applied {
        self.take(event.clone())
    }

    /// [`Self::apply`] for who needs the event no longer.
    pub fn take(&mut self, event: Entries) -> Applied {
        if self.epoch.is_some_and(|epoch| epoch != event.epoch) {
            self.reset();
            if event.from != 1 {
                return Applied::OtherEpoch;
            }
        }
        if event.from > self.seq() + 1 {
            return Applied::Gap { after: self.seq() };
        }
        let first_new = self.items.len();
        for item in event.items {
            if item.seq != self.seq() + 1 {
                continue;
            }
            self.epoch = Some(event.epoch);
            if let Some(cmid) = item.cmid {
                self.discard(cmid);
            }
            self.items.push(item);
        }
        if self.items.len() == first_new { Applied::Nothing } else { Applied::From(first_new) }
    }

    /// Forgets the stored entries, keeps what is unsent: the history was replaced (C5).
    pub fn reset(&mut self) {
        self.epoch = None;
        self.items.clear();
    }

    /// Shows a send at once. A send already shown or already stored changes nothing.
    pub fn add_pending(&mut self, pending: Pending) {
        let stored = self.items.iter().any(|item| item.cmid == Some(pending.cmid));
        if !stored && self.pending.iter().all(|other| other.cmid != pending.cmid) {
            self.pending.push(pending);
        }
    }

    /// Records what became of a send.
    pub fn settle(&mut self, cmid: Cmid, state: SendState) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.cmid == cmid) {
            pending.state = state;
        }
    }

    /// Drops a send the person discarded.
    pub fn discard(&mut self, cmid: Cmid) {
        self.pending.retain(|pending| pending.cmid != cmid);
    }
}
