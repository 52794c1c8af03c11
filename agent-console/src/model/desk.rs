//! What the server tells an agent besides the logs: a fold of `agent_state` and what follows it.

use std::collections::BTreeMap;

use protocol::entry::{AuthorKind, Item};
use protocol::event::ReadMoved;
use protocol::ids::{AgentId, ConversationId, TenantId};
use protocol::state::{AgentState, Colleague, ConversationState, Department, Presence, Role, Summary};

/// How many closed conversations stay in the list.
pub const CLOSED_SHOWN: usize = 50;

/// How far this agent has read a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Read up to here.
    pub seq: u64,
    /// How many of the visitor's messages that covers, so that a line with a new count needs no new mark.
    pub counted: u32,
}

/// Lists, colleagues and read marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// This agent.
    pub me: AgentId,
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// Whether everything is read-only.
    pub suspended: bool,
    /// Every agent of the tenant.
    pub colleagues: Vec<Colleague>,
    /// Every department; none where the server tells of none.
    pub departments: Vec<Department>,
    /// Every line.
    pub lines: BTreeMap<ConversationId, Summary>,
    /// How far this agent has read.
    pub marks: BTreeMap<ConversationId, Mark>,
}

impl Desk {
    /// The desk of a full state.
    pub fn new(state: &AgentState) -> Self {
        let lines: BTreeMap<_, _> = state.conversations.iter().map(|line| (line.id, line.clone())).collect();
        let marks = state
            .marks
            .iter()
            .filter_map(|mark| {
                let line = lines.get(&mark.conversation)?;
                let counted = line.visitor_messages.saturating_sub(mark.unread);
                Some((mark.conversation, Mark { seq: mark.seq, counted }))
            })
            .collect();
        Self {
            me: state.me,
            tenant: state.tenant,
            tenant_name: state.tenant_name.clone(),
            suspended: state.suspended,
            colleagues: state.colleagues.clone(),
            departments: state.departments.clone().unwrap_or_default(),
            lines,
            marks,
        }
    }

    /// Puts one changed or new line in, and lets the oldest closed ones go.
    pub fn put(&mut self, line: &Summary) {
        let mut line = line.clone();
        if let Some(old) = self.lines.get(&line.id) {
            if line.updated_at < old.updated_at {
                // Two nodes told of two changes, and the older news came last.
                return;
            }
            // Marks only grow, whatever order they come in (C8).
            line.visitor_read_seq = line.visitor_read_seq.max(old.visitor_read_seq);
            line.agent_read_seq = line.agent_read_seq.max(old.agent_read_seq);
        }
        self.lines.insert(line.id, line);
        self.drop_oldest_closed();
    }

    fn drop_oldest_closed(&mut self) {
        let mut closed: Vec<(i64, ConversationId)> = self
            .lines
            .values()
            .filter(|line| line.state == ConversationState::Closed)
            .map(|line| (line.updated_at, line.id))
            .collect();
        if closed.len() <= CLOSED_SHOWN {
            return;
        }
        closed.sort_unstable_by(|a, b| b.cmp(a));
        for (_, id) in closed.iter().skip(CLOSED_SHOWN) {
            self.lines.remove(id);
            self.marks.remove(id);
        }
    }

    /// Moves a read mark; `items` are the entries held of that conversation.
    pub fn read(&mut self, moved: &ReadMoved, items: &[Item]) {
        let me = self.me;
        let Some(line) = self.lines.get_mut(&moved.conversation) else {
            return;
        };
        match moved.kind {
            AuthorKind::Visitor => line.visitor_read_seq = line.visitor_read_seq.max(moved.seq),
            AuthorKind::Agent => {
                line.agent_read_seq = line.agent_read_seq.max(moved.seq);
                if moved.id == me.0 {
                    self.mark(moved.conversation, moved.seq, items);
                }
            }
            AuthorKind::System => {}
        }
    }

    /// Sets this agent's own mark, at once when reading and again when the server says so.
    pub fn mark(&mut self, conversation: ConversationId, seq: u64, items: &[Item]) {
        let Some(line) = self.lines.get(&conversation) else {
            return;
        };
        let mark = self.marks.entry(conversation).or_default();
        if seq <= mark.seq {
            return;
        }
        // The entries are exact; the line may not have caught up with them, or they are not held.
        let counted = if items.last().is_some_and(|item| item.seq >= seq) {
            let held = items.iter().take_while(|item| item.seq <= seq);
            u32::try_from(held.filter(|item| from_visitor(item)).count()).unwrap_or(u32::MAX)
        } else if seq >= line.last_seq {
            line.visitor_messages
        } else {
            mark.counted
        };
        mark.seq = seq;
        mark.counted = mark.counted.max(counted);
    }

    /// Keeps marks that are further than the server knew: the command that tells it is on its way.
    pub fn keep_marks(&mut self, old: &BTreeMap<ConversationId, Mark>) {
        for (id, mark) in old {
            let Some(line) = self.lines.get(id) else {
                continue;
            };
            let mine = self.marks.entry(*id).or_default();
            if mark.seq > mine.seq && mark.seq <= line.last_seq {
                mine.seq = mark.seq;
                mine.counted = mine.counted.max(mark.counted);
            }
        }
    }

    /// Visitor messages this agent has not read.
    pub fn unread(&self, line: &Summary) -> u32 {
        let counted = self.marks.get(&line.id).map_or(0, |mark| mark.counted);
        line.visitor_messages.saturating_sub(counted)
    }

    /// Up to where this agent has read a conversation.
    pub fn mark_of(&self, conversation: ConversationId) -> u64 {
        self.marks.get(&conversation).map_or(0, |mark| mark.seq)
    }

    /// A colleague, this agent included.
    pub fn colleague(&self, id: AgentId) -> Option<&Colleague> {
        self.colleagues.iter().find(|colleague| colleague.id == id)
    }

    /// This agent's own line among the colleagues.
    pub fn myself(&self) -> Option<&Colleague> {
        self.colleague(self.me)
    }

    /// Whether this agent takes conversations.
    pub fn presence(&self) -> Presence {
        self.myself().map_or(Presence::Unknown, |me| me.presence)
    }

    /// Whether this agent may take over from a colleague.
    pub fn may_take_over(&self) -> bool {
        self.myself().is_some_and(|me| matches!(me.role, Role::Owner | Role::Admin | Role::Supervisor))
    }

    /// Whether a line is a conversation this agent holds.
    pub fn is_mine(&self, line: &Summary) -> bool {
        line.state == ConversationState::Active && line.agent == Some(self.me)
    }

    /// Whom a line is offered to: one agent, or several of whom the first to accept gets it.
    pub fn offered(&self, line: &Summary) -> Vec<AgentId> {
        if line.state != ConversationState::Offered {
            return Vec::new();
        }
        let also = line.offered_also.iter().flatten().copied().filter(|id| line.offered_to != Some(*id));
        line.offered_to.into_iter().chain(also).collect()
    }

    /// Whether a line is offered to this agent, alone or among others.
    pub fn is_offered(&self, line: &Summary) -> bool {
        self.offered(line).contains(&self.me)
    }

    /// Whether this agent may give a line to somebody: an own one, or as a supervisor what waits or a colleague holds.
    pub fn may_transfer(&self, line: &Summary) -> bool {
        use ConversationState as S;
        let supervised = self.may_take_over() && matches!(line.state, S::Active | S::Waiting | S::Offered);
        !self.suspended && (self.is_mine(line) || supervised)
    }
}

/// Whether an entry is something the visitor wrote.
pub fn from_visitor(item: &Item) -> bool {
    item.is_message() && item.author.as_ref().is_some_and(|author| author.kind == AuthorKind::Visitor)
}
