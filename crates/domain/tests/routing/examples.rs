use domain::policy::{Match, Policy, Strategy as Rule};
use domain::routing::{AgentLoad, Desk, Rejection, Waiting, route};
use protocol::state::Presence;

use crate::make::{
    NOW, OFFICE, RETURNS, SALES, World, agent, agent_id, desk, member, open_policy, overflowing, waiting,
};

/// Who gets what, by number.
fn given(world: &World) -> Vec<(u128, Vec<u128>)> {
    let decisions = world.route().decisions.into_iter();
    decisions
        .map(|offer| (offer.conversation.0.as_u128(), offer.agents.iter().map(|agent| agent.0.as_u128()).collect()))
        .collect()
}

fn pairs(waiting: &[Waiting], agents: &[AgentLoad], policy: &Policy) -> Vec<(u128, u128)> {
    let desks = vec![desk(SALES, policy.clone())];
    let world = World { waiting: waiting.to_vec(), agents: agents.to_vec(), desks };
    given(&world).into_iter().map(|(conversation, agents)| (conversation, agents[0])).collect()
}

/// To whom one conversation of sales goes.
fn one(waiting: &Waiting, agents: &[AgentLoad], desks: &[Desk]) -> Option<u128> {
    let routing = route(std::slice::from_ref(waiting), agents, desks, NOW);
    routing.decisions.first().map(|offer| offer.agents[0].0.as_u128())
}

#[test]
fn first_come_first_served_to_the_least_loaded() {
    let agents = [AgentLoad { load: 1, ..agent(1) }, AgentLoad { capacity: 4, load: 1, ..agent(2) }];
    let queue = [waiting(3), waiting(1), waiting(2), waiting(4), waiting(5)];
    // 1/2 and 1/4 taken, then 1/2 and 2/4, and so on; the fifth finds nobody.
    assert_eq!(pairs(&queue, &agents, &open_policy()), [(1, 2), (2, 1), (3, 2), (4, 2)]);
}

#[test]
fn longest_idle_and_round_robin() {
    let agents = [
        AgentLoad { idle_since: 5, last_assigned_at: 1, ..agent(1) },
        AgentLoad { idle_since: 3, last_assigned_at: 2, ..agent(2) },
    ];
    let by = |strategy| pairs(&[waiting(1), waiting(2)], &agents, &Policy { strategy, ..open_policy() });
    assert_eq!(by(Rule::LongestIdle), [(1, 2), (2, 1)]);
    assert_eq!(by(Rule::RoundRobin), [(1, 1), (2, 2)]);
    assert_eq!(by(Rule::Manual), []);
}

#[test]
fn the_head_goes_first_then_priority_then_whoever_came_first() {
    let agents = [AgentLoad { capacity: 9, ..agent(1) }];
    let queue = [
        waiting(1),
        Waiting { priority: 1, ..waiting(2) },
        Waiting { at_head: true, ..waiting(3) },
        Waiting { priority: 1, at_head: true, ..waiting(4) },
    ];
    let order: Vec<_> =
        pairs(&queue, &agents, &open_policy()).into_iter().map(|(conversation, _)| conversation).collect();
    assert_eq!(order, [4, 3, 2, 1]);
}

#[test]
fn a_backlog_is_spread_and_not_poured_over_the_first_agent() {
    let policy = Policy::default();
    let queue: Vec<_> = (1..=9).map(waiting).collect();
    let first = AgentLoad { capacity: 6, ..agent(1) };
    assert_eq!(pairs(&queue, std::slice::from_ref(&first), &policy), [(1, 1)]);
    let asked = AgentLoad { offers: 1, load: 1, ..first.clone() };
    assert_eq!(pairs(&queue, &[asked], &policy), []);
    let busy = AgentLoad { load: 5, ..first };
    assert_eq!(pairs(&queue, &[busy], &policy), [(1, 1)]);
}

#[test]
fn capacity_is_shared_by_all_departments_of_an_agent() {
    let both = AgentLoad { departments: vec![member(SALES, 0), member(RETURNS, 0)], ..agent(1) };
    let queue = vec![waiting(1), Waiting { department: RETURNS, ..waiting(2) }, waiting(3)];
    let desks = vec![desk(SALES, open_policy()), desk(RETURNS, open_policy())];
    let world = World { waiting: queue, agents: vec![both], desks };
    assert_eq!(given(&world), [(1, vec![1]), (2, vec![1])]);
}

#[test]
fn the_previous_agent_is_preferred_when_free_and_a_member() {
    let back = Waiting { previous_agent: Some(agent_id(2)), ..waiting(1) };
    let desks = [desk(SALES, open_policy())];
    let busy = AgentLoad { load: 1, ..agent(2) };
    assert_eq!(one(&back, &[agent(1), busy.clone()], &desks), Some(2));
    let loose = [desk(SALES, Policy { sticky: false, ..open_policy() })];
    assert_eq!(one(&back, &[agent(1), busy.clone()], &loose), Some(1));
    let full = AgentLoad { load: 2, ..agent(2) };
    assert_eq!(one(&back, &[agent(1), full], &desks), Some(1));
    let moved = AgentLoad { departments: vec![member(RETURNS, 0)], ..agent(2) };
    assert_eq!(one(&back, &[agent(1), moved], &desks), Some(1));
    // Before the order of members.
    let later = AgentLoad { departments: vec![member(SALES, 5)], ..agent(2) };
    assert_eq!(one(&back, &[agent(1), later], &desks), Some(2));
}

#[test]
fn members_with_a_smaller_number_are_asked_first() {
    let desks = [desk(SALES, open_policy())];
    let backup = AgentLoad { departments: vec![member(SALES, 1)], ..agent(1) };
    let busy = AgentLoad { load: 1, ..agent(2) };
    assert_eq!(one(&waiting(1), &[backup.clone(), busy], &desks), Some(2));
    let full = AgentLoad { load: 2, ..agent(2) };
    assert_eq!(one(&waiting(1), &[backup, full], &desks), Some(1));
}

#[test]
fn who_waited_long_enough_goes_to_the_departments_it_overflows_to() {
    let desks = [overflowing(SALES, RETURNS, 10_000), overflowing(RETURNS, OFFICE, 5_000), desk(OFFICE, open_policy())];
    let of = |number, department| AgentLoad { departments: vec![member(department, 0)], ..agent(number) };
    let waited = |ms| Waiting { waiting_since: NOW - ms, ..waiting(1) };
    let helpers = [of(2, RETURNS), of(3, OFFICE)];
    assert_eq!(one(&waited(9_999), &helpers, &desks), None);
    assert_eq!(one(&waited(10_000), &helpers, &desks), Some(2));
    assert_eq!(one(&waited(14_999), &helpers[1..], &desks), None);
    assert_eq!(one(&waited(15_000), &helpers[1..], &desks), Some(3));
    // The own department's free members go first, however busy.
    let own = AgentLoad { load: 1, departments: vec![member(SALES, 9)], ..agent(1) };
    assert_eq!(one(&waited(15_000), &[helpers[0].clone(), own], &desks), Some(1));
    let routing = route(&[waited(10_000)], &helpers, &desks, NOW);
    assert_eq!(routing.decisions[0].department, RETURNS);
    let routing = route(&[waited(4_000)], &helpers, &desks, NOW);
    assert_eq!(routing.wake_at, Some(NOW + 6_000));
    // One that is no more helps nobody.
    assert_eq!(one(&waited(60_000), &helpers, &desks[..1]), None);
}

#[test]
fn language_and_skills_are_ignored_preferred_or_required() {
    let wants = Waiting { language: Some("de-CH".into()), skills: vec!["law".into()], ..waiting(1) };
    let with = |language, skills| [desk(SALES, Policy { language, skills, ..open_policy() })];
    let able = AgentLoad {
        languages: vec!["fr".into(), "de".into()],
        skills: vec!["boats".into(), "law".into()],
        load: 1,
        departments: vec![member(SALES, 1)],
        ..agent(2)
    };
    let agents = [agent(1), able.clone()];
    for (language, skills, with_both, alone) in [
        (Match::Ignore, Match::Ignore, Some(1), Some(1)),
        (Match::Prefer, Match::Ignore, Some(2), Some(1)),
        (Match::Ignore, Match::Prefer, Some(2), Some(1)),
        (Match::Require, Match::Ignore, Some(2), None),
        (Match::Ignore, Match::Require, Some(2), None),
    ] {
        assert_eq!(one(&wants, &agents, &with(language, skills)), with_both, "{language:?} {skills:?}");
        assert_eq!(one(&wants, &agents[..1], &with(language, skills)), alone, "{language:?} {skills:?}");
        // Who wants nothing goes to anybody.
        assert_eq!(one(&waiting(1), &agents, &with(language, skills)), Some(1), "{language:?} {skills:?}");
    }
}

#[test]
fn a_broadcast_asks_everybody_who_can_take_it() {
    let policy = Policy { strategy: Rule::Broadcast, ..Policy::default() };
    let desks = vec![Desk { policy: policy.clone(), ..overflowing(SALES, RETURNS, 0) }, desk(RETURNS, policy)];
    let of = |number, department| AgentLoad { departments: vec![member(department, number as u8)], ..agent(number) };
    let mut agents = vec![of(4, RETURNS), of(1, SALES), of(2, SALES), of(3, SALES), of(5, OFFICE)];
    agents[3].presence = Presence::Away;
    let declined = Rejection { agent: agent_id(2), at: NOW - 60_000 };
    let queue = vec![Waiting { rejections: vec![declined], ..waiting(1) }, waiting(2), waiting(3)];
    let world = World { waiting: queue, agents, desks };
    // The first is not offered again to whom it was offered while others are left; the second only to that one, because
    // the others have an offer; the third to nobody.
    assert_eq!(given(&world), [(1, vec![1, 4]), (2, vec![2])]);
    assert_eq!(world.route().decisions[0].department, SALES);
}

#[test]
fn who_declined_or_missed_it_is_asked_again_when_all_have_and_the_longest_ago_first() {
    let desks = [desk(SALES, open_policy())];
    let rejected = |agents: &[(u128, i64)]| {
        let rejection = |(agent, ago): &(u128, i64)| Rejection { agent: agent_id(*agent), at: NOW - ago };
        Waiting { rejections: agents.iter().map(rejection).collect(), ..waiting(1) }
    };
    let agents = [agent(1), AgentLoad { load: 1, ..agent(2) }];
    assert_eq!(one(&rejected(&[(1, 60_000)]), &agents, &desks), Some(2));
    assert_eq!(one(&rejected(&[(1, 60_000)]), &agents[..1], &desks), Some(1));
    assert_eq!(one(&rejected(&[(1, 60_000), (2, 90_000)]), &agents, &desks), Some(2));
    assert_eq!(one(&rejected(&[(1, 60_000), (2, 90_000), (2, 30_000)]), &agents, &desks), Some(1));
    assert_eq!(one(&rejected(&[(1, 19_999)]), &agents[..1], &desks), None);
    assert_eq!(one(&rejected(&[(1, 20_000)]), &agents[..1], &desks), Some(1));
    let routing = route(&[rejected(&[(1, 5_000)])], &agents[..1], &desks, NOW);
    assert_eq!(routing.wake_at, Some(NOW + 15_000));
}
