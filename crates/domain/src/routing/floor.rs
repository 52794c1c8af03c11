//! Agents and departments as a round sees them: an index made once, in which a conversation that nobody is free for
//! costs next to nothing, and the loads as they grow with every offer.

use std::collections::HashMap;

use protocol::ids::{AgentId, DepartmentId};

use super::candidate::{Asking, Chosen, Seat, Standing};
use super::{Absence, AgentLoad, Desk, Reason, Skip, Waiting};
use crate::department::{Overflow, reach};

/// A department, and where it stands in the index.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) desk: &'a Desk,
    at: usize,
}

/// A member of a department: where the agent stands in the index, and when it is the agent's turn.
#[derive(Clone, Copy)]
struct Member {
    agent: usize,
    priority: u8,
}

#[derive(Default)]
struct Members {
    /// By agent, each once.
    all: Vec<Member>,
    /// Those who may still be free. Who no longer is leaves when a search comes past.
    free: Vec<Member>,
}

pub(super) struct Floor<'a> {
    pub(super) ageing_ms: i64,
    offers_at_once: u32,
    now: i64,
    /// By id, each once.
    agents: Vec<Standing<'a>>,
    /// By id, each once. The next two are about the same departments.
    desks: Vec<&'a Desk>,
    members: Vec<Members>,
    /// Whose members may take a department's conversations, its own first, and after how long a wait.
    reach: Vec<Vec<(usize, i64)>>,
    searches: u32,
}

impl<'a> Floor<'a> {
    pub(super) fn new(agents: &'a [AgentLoad], desks: &'a [Desk], now: i64) -> Self {
        let mut by_id: Vec<&Desk> = desks.iter().collect();
        by_id.sort_by_key(|desk| desk.id);
        by_id.dedup_by_key(|desk| desk.id);
        let mut staff: Vec<&AgentLoad> = agents.iter().collect();
        staff.sort_by_key(|agent| agent.agent);
        staff.dedup_by_key(|agent| agent.agent);
        // These are the tenant's, and the same in every department.
        let shared = by_id.first().map(|desk| &desk.policy);
        let mut floor = Self {
            ageing_ms: shared.map_or(1, |policy| policy.ageing_ms),
            offers_at_once: shared.map_or(1, |policy| policy.offers_at_once),
            now,
            agents: staff.into_iter().map(Standing::new).collect(),
            members: by_id.iter().map(|_| Members::default()).collect(),
            reach: Vec::new(),
            desks: by_id,
            searches: 0,
        };
        floor.seat();
        floor.connect();
        floor
    }

    /// Puts every agent among the members of the agent's departments.
    fn seat(&mut self) {
        for (agent, standing) in self.agents.iter().enumerate() {
            for membership in &standing.of.departments {
                let at = self.desks.binary_search_by_key(&membership.department, |desk| desk.id);
                if let Some(members) = at.ok().and_then(|at| self.members.get_mut(at)) {
                    members.all.push(Member { agent, priority: membership.priority });
                }
            }
        }
        for members in &mut self.members {
            members.all.sort_by_key(|member| (member.agent, member.priority));
            members.all.dedup_by_key(|member| member.agent);
            members.free.clone_from(&members.all);
        }
    }

    /// Finds out whose members may help whom. A department that does not exist helps nobody.
    fn connect(&mut self) {
        let overflows: HashMap<DepartmentId, Overflow> =
            self.desks.iter().filter_map(|desk| Some((desk.id, desk.overflow?))).collect();
        let place = |(id, after_ms)| Some((self.desks.binary_search_by_key(&id, |desk| desk.id).ok()?, after_ms));
        let reached = |desk: &&Desk| reach(desk.id, &overflows).into_iter().filter_map(place).collect();
        self.reach = self.desks.iter().map(reached).collect();
    }

    /// The department with this id; else that there is none.
    pub(super) fn post(&self, department: DepartmentId) -> Result<Post<'a>, Reason> {
        let at = self.desks.binary_search_by_key(&department, |desk| desk.id).ok();
        let post = at.and_then(|at| Some(Post { desk: self.desks.get(at).copied()?, at }));
        post.ok_or(Reason::UnknownDepartment { department })
    }

    fn asking<'w>(&self, waiting: &'w Waiting, post: Post<'w>) -> Asking<'w> {
        Asking::new(waiting, &post.desk.policy, self.offers_at_once, self.now)
    }

    /// Who is to be asked of those who can take it now.
    pub(super) fn search(&mut self, waiting: &Waiting, post: Post) -> Option<Chosen> {
        let asking = self.asking(waiting, post);
        self.searches = self.searches.wrapping_add(1);
        let search = self.searches;
        let reach = self.reach.get(post.at).into_iter().flatten();
        let mut candidates = Vec::new();
        for (rank, (at, _)) in reach.take_while(|step| is_due(waiting, step, self.now)).enumerate() {
            let Some(members) = self.members.get_mut(*at) else { continue };
            let agents = &mut self.agents;
            members.free.retain(|member| {
                let standing = agents.get_mut(member.agent).filter(|standing| standing.is_free(self.offers_at_once));
                let Some(standing) = standing else { return false };
                // Who is a member of several departments is asked as one of the first.
                if std::mem::replace(&mut standing.searched, search) != search {
                    let seat = Seat { agent: member.agent, rank, priority: member.priority };
                    candidates.extend(asking.candidate(seat, standing).ok());
                }
                true
            });
        }
        asking.choose(candidates, &self.agents)
    }

    /// The chosen have one more offer each.
    pub(super) fn occupy(&mut self, chosen: &Chosen) {
        for candidate in &chosen.all {
            if let Some(standing) = self.agents.get_mut(candidate.seat.agent) {
                standing.occupy(self.now);
            }
        }
    }

    /// A visitor who is away is called for a place of the chosen.
    pub(super) fn promise(&mut self, chosen: &Chosen) {
        if let Some(standing) = self.agents.get_mut(chosen.first.seat.agent) {
            standing.promise();
        }
    }

    pub(super) fn ids(&self, chosen: &Chosen) -> Vec<AgentId> {
        chosen.ids(&self.agents)
    }

    /// Of which department the chosen are asked as members: the first when of several.
    pub(super) fn department_of(&self, post: Post, chosen: &Chosen) -> DepartmentId {
        let first = chosen.all.iter().map(|candidate| candidate.seat.rank).min().unwrap_or(0);
        let step = self.reach.get(post.at).and_then(|reach| reach.get(first));
        step.and_then(|(at, _)| self.desks.get(*at)).map_or(post.desk.id, |desk| desk.id)
    }

    /// The next department whose members may help, and when, Unix milliseconds.
    pub(super) fn next_overflow(&self, waiting: &Waiting, post: Post) -> Option<(DepartmentId, i64)> {
        let (at, after_ms) = self.reach.get(post.at)?.iter().find(|step| !is_due(waiting, step, self.now))?;
        Some((self.desks.get(*at)?.id, waiting.waiting_since.saturating_add(*after_ms)))
    }

    /// What there is to say about a conversation that nobody is asked about, besides the agents.
    pub(super) fn about(&self, waiting: &Waiting, post: Post) -> Vec<Reason> {
        let kept = (waiting.absent == Absence::Kept).then_some(Reason::Kept);
        let nobody = if self.agents.is_empty() {
            Some(Reason::NoAgents)
        } else {
            let mut due = self.due(waiting, post).filter_map(|at| self.members.get(at));
            due.all(|members| members.all.is_empty()).then_some(Reason::NoMembers)
        };
        kept.into_iter().chain(nobody).collect()
    }

    /// The whole explanation: about the conversation, about every member of the departments reached, and about these.
    pub(super) fn reasons(&self, waiting: &Waiting, post: Post, chosen: Option<&Chosen>) -> Vec<Reason> {
        let asking = self.asking(waiting, post);
        let seats = self.seats(waiting, post);
        let mut reasons = self.about(waiting, post);
        reasons.reserve(seats.len() + 3);
        for candidate in chosen.into_iter().flat_map(|chosen| &chosen.all) {
            let agent = self.agents.get(candidate.seat.agent).map(|standing| standing.of.agent);
            let why = chosen.map(|chosen| chosen.why.clone());
            reasons.extend(agent.zip(why).map(|(agent, why)| Reason::Chosen { agent, why }));
        }
        for seat in &seats {
            let Some(standing) = self.agents.get(seat.agent) else { continue };
            let why = match (asking.candidate(*seat, standing), chosen) {
                (Ok(_), Some(chosen)) if chosen.holds(seat.agent) => continue,
                (Ok(candidate), Some(chosen)) => asking.passed_over(&candidate, chosen, standing.of),
                (Ok(_), None) => Skip::NotPreferred,
                (Err(no), _) => no.into(),
            };
            reasons.push(Reason::Skipped { agent: standing.of.agent, why });
        }
        let helping = self.due(waiting, post).skip(1).filter_map(|at| self.desks.get(at));
        reasons.extend(helping.map(|desk| Reason::Overflowed { department: desk.id }));
        if let Some((department, at)) = self.next_overflow(waiting, post).filter(|_| chosen.is_none()) {
            reasons.push(Reason::OverflowsAt { department, at });
        }
        let strangers = self.agents.len().saturating_sub(seats.len());
        if strangers > 0 {
            reasons.push(Reason::NotMembers { count: u32::try_from(strangers).unwrap_or(u32::MAX) });
        }
        reasons
    }

    /// Every member of the departments reached, by agent, in the first of them.
    fn seats(&self, waiting: &Waiting, post: Post) -> Vec<Seat> {
        let mut seats =
            Vec::with_capacity(self.due(waiting, post).filter_map(|at| Some(self.members.get(at)?.all.len())).sum());
        for (rank, at) in self.due(waiting, post).enumerate() {
            let members = self.members.get(at).into_iter().flat_map(|members| &members.all);
            seats.extend(members.map(|member| Seat { agent: member.agent, rank, priority: member.priority }));
        }
        if seats.iter().any(|seat| seat.rank > 0) {
            seats.sort_unstable();
            seats.dedup_by_key(|seat| seat.agent);
        }
        seats
    }

    /// The departments whose members may take it now, its own first.
    fn due<'s>(&'s self, waiting: &'s Waiting, post: Post) -> impl Iterator<Item = usize> + 's {
        let reach = self.reach.get(post.at).into_iter().flatten();
        reach.take_while(|step| is_due(waiting, step, self.now)).map(|(at, _)| *at)
    }
}

/// Whether it has waited long enough for members of this department. The own one is always due.
const fn is_due(waiting: &Waiting, (_, after_ms): &(usize, i64), now: i64) -> bool {
    *after_ms == 0 || waiting.waiting_since.saturating_add(*after_ms) <= now
}
