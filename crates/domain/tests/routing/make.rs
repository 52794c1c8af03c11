use domain::department::Overflow;
use domain::policy::{Match, Policy, Strategy as Rule};
use domain::routing::{Absence, AgentLoad, Desk, Membership, Rejection, Routing, Waiting, route};
use proptest::prelude::*;
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::Presence;
use uuid::Uuid;

pub(crate) const NOW: i64 = 10_000_000;
/// A department; the only one unless said otherwise.
pub(crate) const SALES: DepartmentId = DepartmentId(Uuid::from_u128(100));
/// Another.
pub(crate) const RETURNS: DepartmentId = DepartmentId(Uuid::from_u128(101));
/// A third.
pub(crate) const OFFICE: DepartmentId = DepartmentId(Uuid::from_u128(102));
const NOBODY_KNOWS: DepartmentId = DepartmentId(Uuid::from_u128(109));

pub(crate) fn agent_id(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

pub(crate) fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

/// Settings under which nothing but the number given in a test limits anything.
pub(crate) fn open_policy() -> Policy {
    Policy { offers_at_once: 10, ..Policy::default() }
}

pub(crate) fn desk(id: DepartmentId, policy: Policy) -> Desk {
    Desk { id, policy, overflow: None, open: true }
}

pub(crate) fn overflowing(id: DepartmentId, to: DepartmentId, after_ms: i64) -> Desk {
    Desk { overflow: Some(Overflow { to, after_ms }), ..desk(id, open_policy()) }
}

/// For sales; of two with this the one with the smaller number came first.
pub(crate) fn waiting(number: u128) -> Waiting {
    Waiting {
        conversation: conversation(number),
        department: SALES,
        priority: 0,
        at_head: false,
        queued_at: NOW - 1_000 + number as i64,
        waiting_since: NOW - 1_000,
        previous_agent: None,
        rejections: vec![],
        language: None,
        skills: vec![],
        absent: Absence::Here,
    }
}

/// A member of sales with two places, both free.
pub(crate) fn agent(number: u128) -> AgentLoad {
    AgentLoad {
        agent: agent_id(number),
        presence: Presence::Online,
        load: 0,
        offers: 0,
        capacity: 2,
        departments: vec![member(SALES, 0)],
        languages: vec![],
        skills: vec![],
        idle_since: NOW - 500,
        last_assigned_at: 0,
    }
}

pub(crate) const fn member(department: DepartmentId, priority: u8) -> Membership {
    Membership { department, priority }
}

/// Everything that is routed.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) agents: Vec<AgentLoad>,
    pub(crate) desks: Vec<Desk>,
}

impl World {
    pub(crate) fn route(&self) -> Routing {
        self.route_at(NOW)
    }

    pub(crate) fn route_at(&self, now: i64) -> Routing {
        route(&self.waiting, &self.agents, &self.desks, now)
    }

    pub(crate) fn desk(&self, id: DepartmentId) -> Option<&Desk> {
        self.desks.iter().find(|desk| desk.id == id)
    }

    pub(crate) fn waits(&self, id: ConversationId) -> &Waiting {
        self.waiting.iter().find(|waiting| waiting.conversation == id).expect("known")
    }

    /// The world once offers are made and calls are out.
    pub(crate) fn after(mut self, routing: &Routing) -> Self {
        for given in &routing.decisions {
            self.waiting.retain(|waiting| waiting.conversation != given.conversation);
            for agent in self.agents.iter_mut().filter(|agent| given.agents.contains(&agent.agent)) {
                agent.load += 1;
                agent.offers += 1;
                agent.idle_since = NOW;
                agent.last_assigned_at = NOW;
            }
        }
        for called in &routing.calls {
            let mut waiting = self.waiting.iter_mut();
            let row = waiting.find(|waiting| waiting.conversation == called.conversation);
            row.expect("known").absent = Absence::Called;
        }
        self
    }
}

/// Some of these, in this order.
fn some(of: &[&'static str]) -> impl Strategy<Value = Vec<String>> {
    let most = of.len();
    let of: Vec<String> = of.iter().map(|word| (*word).to_owned()).collect();
    proptest::sample::subsequence(of, 0..=most)
}

fn any_department() -> impl Strategy<Value = DepartmentId> {
    proptest::sample::select(vec![SALES, RETURNS, OFFICE])
}

fn any_match() -> impl Strategy<Value = Match> {
    proptest::sample::select(vec![Match::Ignore, Match::Prefer, Match::Require])
}

fn any_desks() -> impl Strategy<Value = Vec<Desk>> {
    let rules = vec![Rule::LeastLoaded, Rule::LongestIdle, Rule::RoundRobin, Rule::Broadcast, Rule::Manual];
    let overflow = proptest::option::of((any_department(), 0i64..20_000));
    let one = (proptest::sample::select(rules), any::<bool>(), any_match(), any_match(), overflow);
    (prop::collection::vec(one, 3), 1i64..10_000, 1u32..3).prop_map(|(desks, ageing_ms, offers_at_once)| {
        let ids = [SALES, RETURNS, OFFICE];
        let made = desks.into_iter().zip(ids).map(|((strategy, sticky, language, skills, overflow), id)| Desk {
            id,
            policy: Policy { strategy, sticky, language, skills, ageing_ms, offers_at_once, ..Policy::default() },
            overflow: overflow.map(|(to, after_ms)| Overflow { to, after_ms }),
            open: true,
        });
        made.collect()
    })
}

fn any_agent() -> impl Strategy<Value = AgentLoad> {
    let presence = prop_oneof![5 => Just(Presence::Online), 1 => proptest::sample::select(Presence::ALL)];
    let memberships = prop::collection::vec((any_department(), 0u8..3), 0..4);
    let memberships = memberships.prop_map(|all| all.into_iter().map(|(of, priority)| member(of, priority)).collect());
    let busy = (0u32..4, 0u32..3, 0u32..5);
    let words = (some(&["de", "en-GB", "zh-CN"]), some(&["boats", "law"]));
    (presence, busy, memberships, words, (0i64..9_000, 0i64..9_000)).prop_map(
        |(presence, (held, offers, capacity), departments, (languages, skills), (idle_since, last_assigned_at))| {
            AgentLoad {
                presence,
                load: held + offers,
                offers,
                capacity,
                departments,
                languages,
                skills,
                idle_since,
                last_assigned_at,
                ..agent(0)
            }
        },
    )
}

pub(crate) fn any_agents() -> impl Strategy<Value = Vec<AgentLoad>> {
    prop::collection::vec(any_agent(), 0..8).prop_map(|agents| {
        let numbered = agents.into_iter().enumerate();
        numbered.map(|(number, agent)| AgentLoad { agent: agent_id(number as u128), ..agent }).collect()
    })
}

fn any_waiting() -> impl Strategy<Value = Waiting> {
    let rejection =
        (0u128..8, 0i64..40_000).prop_map(|(agent, ago)| Rejection { agent: agent_id(agent), at: NOW - ago });
    let department = prop_oneof![9 => any_department(), 1 => Just(NOBODY_KNOWS)];
    let place = (0u8..3, prop::bool::weighted(0.2), 0i64..30_000, 0i64..30_000);
    let language = proptest::option::of(proptest::sample::select(vec!["de-AT", "en", "zh-Hans"]));
    let absent = prop_oneof![4 => Just(Absence::Here), 1 => Just(Absence::Kept), 1 => Just(Absence::Called)];
    let before = (proptest::option::of(0u128..8), prop::collection::vec(rejection, 0..3));
    (department, place, before, (language, some(&["boats", "law"])), absent).prop_map(
        |(department, (priority, at_head, queued, waited), (previous, rejections), (language, skills), absent)| {
            Waiting {
                department,
                priority,
                at_head,
                queued_at: NOW - queued,
                waiting_since: NOW - waited,
                previous_agent: previous.map(agent_id),
                rejections,
                language: language.map(str::to_owned),
                skills,
                absent,
                ..waiting(0)
            }
        },
    )
}

pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let queue = prop::collection::vec(any_waiting(), 0..20).prop_map(|queue| {
        let numbered = queue.into_iter().enumerate();
        numbered.map(|(number, row)| Waiting { conversation: conversation(number as u128), ..row }).collect()
    });
    (queue, any_agents(), any_desks()).prop_map(|(waiting, agents, desks)| World { waiting, agents, desks })
}
