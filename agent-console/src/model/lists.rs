//! The lists on the left, computed from the desk.

use std::cmp::Reverse;

use protocol::entry::AuthorKind;
use protocol::state::{ConversationState, Summary};

use super::desk::Desk;

/// A list of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum List {
    /// Held by this agent.
    #[default]
    Mine,
    /// In the queue or offered to somebody.
    Waiting,
    /// Held by anybody.
    Active,
    /// Messages left while nobody was there.
    Offline,
    /// Ended.
    Closed,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// What has something new first.
    #[default]
    Newest,
    /// Who has waited longest for an answer first.
    Longest,
}

impl List {
    /// Every list, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::Mine, Self::Waiting, Self::Active, Self::Offline, Self::Closed];

    /// The word in text keys, storage and the DOM.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Offline => "offline",
            Self::Closed => "closed",
        }
    }

    /// Whether a line belongs to this list.
    pub fn holds(self, desk: &Desk, line: &Summary) -> bool {
        use ConversationState as S;
        match self {
            Self::Mine => desk.is_mine(line),
            Self::Waiting => matches!(line.state, S::Waiting | S::Offered),
            Self::Active => line.state == S::Active,
            Self::Offline => line.state == S::Offline,
            Self::Closed => line.state == S::Closed,
        }
    }

    /// The list a line is found in, the agent's own before all.
    pub fn of(desk: &Desk, line: &Summary) -> Self {
        Self::ALL.into_iter().find(|list| list.holds(desk, line)).unwrap_or_default()
    }
}

/// Whether the visitor wrote last, so that somebody should answer.
pub fn awaits_answer(line: &Summary) -> bool {
    line.state == ConversationState::Active && line.last_author == Some(AuthorKind::Visitor)
}

/// Since when the visitor waits: in the queue, or for an answer.
pub fn waits_since(line: &Summary) -> Option<i64> {
    line.waiting_since.or_else(|| awaits_answer(line).then_some(line.updated_at))
}

/// The lines of a list in order, those that match `filter`.
pub fn lines<'a>(desk: &'a Desk, list: List, sort: Sort, filter: &str) -> Vec<&'a Summary> {
    let needle = filter.trim().to_lowercase();
    let mut found: Vec<&Summary> =
        desk.lines.values().filter(|line| list.holds(desk, line) && matches(line, &needle)).collect();
    match (list, sort) {
        (List::Waiting, _) => {
            found.sort_by_key(|line| (line.position.unwrap_or(u32::MAX), line.waiting_since, line.id))
        }
        (_, Sort::Newest) => found.sort_by_key(|line| (Reverse(line.updated_at), line.id)),
        (_, Sort::Longest) => found.sort_by_key(|line| {
            let since = waits_since(line);
            (since.is_none(), since.unwrap_or(line.updated_at), line.id)
        }),
    }
    found
}

/// How many lines a list has.
pub fn count(desk: &Desk, list: List) -> usize {
    desk.lines.values().filter(|line| list.holds(desk, line)).count()
}

/// Unread messages in a list; nobody has read what nobody holds, so queues show none.
pub fn unread(desk: &Desk, list: List) -> u32 {
    match list {
        List::Mine | List::Offline => {
            desk.lines.values().filter(|line| list.holds(desk, line)).map(|line| desk.unread(line)).sum()
        }
        _ => 0,
    }
}

fn matches(line: &Summary, needle: &str) -> bool {
    needle.is_empty()
        || [&line.visitor_name, &line.visitor_email, &line.preview]
            .into_iter()
            .flatten()
            .chain([&line.site_name])
            .any(|text| text.to_lowercase().contains(needle))
}
