//! The promises of `route`, each as a property, and its explanations.

use std::collections::{HashMap, HashSet};

use domain::policy::{Policy, Strategy as Rule};
use domain::routing::{AgentLoad, Choice, Reason, Rejection, Skip, Waiting, ordered, route};
use proptest::prelude::*;
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::state::Presence;
use uuid::Uuid;

const NOW: i64 = 10_000_000;

fn agent_id(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

fn department(number: u128) -> DepartmentId {
    DepartmentId(Uuid::from_u128(number))
}

fn waiting(number: u128) -> Waiting {
    Waiting {
        conversation: ConversationId(Uuid::from_u128(number)),
        department: None,
        priority: 0,
        queued_at: NOW - 1_000 + number as i64,
        waiting_since: NOW - 1_000,
        previous_agent: None,
        rejections: vec![],
    }
}

fn agent(number: u128) -> AgentLoad {
    AgentLoad {
        agent: agent_id(number),
        presence: Presence::Online,
        load: 0,
        capacity: 2,
        departments: vec![],
        idle_since: NOW - 500,
        last_assigned_at: 0,
    }
}

fn pairs(waiting: &[Waiting], agents: &[AgentLoad], policy: &Policy) -> Vec<(u128, u128)> {
    let routing = route(waiting, agents, policy, NOW);
    let pair = |a: &domain::routing::Assignment| (a.conversation.0.as_u128(), a.agent.0.as_u128());
    routing.decisions.iter().map(pair).collect()
}

#[test]
fn first_come_first_served_to_the_least_loaded() {
    let agents = [AgentLoad { load: 1, ..agent(1) }, AgentLoad { capacity: 4, load: 1, ..agent(2) }];
    let queue = [waiting(3), waiting(1), waiting(2), waiting(4), waiting(5)];
    // 1/2 and 1/4 taken, then 1/2 and 2/4, and so on; the fifth finds nobody.
    let given = pairs(&queue, &agents, &Policy::default());
    assert_eq!(given, [(1, 2), (2, 1), (3, 2), (4, 2)]);
}

#[test]
fn longest_idle_and_round_robin() {
    let agents = [
        AgentLoad { idle_since: 5, last_assigned_at: 1, ..agent(1) },
        AgentLoad { idle_since: 3, last_assigned_at: 2, ..agent(2) },
    ];
    let idle = Policy { strategy: Rule::LongestIdle, ..Policy::default() };
    assert_eq!(pairs(&[waiting(1), waiting(2)], &agents, &idle), [(1, 2), (2, 1)]);
    let turns = Policy { strategy: Rule::RoundRobin, ..Policy::default() };
    assert_eq!(pairs(&[waiting(1), waiting(2)], &agents, &turns), [(1, 1), (2, 2)]);
    let manual = Policy { strategy: Rule::Manual, ..Policy::default() };
    let routing = route(&[waiting(1)], &agents, &manual, NOW);
    assert_eq!(routing.unserved[0].reasons, [Reason::Manual]);
}

#[test]
fn the_previous_agent_is_preferred_when_free() {
    let back = Waiting { previous_agent: Some(agent_id(2)), ..waiting(1) };
    let agents = [agent(1), AgentLoad { load: 1, ..agent(2) }];
    assert_eq!(pairs(std::slice::from_ref(&back), &agents, &Policy::default()), [(1, 2)]);
    let loose = Policy { sticky: false, ..Policy::default() };
    assert_eq!(pairs(std::slice::from_ref(&back), &agents, &loose), [(1, 1)]);
    let busy = [agent(1), AgentLoad { load: 2, ..agent(2) }];
    assert_eq!(pairs(&[back], &busy, &Policy::default()), [(1, 1)]);
}

#[test]
fn waiting_raises_the_priority() {
    let policy = Policy::default();
    let important = Waiting { priority: 1, ..waiting(1) };
    let patient = |ms| Waiting { queued_at: NOW - ms, ..waiting(2) };
    let first = |queue: &[Waiting]| ordered(queue, &policy, NOW)[0].conversation.0.as_u128();
    assert_eq!(first(&[patient(policy.ageing_ms - 1), important.clone()]), 1);
    assert_eq!(first(&[patient(policy.ageing_ms), important]), 2);
}

fn skipped(number: u128, why: Skip) -> Reason {
    Reason::Skipped { agent: agent_id(number), why }
}

fn member(number: u128) -> AgentLoad {
    AgentLoad { departments: vec![department(7)], ..agent(number) }
}

/// A conversation for department 7 that agent 2 declined five seconds ago.
fn declined() -> Waiting {
    Waiting {
        department: Some(department(7)),
        rejections: vec![Rejection { agent: agent_id(2), at: NOW - 5_000 }],
        ..waiting(1)
    }
}

#[test]
fn decisions_are_explained() {
    let full = AgentLoad { load: 2, ..member(1) };
    let away = AgentLoad { presence: Presence::Away, ..member(3) };
    let agents = [full, member(2), away, agent(4)];
    let routing = route(&[declined()], &agents, &Policy::default(), NOW);
    let at_capacity = Skip::AtCapacity { load: 2, capacity: 2 };
    let expected = [
        skipped(1, at_capacity),
        skipped(2, Skip::DeclinedRecently { ago_ms: 5_000 }),
        skipped(3, Skip::Away),
        skipped(4, Skip::WrongDepartment),
    ];
    assert_eq!(routing.unserved[0].reasons, expected);
    assert_eq!(routing.wake_at, Some(NOW + 15_000));
    let json = serde_json::to_string(&expected[0]).unwrap();
    let id = agent_id(1);
    let words = format!(r#"{{"type":"skipped","agent":"{id}","why":{{"rule":"at_capacity","load":2,"capacity":2}}}}"#);
    assert_eq!(json, words);
}

#[test]
fn who_declined_earlier_is_asked_again_when_nobody_else_is_there() {
    let later = NOW + 15_000;
    let routing = route(&[declined()], &[member(2)], &Policy::default(), later);
    let chosen = Reason::Chosen { agent: agent_id(2), why: Choice::NobodyElse };
    assert_eq!(routing.decisions[0].reasons, [chosen]);

    let busy = AgentLoad { load: 1, ..member(5) };
    let routing = route(&[declined()], &[member(2), busy], &Policy::default(), later);
    assert_eq!(routing.decisions[0].agent, agent_id(5));
    assert!(routing.decisions[0].reasons.contains(&skipped(2, Skip::RejectedEarlier)));
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let rules = [Rule::LeastLoaded, Rule::LongestIdle, Rule::RoundRobin];
    (proptest::sample::select(rules.to_vec()), any::<bool>(), 1i64..10_000)
        .prop_map(|(strategy, sticky, ageing_ms)| Policy { strategy, sticky, ageing_ms, ..Policy::default() })
}

fn any_waiting() -> impl Strategy<Value = Waiting> {
    let rejection =
        (0u128..6, 0i64..40_000).prop_map(|(agent, ago)| Rejection { agent: agent_id(agent), at: NOW - ago });
    (
        0u128..40,
        proptest::option::of(0u128..3),
        0u8..3,
        0i64..30_000,
        proptest::option::of(0u128..6),
        prop::collection::vec(rejection, 0..3),
    )
        .prop_map(|(number, of, priority, ago, previous, rejections)| Waiting {
            department: of.map(department),
            priority,
            queued_at: NOW - ago,
            waiting_since: NOW - ago,
            previous_agent: previous.map(agent_id),
            rejections,
            ..waiting(number)
        })
}

fn any_agents() -> impl Strategy<Value = Vec<AgentLoad>> {
    let one = (
        proptest::sample::select(Presence::ALL),
        0u32..8,
        0u32..6,
        prop::collection::vec(0u128..3, 0..3),
        0i64..9_000,
        0i64..9_000,
    );
    prop::collection::vec(one, 0..6).prop_map(|agents| {
        let made = agents.into_iter().enumerate();
        made.map(|(number, (presence, load, capacity, departments, idle_since, last_assigned_at))| AgentLoad {
            presence,
            load,
            capacity,
            departments: departments.into_iter().map(department).collect(),
            idle_since,
            last_assigned_at,
            ..agent(number as u128)
        })
        .collect()
    })
}

/// Whether the agent could take the conversation with `extra` more conversations than before.
fn eligible(waiting: &Waiting, agent: &AgentLoad, extra: u32, policy: &Policy) -> bool {
    agent.presence == Presence::Online
        && agent.load + extra < agent.capacity
        && waiting.department.is_none_or(|of| agent.departments.contains(&of))
        && !waiting.rejections.iter().any(|r| r.agent == agent.agent && r.at + policy.rejection_memory_ms > NOW)
}

/// An assignment is possible, and somebody who rejected it is asked again only when nobody else could be.
/// `given` counts what each agent was given before.
fn check_given(
    waiting: &Waiting,
    to: AgentId,
    agents: &[AgentLoad],
    given: &HashMap<AgentId, u32>,
    policy: &Policy,
) -> Result<(), TestCaseError> {
    let can = |agent: &AgentLoad| {
        let extra = given.get(&agent.agent).copied().unwrap_or(0);
        eligible(waiting, agent, extra, policy)
    };
    let rejected = |id: AgentId| waiting.rejections.iter().any(|r| r.agent == id);
    let agent = agents.iter().find(|agent| agent.agent == to);
    prop_assert!(agent.is_some_and(can));
    let fresh = agents.iter().any(|other| !rejected(other.agent) && can(other));
    prop_assert!(!rejected(to) || !fresh, "a fresh agent was free");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_gets_what_they_cannot_take(
        queue in prop::collection::vec(any_waiting(), 0..20), agents in any_agents(), policy in any_policy(),
    ) {
        let routing = route(&queue, &agents, &policy, NOW);
        let mut given = HashMap::new();
        let mut seen = HashSet::new();
        // With two rows for one conversation the first in order counts.
        let order = ordered(&queue, &policy, NOW);
        for assignment in &routing.decisions {
            prop_assert!(seen.insert(assignment.conversation), "given twice");
            prop_assert_eq!(assignment.deadline_at, NOW + policy.offer_deadline_ms);
            let waiting = order.iter().find(|waiting| waiting.conversation == assignment.conversation).unwrap();
            check_given(waiting, assignment.agent, &agents, &given, &policy)?;
            *given.entry(assignment.agent).or_default() += 1;
        }
        let all: HashSet<_> = queue.iter().map(|waiting| waiting.conversation).collect();
        prop_assert_eq!(all.len(), routing.decisions.len() + routing.unserved.len());
    }

    #[test]
    fn no_work_is_left_that_somebody_could_do(
        queue in prop::collection::vec(any_waiting(), 0..20), agents in any_agents(), policy in any_policy(),
    ) {
        let routing = route(&queue, &agents, &policy, NOW);
        let order = ordered(&queue, &policy, NOW);
        for skipped in &routing.unserved {
            let waiting = order.iter().find(|waiting| waiting.conversation == skipped.conversation).unwrap();
            for agent in &agents {
                let extra = routing.decisions.iter().filter(|given| given.agent == agent.agent).count() as u32;
                prop_assert!(!eligible(waiting, agent, extra, &policy), "{:?} could take {:?}", agent, waiting);
            }
        }
    }

    /// Among conversations anybody could take alike, nobody overtakes an earlier one of the same priority.
    #[test]
    fn first_in_first_out(
        queue in prop::collection::vec((0u128..40, 0i64..30_000, 0u8..3), 0..20), agents in any_agents(), policy in any_policy(),
    ) {
        let queue: Vec<Waiting> = queue
            .into_iter()
            .map(|(number, ago, priority)| Waiting { queued_at: NOW - ago, priority, ..waiting(number) })
            .collect();
        let routing = route(&queue, &agents, &policy, NOW);
        let row = |id| ordered(&queue, &policy, NOW).into_iter().find(|waiting| waiting.conversation == id).unwrap();
        for given in &routing.decisions {
            for skipped in &routing.unserved {
                let (given, skipped) = (row(given.conversation), row(skipped.conversation));
                let overtaken = given.priority <= skipped.priority && given.queued_at > skipped.queued_at;
                prop_assert!(!overtaken);
            }
        }
    }

    /// Routing again and again, with every offer accepted, ends: the queue empties or nobody has room. And
    /// whatever is in the queue, the time to wake is in the future.
    #[test]
    fn repeating_it_ends(
        queue in prop::collection::vec(any_waiting(), 0..20), agents in any_agents(), policy in any_policy(),
    ) {
        let (mut queue, mut agents) = (queue, agents);
        let mut rounds = 0;
        loop {
            let routing = route(&queue, &agents, &policy, NOW);
            prop_assert!(routing.wake_at.is_none_or(|at| at > NOW));
            if routing.decisions.is_empty() {
                break;
            }
            for given in &routing.decisions {
                queue.retain(|waiting| waiting.conversation != given.conversation);
                agents.iter_mut().filter(|agent| agent.agent == given.agent).for_each(|agent| agent.load += 1);
            }
            rounds += 1;
            // Everything possible is done at once; a second round finds nothing.
            prop_assert!(rounds <= 1);
        }
    }

    #[test]
    fn extreme_numbers_do_not_panic(
        times in prop::collection::vec(any::<i64>(), 5), small in any::<u32>(), priority in any::<u8>(),
    ) {
        let policy = Policy {
            offer_deadline_ms: times[0], rejection_memory_ms: times[1], ageing_ms: times[2], max_wait_ms: times[3],
            ..Policy::default()
        };
        let row = Waiting {
            priority,
            queued_at: times[4],
            waiting_since: times[3],
            rejections: vec![Rejection { agent: agent_id(1), at: times[2] }],
            ..waiting(1)
        };
        let agents = [AgentLoad { load: small, capacity: u32::MAX, idle_since: times[1], ..agent(1) }, agent(2)];
        let routing = route(&[row], &agents, &policy, times[0]);
        prop_assert_eq!(routing.decisions.len() + routing.unserved.len(), 1);
    }
}
