use std::collections::{HashMap, HashSet};

use domain::policy::{Policy, Strategy as Rule};
use domain::queue::{PRIORITIES, ordered};
use domain::routing::{Absence, AgentLoad, Assignment, Desk, Rejection, Waiting, route};
use proptest::prelude::*;
use protocol::ids::AgentId;

use crate::make::{
    NOW, RETURNS, SALES, World, agent, agent_id, any_world, conversation, desk, member, open_policy, overflowing,
    waiting,
};
use crate::slow::{Given, can, rank, reached, rejected_at, seat};

/// The queue in the order in which it is to be served.
fn in_order(world: &World) -> Vec<&Waiting> {
    let places: Vec<_> = world.waiting.iter().map(Waiting::place).collect();
    let ageing_ms = world.desks[0].policy.ageing_ms;
    ordered(&places, ageing_ms).iter().map(|place| world.waits(place.conversation)).collect()
}

fn rule(world: &World, waiting: &Waiting) -> Rule {
    world.desk(waiting.department).map_or(Rule::Manual, |desk| desk.policy.strategy)
}

/// An offer asks those whom the rules prefer, all of them with a broadcast.
fn check_offer(world: &World, waiting: &Waiting, offer: &Assignment, given: &Given) -> Result<(), TestCaseError> {
    let able: Vec<&AgentLoad> = world.agents.iter().filter(|agent| can(world, waiting, agent, given, false)).collect();
    let asked: Vec<&AgentLoad> = able.iter().filter(|agent| offer.agents.contains(&agent.agent)).copied().collect();
    prop_assert_eq!(asked.len(), offer.agents.len(), "somebody asked cannot take it");
    let fresh = |agent: &AgentLoad| rejected_at(waiting, agent.agent).is_none();
    prop_assert!(asked.iter().all(|agent| fresh(agent)) || !able.iter().any(|agent| fresh(agent)));
    if rule(world, waiting) == Rule::Broadcast {
        let most = able.iter().filter(|agent| fresh(agent) == fresh(asked[0])).count();
        prop_assert_eq!(asked.len(), most, "a broadcast leaves nobody out");
    } else {
        prop_assert_eq!(asked.len(), 1);
        let best = able.iter().map(|agent| rank(world, waiting, agent)).min();
        prop_assert!(best.is_some_and(|best| rank(world, waiting, asked[0]) == best), "somebody goes before");
    }
    let departments = reached(world, waiting, NOW);
    let first = asked.iter().filter_map(|agent| seat(agent, &departments)).map(|(rank, _)| rank).min();
    prop_assert_eq!(Some(offer.department), first.map(|rank| departments[rank]));
    let policy = &world.desk(waiting.department).expect("a department").policy;
    prop_assert_eq!(offer.deadline_at, NOW + policy.offer_deadline_ms);
    Ok(())
}

/// Goes through a round again, slowly: everything is decided once, in order, as the rules say.
fn check_round(world: &World) -> Result<(), TestCaseError> {
    let routing = world.route();
    let mut given = Given::default();
    let (mut offers, mut calls, mut unserved) =
        (routing.decisions.iter(), routing.calls.iter(), routing.unserved.iter());
    for waiting in in_order(world) {
        let manual = rule(world, waiting) == Rule::Manual;
        let away = waiting.absent != Absence::Here;
        let able = !manual && world.agents.iter().any(|agent| can(world, waiting, agent, &given, away));
        if able && waiting.absent == Absence::Here {
            let offer = offers.next().expect("an offer");
            prop_assert_eq!(offer.conversation, waiting.conversation);
            check_offer(world, waiting, offer, &given)?;
            offer.agents.iter().for_each(|agent| *given.offers.entry(*agent).or_default() += 1);
            continue;
        }
        if able && waiting.absent == Absence::Kept {
            prop_assert_eq!(calls.next().expect("a call").conversation, waiting.conversation);
        } else {
            prop_assert_eq!(unserved.next().expect("unserved").conversation, waiting.conversation);
        }
        if able {
            let best = promised(world, waiting, &given);
            *given.promised.entry(best).or_default() += 1;
        }
    }
    prop_assert_eq!((offers.next(), calls.next(), unserved.next()), (None, None, None));
    Ok(())
}

/// For whose place somebody away is called: as if the conversation were the only one, with the loads as they are now.
fn promised(world: &World, waiting: &Waiting, given: &Given) -> AgentId {
    let count = |of: &HashMap<AgentId, u32>, agent: &AgentLoad| of.get(&agent.agent).copied().unwrap_or(0);
    let agents: Vec<AgentLoad> = world
        .agents
        .iter()
        .filter(|agent| can(world, waiting, agent, given, true))
        .map(|agent| {
            let offers = count(&given.offers, agent);
            let busy = AgentLoad { load: agent.load + offers, ..agent.clone() };
            // Offers made in this round are the newest.
            if offers > 0 { AgentLoad { idle_since: NOW, last_assigned_at: NOW, ..busy } } else { busy }
        })
        .collect();
    let here = Waiting { absent: Absence::Here, ..waiting.clone() };
    let alone = route(&[here], &agents, &world.desks, NOW);
    let by_id = |id: &AgentId| world.agents.iter().find(|agent| agent.agent == *id).expect("known");
    let asked = alone.decisions[0].agents.iter();
    *asked.min_by_key(|id| (rank(world, waiting, by_id(id)), **id)).expect("somebody")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_round_is_as_the_rules_say(world in any_world()) {
        check_round(&world)?;
    }

    #[test]
    fn never_above_capacity_nor_offers_and_never_twice(world in any_world()) {
        let routing = world.route();
        let mut given: HashMap<AgentId, u32> = HashMap::new();
        let mut seen = HashSet::new();
        for offer in &routing.decisions {
            prop_assert!(seen.insert(offer.conversation), "given twice");
            prop_assert!(!offer.agents.is_empty());
            let broadcast = rule(&world, world.waits(offer.conversation)) == Rule::Broadcast;
            prop_assert!(broadcast || offer.agents.len() == 1);
            offer.agents.iter().for_each(|agent| *given.entry(*agent).or_default() += 1);
        }
        let called = routing.calls.iter().map(|call| call.conversation);
        let all = called.chain(routing.unserved.iter().map(|skipped| skipped.conversation));
        all.for_each(|conversation| assert!(seen.insert(conversation), "in two lists"));
        prop_assert_eq!(seen.len(), world.waiting.len());
        for agent in &world.agents {
            let offers = given.get(&agent.agent).copied().unwrap_or(0);
            prop_assert!(offers == 0 || agent.load + offers <= agent.capacity);
            prop_assert!(offers == 0 || agent.offers + offers <= world.desks[0].policy.offers_at_once);
        }
    }

    /// Of conversations that want the same of the same department nobody overtakes an earlier one.
    #[test]
    fn first_in_first_out(world in any_world()) {
        let alike = |row: &Waiting| Waiting {
            department: row.department,
            priority: row.priority,
            at_head: row.at_head,
            queued_at: row.queued_at,
            ..waiting(row.conversation.0.as_u128())
        };
        let world = World { waiting: world.waiting.iter().map(alike).collect(), ..world };
        let served: HashSet<_> = world.route().decisions.iter().map(|offer| offer.conversation).collect();
        let mut stopped = HashSet::new();
        for row in in_order(&world) {
            if served.contains(&row.conversation) {
                prop_assert!(!stopped.contains(&row.department), "an earlier one waits");
            } else {
                stopped.insert(row.department);
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(world in any_world(), by in 0usize..20) {
        let mut other = world.clone();
        other.waiting.reverse();
        other.agents.reverse();
        other.desks.reverse();
        let turn = |len: usize| if len == 0 { 0 } else { by % len };
        let (a, b, c) = (turn(other.waiting.len()), turn(other.agents.len()), turn(other.desks.len()));
        other.waiting.rotate_left(a);
        other.agents.rotate_left(b);
        other.desks.rotate_left(c);
        for agent in &mut other.agents {
            agent.departments.reverse();
        }
        prop_assert_eq!(world.route(), other.route());
    }

    /// A round leaves nothing to do, and until the time to wake it stays so.
    #[test]
    fn nothing_happens_before_the_time_to_wake(world in any_world(), part in 0.0f64..1.0, far in 0i64..90_000_000) {
        let routing = world.route();
        prop_assert!(routing.wake_at.is_none_or(|at| at > NOW));
        let last = routing.wake_at.map_or(far, |at| at - 1 - NOW);
        let next = world.after(&routing).route_at(NOW + (last as f64 * part) as i64);
        prop_assert_eq!(&next.decisions, &[]);
        prop_assert!(next.wake_at >= routing.wake_at || next.wake_at.is_none() || routing.wake_at.is_none());
    }

    /// With every offer accepted the rounds end: everybody is served or nobody has room who could help.
    #[test]
    fn it_ends(world in any_world()) {
        let mut world = world;
        let places: u32 = world.agents.iter().map(|agent| agent.capacity.saturating_sub(agent.load)).sum();
        for round in 0.. {
            prop_assert!(round <= places + 1, "no end");
            let routing = world.route();
            if routing.decisions.is_empty() {
                break;
            }
            world = world.after(&routing);
            world.agents.iter_mut().for_each(|agent| agent.offers = 0);
        }
    }

    /// However many come with more priority, everybody is served in the end.
    #[test]
    fn nobody_starves(
        before in 0usize..10, priorities in prop::collection::vec(PRIORITIES, 100), ageing_ms in 1_000i64..10_000,
    ) {
        let desks = [desk(SALES, Policy { ageing_ms, ..open_policy() })];
        let agents = [AgentLoad { capacity: 1, ..agent(1) }];
        let patient = Waiting { queued_at: NOW, ..waiting(1_000) };
        let mut queue: Vec<Waiting> =
            (0..before).map(|number| Waiting { priority: 10, queued_at: NOW, ..waiting(number as u128) }).collect();
        queue.push(patient.clone());
        // One comes and one is served four times in the time of ageing, so the queue never gets shorter.
        for (tick, priority) in (1u32..).zip(priorities) {
            let now = NOW + i64::from(tick) * (ageing_ms / 4);
            queue.push(Waiting { priority, queued_at: now, ..waiting(2_000 + u128::from(tick)) });
            let served = route(&queue, &agents, &desks, now).decisions[0].conversation;
            queue.retain(|row| row.conversation != served);
            if served == patient.conversation {
                prop_assert!(tick as usize <= before + 10 * 5 + 2, "{} rounds", tick);
                return Ok(());
            }
        }
        prop_assert!(false, "not served");
    }

    #[test]
    fn one_listed_twice_counts_once(world in any_world()) {
        let mut doubled = world.clone();
        doubled.waiting.extend(world.waiting.clone());
        doubled.agents.extend(world.agents.clone());
        doubled.desks.extend(world.desks.clone());
        prop_assert_eq!(world.route(), doubled.route());
    }

    #[test]
    fn extreme_numbers_do_not_panic(
        times in prop::collection::vec(any::<i64>(), 9), small in any::<u32>(), priority in any::<u8>(),
    ) {
        let policy = Policy {
            offer_deadline_ms: times[0], rejection_memory_ms: times[1], ageing_ms: times[2], max_wait_ms: times[3],
            offers_at_once: small,
            ..Policy::default()
        };
        let desks = [Desk { policy, ..overflowing(SALES, RETURNS, times[5]) }, desk(RETURNS, open_policy())];
        let row = Waiting {
            priority,
            queued_at: times[4],
            waiting_since: times[3],
            rejections: vec![Rejection { agent: agent_id(1), at: times[2] }],
            ..waiting(1)
        };
        let agents = [
            AgentLoad { load: small, offers: small, capacity: u32::MAX, idle_since: times[1], ..agent(1) },
            AgentLoad { departments: vec![member(RETURNS, priority)], ..agent(2) },
        ];
        let queue = [row.clone(), Waiting { conversation: conversation(2), absent: Absence::Kept, ..row }];
        let routing = route(&queue, &agents, &desks, times[0]);
        prop_assert_eq!(routing.decisions.len() + routing.calls.len() + routing.unserved.len(), 2);
        prop_assert!(routing.wake_at.is_none_or(|at| at > times[0]));
    }
}
