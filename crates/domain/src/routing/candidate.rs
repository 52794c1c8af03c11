//! Whether an agent can take a conversation, and who of several is asked.

use std::cmp::Ordering;

use protocol::ids::AgentId;
use protocol::state::Presence;

use super::language::Tag;
use super::{Absence, AgentLoad, Choice, Rejection, Skip, Waiting};
use crate::policy::{Match, Policy, Strategy};

/// An agent, with what was given to the agent in this round.
pub(super) struct Standing<'a> {
    pub(super) of: &'a AgentLoad,
    languages: Vec<Tag<'a>>,
    load: u32,
    offers: u32,
    /// Places meant for visitors who are called.
    promised: u32,
    idle_since: i64,
    last_assigned_at: i64,
    /// The number of the search that came past last.
    pub(super) searched: u32,
}

impl<'a> Standing<'a> {
    pub(super) fn new(of: &'a AgentLoad) -> Self {
        Self {
            of,
            languages: of.languages.iter().map(|tag| Tag::read(tag)).collect(),
            load: of.load,
            offers: of.offers,
            promised: 0,
            idle_since: of.idle_since,
            last_assigned_at: of.last_assigned_at,
            searched: 0,
        }
    }

    /// Whether the agent could take anything at all.
    pub(super) fn is_free(&self, offers_at_once: u32) -> bool {
        self.of.presence == Presence::Online && self.load < self.of.capacity && self.offers < offers_at_once
    }

    /// The agent has one more offer.
    pub(super) const fn occupy(&mut self, now: i64) {
        self.load = self.load.saturating_add(1);
        self.offers = self.offers.saturating_add(1);
        self.idle_since = now;
        self.last_assigned_at = now;
    }

    /// A visitor was called for one of the agent's places.
    pub(super) const fn promise(&mut self) {
        self.promised = self.promised.saturating_add(1);
    }
}

/// When a rejection is forgotten, Unix milliseconds.
pub(super) const fn forgotten_at(rejection: &Rejection, policy: &Policy) -> i64 {
    rejection.at.saturating_add(policy.rejection_memory_ms)
}

/// Why an agent cannot take a conversation. As [`Skip`], but costs nothing to make.
#[derive(Clone, Copy)]
pub(super) enum No<'a> {
    Away,
    OtherLanguage,
    MissingSkill(&'a str),
    AtCapacity { load: u32, capacity: u32 },
    OfferPending,
    DeclinedRecently { ago_ms: i64 },
}

impl From<No<'_>> for Skip {
    fn from(no: No<'_>) -> Self {
        match no {
            No::Away => Self::Away,
            No::OtherLanguage => Self::OtherLanguage,
            No::MissingSkill(skill) => Self::MissingSkill { skill: skill.to_owned() },
            No::AtCapacity { load, capacity } => Self::AtCapacity { load, capacity },
            No::OfferPending => Self::OfferPending,
            No::DeclinedRecently { ago_ms } => Self::DeclinedRecently { ago_ms },
        }
    }
}

/// Which agent of the index, of the how-manieth department reached, with which priority there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat {
    pub(super) agent: usize,
    pub(super) rank: usize,
    pub(super) priority: u8,
}

/// An agent who could take the conversation.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) seat: Seat,
    /// When the agent last rejected it.
    rejected_at: Option<i64>,
    is_previous: bool,
    is_missing_skill: bool,
    is_foreign: bool,
}

/// The question who takes a conversation.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) waiting: &'a Waiting,
    pub(super) policy: &'a Policy,
    /// The visitor's language, unless it does not matter.
    language: Option<Tag<'a>>,
    offers_at_once: u32,
    now: i64,
}

impl<'a> Asking<'a> {
    pub(super) fn new(waiting: &'a Waiting, policy: &'a Policy, offers_at_once: u32, now: i64) -> Self {
        let language = waiting.language.as_deref().filter(|_| policy.language != Match::Ignore).map(Tag::read);
        Self { waiting, policy, language, offers_at_once, now }
    }

    /// The agent as a candidate, or why not. What the agent is comes before what the agent does just now.
    pub(super) fn candidate(&self, seat: Seat, standing: &Standing) -> Result<Candidate, No<'a>> {
        let agent = standing.of;
        if agent.presence != Presence::Online {
            return Err(No::Away);
        }
        if self.policy.language == Match::Require && self.is_foreign(standing) {
            return Err(No::OtherLanguage);
        }
        if let (Match::Require, Some(skill)) = (self.policy.skills, self.missing_skill(agent)) {
            return Err(No::MissingSkill(skill));
        }
        // Only who is away has to share the places with others who were called.
        let promised = if self.waiting.absent == Absence::Here { 0 } else { standing.promised };
        let load = standing.load.saturating_add(promised);
        if load >= agent.capacity {
            return Err(No::AtCapacity { load, capacity: agent.capacity });
        }
        if standing.offers >= self.offers_at_once {
            return Err(No::OfferPending);
        }
        let rejections = self.waiting.rejections.iter().filter(|rejection| rejection.agent == agent.agent);
        let newest = rejections.max_by_key(|rejection| rejection.at);
        if let Some(newest) = newest.filter(|newest| forgotten_at(newest, self.policy) > self.now) {
            return Err(No::DeclinedRecently { ago_ms: self.now.saturating_sub(newest.at).max(0) });
        }
        Ok(Candidate {
            seat,
            rejected_at: newest.map(|newest| newest.at),
            is_previous: self.policy.sticky && self.waiting.previous_agent == Some(agent.agent),
            is_missing_skill: self.policy.skills == Match::Prefer && self.missing_skill(agent).is_some(),
            is_foreign: self.policy.language == Match::Prefer && self.is_foreign(standing),
        })
    }

    fn is_foreign(&self, agent: &Standing) -> bool {
        self.language.is_some_and(|wanted| !agent.languages.iter().any(|spoken| spoken.understands(&wanted)))
    }

    fn missing_skill(&self, agent: &AgentLoad) -> Option<&'a str> {
        self.waiting.skills.iter().find(|skill| !agent.skills.contains(skill)).map(String::as_str)
    }

    /// Who of the candidates are asked; `None` when there are none.
    pub(super) fn choose(&self, candidates: Vec<Candidate>, agents: &[Standing]) -> Option<Chosen> {
        let first = candidates.iter().min_by(|a, b| self.compare(a, b, agents)).copied()?;
        let are_more = candidates.len() > 1;
        let why = self.why(&first, are_more, agents)?;
        if self.policy.strategy != Strategy::Broadcast {
            return Some(Chosen { all: vec![first], first, why });
        }
        let mut all = candidates;
        all.retain(|candidate| candidate.rejected_at.is_some() == first.rejected_at.is_some());
        all.sort_by_key(|candidate| candidate.seat);
        Some(Chosen { all, first, why })
    }

    fn compare(&self, a: &Candidate, b: &Candidate, agents: &[Standing]) -> Ordering {
        let rules = |it: &Candidate| {
            (it.rejected_at, !it.is_previous, it.seat.rank, it.is_missing_skill, it.is_foreign, it.seat.priority)
        };
        let by_rules = rules(a).cmp(&rules(b));
        let by_strategy = || match (agents.get(a.seat.agent), agents.get(b.seat.agent)) {
            (Some(a), Some(b)) => by_strategy(self.policy.strategy, a, b),
            _ => Ordering::Equal,
        };
        by_rules.then_with(by_strategy).then_with(|| a.seat.agent.cmp(&b.seat.agent))
    }

    fn why(&self, first: &Candidate, are_more: bool, agents: &[Standing]) -> Option<Choice> {
        let agent = agents.get(first.seat.agent)?;
        let by_strategy = match self.policy.strategy {
            Strategy::Manual => return None,
            Strategy::Broadcast => Choice::Broadcast,
            Strategy::LeastLoaded => Choice::LeastLoaded { load: agent.load, capacity: agent.of.capacity },
            Strategy::LongestIdle => Choice::LongestIdle { idle_ms: self.now.saturating_sub(agent.idle_since).max(0) },
            Strategy::RoundRobin => Choice::RoundRobin,
        };
        Some(match () {
            () if first.rejected_at.is_some() => Choice::NobodyElse,
            () if by_strategy == Choice::Broadcast => Choice::Broadcast,
            () if first.is_previous => Choice::PreviousAgent,
            () if !are_more => Choice::Only,
            () => by_strategy,
        })
    }

    /// Why somebody else was chosen, although this agent could have taken it.
    pub(super) fn passed_over(&self, candidate: &Candidate, chosen: &Chosen, agent: &AgentLoad) -> Skip {
        let first = &chosen.first;
        if candidate.rejected_at > first.rejected_at {
            Skip::RejectedEarlier
        } else if first.is_previous {
            Skip::NotPreferred
        } else if candidate.seat.rank > first.seat.rank {
            Skip::OtherDepartment
        } else if candidate.is_missing_skill && !first.is_missing_skill {
            Skip::MissingSkill { skill: self.missing_skill(agent).unwrap_or_default().to_owned() }
        } else if candidate.is_foreign && !first.is_foreign {
            Skip::OtherLanguage
        } else if candidate.seat.priority > first.seat.priority {
            Skip::LaterPriority { priority: candidate.seat.priority }
        } else {
            Skip::NotPreferred
        }
    }
}

fn by_strategy(strategy: Strategy, a: &Standing, b: &Standing) -> Ordering {
    match strategy {
        Strategy::Manual | Strategy::Broadcast => Ordering::Equal,
        Strategy::LeastLoaded => {
            // a.load / a.capacity against b.load / b.capacity, without division.
            let share = |x: &Standing, y: &Standing| u64::from(x.load) * u64::from(y.of.capacity);
            share(a, b).cmp(&share(b, a)).then_with(|| a.idle_since.cmp(&b.idle_since))
        }
        Strategy::LongestIdle => a.idle_since.cmp(&b.idle_since),
        Strategy::RoundRobin => a.last_assigned_at.cmp(&b.last_assigned_at),
    }
}

/// Who is asked.
pub(super) struct Chosen {
    /// One; with a broadcast all who can, by agent.
    pub(super) all: Vec<Candidate>,
    /// The one of them who is first by the rules.
    pub(super) first: Candidate,
    pub(super) why: Choice,
}

impl Chosen {
    pub(super) fn holds(&self, agent: usize) -> bool {
        self.all.iter().any(|candidate| candidate.seat.agent == agent)
    }

    /// Whom to offer it to.
    pub(super) fn ids(&self, agents: &[Standing]) -> Vec<AgentId> {
        self.all.iter().filter_map(|candidate| agents.get(candidate.seat.agent)).map(|agent| agent.of.agent).collect()
    }
}
