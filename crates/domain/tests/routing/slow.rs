use std::collections::HashMap;

use domain::policy::{Match, Policy};
use domain::routing::{AgentLoad, Waiting, understands};
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::Presence;

use crate::make::{NOW, World};

/// What agents were given so far in a round: offers, and places meant for who is called.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) offers: HashMap<AgentId, u32>,
    pub(crate) promised: HashMap<AgentId, u32>,
}

fn of(counts: &HashMap<AgentId, u32>, agent: &AgentLoad) -> u32 {
    counts.get(&agent.agent).copied().unwrap_or(0)
}

/// Departments whose members may take it at a time, its own first; nothing for an unknown one.
pub(crate) fn reached(world: &World, waiting: &Waiting, now: i64) -> Vec<DepartmentId> {
    let mut all: Vec<DepartmentId> = vec![];
    let (mut at, mut after) = (Some(waiting.department), 0);
    while let Some(desk) = at.and_then(|id| world.desk(id)) {
        if all.contains(&desk.id) || waiting.waiting_since + after > now {
            break;
        }
        all.push(desk.id);
        at = desk.overflow.map(|overflow| overflow.to);
        after += desk.overflow.map_or(0, |overflow| overflow.after_ms);
    }
    all
}

/// The first of `departments` the agent is a member of, and with which priority.
pub(crate) fn seat(agent: &AgentLoad, departments: &[DepartmentId]) -> Option<(usize, u8)> {
    departments.iter().enumerate().find_map(|(rank, department)| {
        let here = agent.departments.iter().filter(|membership| membership.department == *department);
        here.map(|membership| (rank, membership.priority)).min()
    })
}

pub(crate) fn rejected_at(waiting: &Waiting, agent: AgentId) -> Option<i64> {
    waiting.rejections.iter().filter(|rejection| rejection.agent == agent).map(|rejection| rejection.at).max()
}

fn knows_language(waiting: &Waiting, agent: &AgentLoad) -> bool {
    let wanted = waiting.language.as_deref();
    wanted.is_none_or(|wanted| agent.languages.iter().any(|spoken| understands(spoken, wanted)))
}

fn has_skills(waiting: &Waiting, agent: &AgentLoad) -> bool {
    waiting.skills.iter().all(|skill| agent.skills.contains(skill))
}

/// Whether the agent could take it in this round, after `given`. `shared` tells whether the places meant for who is
/// called are taken, too.
pub(crate) fn can(world: &World, waiting: &Waiting, agent: &AgentLoad, given: &Given, shared: bool) -> bool {
    let Some(Policy { rejection_memory_ms, offers_at_once, language, skills, .. }) =
        world.desk(waiting.department).map(|desk| &desk.policy)
    else {
        return false;
    };
    let extra = of(&given.offers, agent);
    let promised = if shared { of(&given.promised, agent) } else { 0 };
    agent.presence == Presence::Online
        && seat(agent, &reached(world, waiting, NOW)).is_some()
        && agent.load + extra + promised < agent.capacity
        && agent.offers + extra < *offers_at_once
        && rejected_at(waiting, agent.agent).is_none_or(|at| at + rejection_memory_ms <= NOW)
        && (*language != Match::Require || knows_language(waiting, agent))
        && (*skills != Match::Require || has_skills(waiting, agent))
}

/// What makes an agent come before others, besides the strategy; smallest first.
pub(crate) fn rank(world: &World, waiting: &Waiting, agent: &AgentLoad) -> impl Ord + use<> {
    let policy = &world.desk(waiting.department).expect("known").policy;
    let seat = seat(agent, &reached(world, waiting, NOW)).expect("a member");
    (
        rejected_at(waiting, agent.agent),
        !(policy.sticky && waiting.previous_agent == Some(agent.agent)),
        seat.0,
        policy.skills != Match::Ignore && !has_skills(waiting, agent),
        policy.language != Match::Ignore && !knows_language(waiting, agent),
        seat.1,
    )
}
