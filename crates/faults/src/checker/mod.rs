//! A history checker. Clients log what they sent, what they were told of it, and every frame of entries as it
//! came; the checker lays that beside the database and names every broken promise. It has no model of the
//! server: it knows the promises only (C1-C8 of the delivery contract). The names follow Jepsen's `kafka` and
//! `set-full` workloads.

/// Judging what was stored and acknowledged.
mod stored;
/// Judging what was seen.
mod views;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use protocol::entry::Author;
use protocol::ids::{Cmid, ConversationId, TenantId};

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Acknowledged, and not stored.
    LostWrite,
    /// Stored or shown twice.
    Duplicate,
    /// Stored, and in the end not seen by somebody who may see it.
    Unseen,
    /// A stream jumped over an entry.
    PollSkip,
    /// A stream went back.
    NonmonotonicPoll,
    /// A sender's messages are stored in another order than they were sent.
    NonmonotonicSend,
    /// Shown, and not stored so: rolled back, refused, or different.
    AbortedRead,
    /// Shown to somebody who may not see it.
    Leak,
    /// Two answers to one send differ, or differ from what is stored.
    AckChange,
    /// Sequence, hash chain or projection of a conversation do not hold together.
    BrokenLog,
}

impl Kind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LostWrite => "lost-write",
            Self::Duplicate => "duplicate",
            Self::Unseen => "unseen",
            Self::PollSkip => "poll-skip",
            Self::NonmonotonicPoll => "nonmonotonic-poll",
            Self::NonmonotonicSend => "nonmonotonic-send",
            Self::AbortedRead => "aborted-read",
            Self::Leak => "leak",
            Self::AckChange => "ack-change",
            Self::BrokenLog => "broken-log",
        }
    }
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub kind: Kind,
    /// Who, what, where.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.text)
    }
}

/// Where a send was stored, as an acknowledgement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The conversation.
    pub conversation: ConversationId,
    /// The position in it.
    pub seq: u64,
    /// When, Unix milliseconds.
    pub at: i64,
}

/// An answer to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Acknowledged.
    Ok(Place),
    /// Refused for good.
    Fail,
    /// None came, or one that says to try again: unknown whether it is stored.
    Info,
}

/// A send with everything its sender was told. Sends of one sender stand in the order they were begun.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who. A sender begins a send after the one before was answered.
    pub sender: String,
    /// The client-made id.
    pub cmid: Cmid,
    /// The text; `None` when it was not a message.
    pub text: Option<String>,
    /// Every answer, in order.
    pub answers: Vec<Answer>,
}

/// An entry as a client was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Position.
    pub seq: u64,
    /// The send it came from.
    pub cmid: Option<Cmid>,
    /// The text of a message.
    pub text: Option<String>,
    /// Whether it came without a body: it is not for this reader.
    pub bare: bool,
}

/// What a client logs while it reads.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A frame of entries, as it came.
    Entries {
        /// Of which conversation.
        conversation: ConversationId,
        /// Where the frame says it begins.
        from: u64,
        /// What it holds.
        items: Vec<Shown>,
    },
    /// The server said that a conversation has to be read again: it is empty.
    Reset(ConversationId),
    /// The same, because the stored history was replaced by an older one (C5): what was shown before is not
    /// held against the database.
    Replaced(ConversationId),
    /// The page was loaded again: everything is empty.
    Reload,
}

/// One tab or device.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Who, for reports.
    pub name: String,
    /// Conversations whose entries may come; any other is a leak. Those of `complete` may always come.
    pub may_see: BTreeSet<ConversationId>,
    /// Conversations that must be seen to the end.
    pub complete: BTreeSet<ConversationId>,
    /// Whether entries for agents only are shown to it.
    pub agent: bool,
    /// What it logged.
    pub log: Vec<Seen>,
}

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Position.
    pub seq: i64,
    /// Kind of the body.
    pub kind: String,
    /// Who wrote it.
    pub author: Author,
    /// The send it came from.
    pub cmid: Option<Cmid>,
    /// When, Unix milliseconds.
    pub at: i64,
    /// The text of a message.
    pub text: Option<String>,
    /// Not shown to visitors.
    pub agents_only: bool,
    /// What the chain links.
    pub commitment: [u8; 32],
    /// The chain up to here.
    pub hash: [u8; 32],
}

/// A conversation as it is stored.
#[derive(Debug, Clone)]
pub struct Log {
    /// Whose.
    pub tenant: TenantId,
    /// The newest position, by its projection.
    pub last_seq: i64,
    /// The head of the chain, by its projection.
    pub last_hash: [u8; 32],
    /// Its entries by position.
    pub entries: Vec<Stored>,
}

/// Everything stored.
pub type Database = BTreeMap<ConversationId, Log>;

/// What happened, and where it ended.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Every send, by sender in order.
    pub sent: Vec<Sent>,
    /// Every tab.
    pub readers: Vec<Reader>,
    /// What is stored after everything is healed.
    pub database: Database,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Sends that were acknowledged.
    pub acknowledged: usize,
    /// Sends whose fate their sender never learned.
    pub unknown: usize,
    /// Sends refused for good.
    pub refused: usize,
    /// Entries stored.
    pub stored: usize,
    /// Entries shown, over all readers.
    pub shown: usize,
    /// Broken promises; empty when all is well.
    pub violations: Vec<Violation>,
}

impl Report {
    /// The names of what was found.
    pub fn kinds(&self) -> BTreeSet<&'static str> {
        self.violations.iter().map(|violation| violation.kind.name()).collect()
    }

    /// Panics with every violation unless there is none.
    ///
    /// # Panics
    /// When a promise was broken.
    #[track_caller]
    pub fn assert_clean(&self) {
        let all: Vec<String> = self.violations.iter().take(50).map(Violation::to_string).collect();
        assert!(all.is_empty(), "{} violations:\n{}", self.violations.len(), all.join("\n"));
    }
}

/// Judges a history.
pub fn check(history: &History) -> Report {
    let mut report = Report::default();
    for sent in &history.sent {
        let acked = sent.answers.iter().any(|answer| matches!(answer, Answer::Ok(_)));
        match sent.answers.last() {
            _ if acked => report.acknowledged += 1,
            Some(Answer::Fail) => report.refused += 1,
            _ => report.unknown += 1,
        }
    }
    report.stored = history.database.values().map(|log| log.entries.len()).sum();
    let mut found = Findings::default();
    stored::check(history, &mut found);
    report.shown = views::check(history, &mut found);
    report.violations = found.0;
    report
}

/// Violations as they are found.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, kind: Kind, text: String) {
        self.0.push(Violation { kind, text });
    }
}

/// Where each send is stored.
fn places(database: &Database) -> HashMap<Cmid, Vec<(ConversationId, &Stored)>> {
    let mut places: HashMap<Cmid, Vec<_>> = HashMap::new();
    for (conversation, log) in database {
        for entry in &log.entries {
            if let Some(cmid) = entry.cmid {
                places.entry(cmid).or_default().push((*conversation, entry));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests;
