//! Departments as this agent sees them: which there are, whose they are, and which of them the lists show.

use std::cmp::Reverse;

use protocol::ids::{AgentId, DepartmentId};
use protocol::state::{Colleague, Department, Presence, Summary};

use super::desk::Desk;

/// Which departments the lists show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Every one.
    #[default]
    All,
    /// Those this agent is a member of.
    Own,
    /// This one.
    One(DepartmentId),
}

impl Scope {
    /// The word in storage.
    pub fn word(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Own => "own".to_owned(),
            Self::One(id) => id.to_string(),
        }
    }

    /// The scope of a word; every department when it is none.
    pub fn of_word(word: &str) -> Self {
        match word {
            "own" => Self::Own,
            word => DepartmentId::parse(word).map_or(Self::All, Self::One),
        }
    }
}

impl Desk {
    /// Whether there is anything to tell apart. A server that knows no departments tells of none.
    pub fn has_departments(&self) -> bool {
        self.departments.len() > 1
    }

    /// A department.
    pub fn department(&self, id: DepartmentId) -> Option<&Department> {
        self.departments.iter().find(|one| one.id == id)
    }

    /// The department of a line, where there are several.
    pub fn department_of(&self, line: &Summary) -> Option<&Department> {
        self.department(line.department?).filter(|_| self.has_departments())
    }

    /// The departments this agent is a member of.
    pub fn own_departments(&self) -> &[DepartmentId] {
        self.myself().and_then(|me| me.departments.as_deref()).unwrap_or_default()
    }

    /// Whether this agent is a member of no department, so that nothing is offered.
    pub fn is_nowhere(&self) -> bool {
        self.myself().is_some_and(|me| me.departments.as_ref().is_some_and(Vec::is_empty))
    }

    /// Every department, this agent's own first, each part by name.
    pub fn in_order(&self) -> Vec<&Department> {
        let own = self.own_departments();
        let mut all: Vec<&Department> = self.departments.iter().collect();
        all.sort_by_key(|one| (!own.contains(&one.id), one.name.to_lowercase(), one.id));
        all
    }

    /// What can be chosen, in the order of the menu; nothing where there is no choice.
    pub fn scopes(&self) -> Vec<Scope> {
        if !self.has_departments() {
            return Vec::new();
        }
        let own = self.has_several_own().then_some(Scope::Own);
        let each = self.in_order().into_iter().map(|one| Scope::One(one.id));
        [Scope::All].into_iter().chain(own).chain(each).collect()
    }

    fn has_several_own(&self) -> bool {
        (2..self.departments.len()).contains(&self.own_departments().len())
    }

    /// What a wish comes to: a department may be gone, or the agent's own may be all there are.
    pub fn scope(&self, wish: Scope) -> Scope {
        match (wish, self.own_departments()) {
            _ if !self.has_departments() => Scope::All,
            (Scope::One(id), _) if self.department(id).is_none() => Scope::All,
            (Scope::Own, [only]) => Scope::One(*only),
            (Scope::Own, _) if !self.has_several_own() => Scope::All,
            (wish, _) => wish,
        }
    }

    /// Whether a line belongs to a scope that [`Desk::scope`] gave.
    pub fn is_in(&self, line: &Summary, scope: Scope) -> bool {
        match scope {
            Scope::All => true,
            Scope::Own => line.department.is_some_and(|id| self.own_departments().contains(&id)),
            Scope::One(id) => line.department == Some(id),
        }
    }

    /// The names of the departments a colleague is a member of, in their order.
    pub fn departments_of(&self, one: &Colleague) -> Vec<&str> {
        let theirs = one.departments.as_deref().unwrap_or_default();
        self.departments.iter().filter(|it| theirs.contains(&it.id)).map(|it| it.name.as_str()).collect()
    }

    /// How many members of a department are online.
    pub fn members_online(&self, department: DepartmentId) -> usize {
        let member = |one: &&Colleague| one.departments.as_ref().is_some_and(|all| all.contains(&department));
        self.colleagues.iter().filter(member).filter(|one| one.presence == Presence::Online).count()
    }

    /// Colleagues without this agent, who is there first.
    pub fn others(&self) -> Vec<&Colleague> {
        let mut others: Vec<&Colleague> = self.colleagues.iter().filter(|one| one.id != self.me).collect();
        others.sort_by_key(|one| (rank(one.presence), one.name.to_lowercase(), one.id));
        others
    }

    /// What a colleague holds, the newest first.
    pub fn held_by(&self, agent: AgentId) -> Vec<&Summary> {
        let held = |line: &&Summary| line.agent == Some(agent) && super::List::Active.holds(self, line);
        let mut held: Vec<&Summary> = self.lines.values().filter(held).collect();
        held.sort_by_key(|line| (Reverse(line.updated_at), line.id));
        held
    }
}

/// Who is there stands first.
pub fn rank(presence: Presence) -> u8 {
    match presence {
        Presence::Online => 0,
        Presence::Away => 1,
        Presence::Unknown => 2,
        Presence::Offline => 3,
    }
}
