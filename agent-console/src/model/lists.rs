//! The lists on the left, computed from the desk.

use std::cmp::Reverse;

use protocol::entry::AuthorKind;
use protocol::ids::DepartmentId;
use protocol::state::{ConversationState, Department, Summary};

use super::departments::Scope;
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

/// What part of the conversations is looked at, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// The list.
    pub list: List,
    /// Of which departments; this agent's own conversations are shown whatever it is.
    pub scope: Scope,
    /// In which order.
    pub sort: Sort,
    /// Those that have this text somewhere.
    pub filter: &'a str,
}

/// The lines of one department in a list.
#[derive(Debug)]
pub struct Group<'a> {
    /// Whose they are; `None` where nothing is told apart, or nobody's.
    pub department: Option<&'a Department>,
    /// The lines in order, never empty.
    pub lines: Vec<&'a Summary>,
}

/// The lines of a list in order.
pub fn lines<'a>(desk: &'a Desk, look: Look<'_>) -> Vec<&'a Summary> {
    let needle = look.filter.trim().to_lowercase();
    let mut found: Vec<&Summary> =
        held(desk, look.list, look.scope).filter(|line| matches(desk, line, &needle)).collect();
    match (look.list, look.sort) {
        (List::Waiting, _) => {
            let order: Vec<DepartmentId> = desk.in_order().iter().map(|one| one.id).collect();
            let place = |line: &Summary| order.iter().position(|id| line.department == Some(*id));
            found.sort_by_key(|line| {
                let queue = place(line).unwrap_or(usize::MAX);
                (queue, line.position.unwrap_or(u32::MAX), line.waiting_since, line.id)
            })
        }
        (_, Sort::Newest) => found.sort_by_key(|line| (Reverse(line.updated_at), line.id)),
        (_, Sort::Longest) => found.sort_by_key(|line| {
            let since = waits_since(line);
            (since.is_none(), since.unwrap_or(line.updated_at), line.id)
        }),
    }
    found
}

/// The lines of a list as they stand on the screen: the queue of each department for itself.
pub fn groups<'a>(desk: &'a Desk, look: Look<'_>) -> Vec<Group<'a>> {
    let apart = look.list == List::Waiting && !matches!(desk.scope(look.scope), Scope::One(_));
    let mut groups: Vec<Group<'a>> = Vec::new();
    for line in lines(desk, look) {
        let department = desk.department_of(line).filter(|_| apart);
        match groups.last_mut().filter(|group| group.department.map(|one| one.id) == department.map(|one| one.id)) {
            Some(group) => group.lines.push(line),
            None => groups.push(Group { department, lines: vec![line] }),
        }
    }
    groups
}

fn held(desk: &Desk, list: List, scope: Scope) -> impl Iterator<Item = &Summary> {
    let scope = if list == List::Mine { Scope::All } else { desk.scope(scope) };
    desk.lines.values().filter(move |line| list.holds(desk, line) && desk.is_in(line, scope))
}

/// How many lines a list has.
pub fn count(desk: &Desk, list: List, scope: Scope) -> usize {
    held(desk, list, scope).count()
}

/// Unread messages in a list; nobody has read what nobody holds, so queues show none.
pub fn unread(desk: &Desk, list: List, scope: Scope) -> u32 {
    match list {
        List::Mine | List::Offline => held(desk, list, scope).map(|line| desk.unread(line)).sum(),
        _ => 0,
    }
}

fn matches(desk: &Desk, line: &Summary, needle: &str) -> bool {
    let department = desk.department_of(line).map(|one| &one.name);
    needle.is_empty()
        || [&line.visitor_name, &line.visitor_email, &line.preview]
            .into_iter()
            .flatten()
            .chain([&line.site_name])
            .chain(department)
            .any(|text| text.to_lowercase().contains(needle))
}
