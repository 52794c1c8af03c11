use std::collections::HashSet;

use domain::policy::{Match, Policy, Strategy as Rule};
use domain::routing::{Absence, AgentLoad, Choice, Desk, Reason, Rejection, Skip, Waiting, explain, route};
use proptest::prelude::*;
use protocol::ids::{AgentId, DepartmentId};
use protocol::state::Presence;
use uuid::Uuid;

use crate::make::{
    NOW, RETURNS, SALES, World, agent, agent_id, any_world, desk, member, open_policy, overflowing, waiting,
};
use crate::slow::{reached, seat};

fn skipped(number: u128, why: Skip) -> Reason {
    Reason::Skipped { agent: agent_id(number), why }
}

fn chosen(number: u128, why: Choice) -> Reason {
    Reason::Chosen { agent: agent_id(number), why }
}

fn reasons(waiting: &Waiting, agents: &[AgentLoad], desks: &[Desk]) -> Vec<Reason> {
    let explained = explain(waiting, agents, desks, NOW);
    if let Some(offer) = route(std::slice::from_ref(waiting), agents, desks, NOW).decisions.first() {
        assert_eq!(offer.reasons, explained);
    }
    explained
}

/// A conversation that agent 2 declined five seconds ago.
fn declined() -> Waiting {
    Waiting { rejections: vec![Rejection { agent: agent_id(2), at: NOW - 5_000 }], ..waiting(1) }
}

#[test]
fn why_nobody_takes_it() {
    let agents = [
        AgentLoad { load: 2, ..agent(1) },
        agent(2),
        AgentLoad { presence: Presence::Away, ..agent(3) },
        AgentLoad { departments: vec![member(RETURNS, 0)], ..agent(4) },
        AgentLoad { load: 1, offers: 1, ..agent(5) },
    ];
    let desks = [overflowing(SALES, RETURNS, 60_000), desk(RETURNS, Policy::default())];
    let desks = desks.map(|desk| Desk { policy: Policy::default(), ..desk });
    let expected = [
        skipped(1, Skip::AtCapacity { load: 2, capacity: 2 }),
        skipped(2, Skip::DeclinedRecently { ago_ms: 5_000 }),
        skipped(3, Skip::Away),
        skipped(5, Skip::OfferPending),
        Reason::OverflowsAt { department: RETURNS, at: NOW + 59_000 },
        Reason::NotMembers { count: 1 },
    ];
    assert_eq!(reasons(&declined(), &agents, &desks), expected);
    let routing = route(&[declined()], &agents, &desks, NOW);
    assert_eq!(routing.unserved[0].reasons, []);
    assert_eq!(routing.wake_at, Some(NOW + 15_000));
    let json = serde_json::to_string(&expected[0]).unwrap();
    let id = agent_id(1);
    let words = format!(r#"{{"type":"skipped","agent":"{id}","why":{{"rule":"at_capacity","load":2,"capacity":2}}}}"#);
    assert_eq!(json, words);
    let json = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Reason>>(&json).unwrap(), expected);
}

#[test]
fn why_this_agent_and_not_the_others() {
    let policy = Policy { skills: Match::Prefer, ..open_policy() };
    let desks = [Desk { policy, ..overflowing(SALES, RETURNS, 0) }, desk(RETURNS, open_policy())];
    let wants = Waiting { language: Some("de".into()), skills: vec!["law".into()], ..declined() };
    let of = |number, department, priority| AgentLoad {
        departments: vec![member(department, priority)],
        languages: vec!["de".into()],
        skills: vec!["law".into()],
        ..agent(number)
    };
    let agents = [
        AgentLoad { load: 1, ..of(1, SALES, 1) },
        of(2, SALES, 0),
        AgentLoad { languages: vec![], ..of(3, SALES, 0) },
        AgentLoad { skills: vec![], ..of(4, SALES, 0) },
        of(5, RETURNS, 0),
        of(6, SALES, 2),
        AgentLoad { load: 1, idle_since: NOW, ..of(7, SALES, 1) },
    ];
    let expected = [
        chosen(1, Choice::LeastLoaded { load: 1, capacity: 2 }),
        skipped(2, Skip::DeclinedRecently { ago_ms: 5_000 }),
        skipped(3, Skip::OtherLanguage),
        skipped(4, Skip::MissingSkill { skill: "law".into() }),
        skipped(5, Skip::OtherDepartment),
        skipped(6, Skip::LaterPriority { priority: 2 }),
        skipped(7, Skip::NotPreferred),
        Reason::Overflowed { department: RETURNS },
    ];
    assert_eq!(reasons(&wants, &agents, &desks), expected);
    let back = Waiting { previous_agent: Some(agent_id(6)), ..wants.clone() };
    let explained = reasons(&back, &agents, &desks);
    assert_eq!(explained[..2], [chosen(6, Choice::PreviousAgent), skipped(1, Skip::NotPreferred)]);
    let required = Policy { language: Match::Require, ..open_policy() };
    let explained = reasons(&wants, &agents[2..4], &[desk(SALES, required)]);
    assert_eq!(explained, [skipped(3, Skip::OtherLanguage), skipped(4, Skip::MissingSkill { skill: "law".into() })]);
}

#[test]
fn why_somebody_is_asked_again_or_everybody_at_once() {
    let later = Waiting { rejections: vec![Rejection { agent: agent_id(2), at: NOW - 60_000 }], ..waiting(1) };
    let desks = [desk(SALES, open_policy())];
    assert_eq!(reasons(&later, &[agent(2)], &desks), [chosen(2, Choice::NobodyElse)]);
    let busy = AgentLoad { load: 1, ..agent(5) };
    let expected = [chosen(5, Choice::LeastLoaded { load: 1, capacity: 2 }), skipped(2, Skip::RejectedEarlier)];
    assert_eq!(reasons(&later, &[agent(2), busy.clone()], &desks), expected);
    let everybody = [desk(SALES, Policy { strategy: Rule::Broadcast, ..open_policy() })];
    let expected = [chosen(1, Choice::Broadcast), chosen(5, Choice::Broadcast), skipped(2, Skip::RejectedEarlier)];
    assert_eq!(reasons(&later, &[agent(2), busy, agent(1)], &everybody), expected);
    assert_eq!(reasons(&waiting(1), &[agent(3)], &desks), [chosen(3, Choice::Only)]);
}

#[test]
fn what_has_nothing_to_do_with_agents() {
    let desks = [desk(SALES, open_policy()), desk(RETURNS, Policy { strategy: Rule::Manual, ..open_policy() })];
    let nowhere = DepartmentId(Uuid::from_u128(999));
    let of = |department| Waiting { department, ..waiting(1) };
    let cases = [
        (of(RETURNS), vec![agent(1)], vec![Reason::Manual]),
        (of(nowhere), vec![agent(1)], vec![Reason::UnknownDepartment { department: nowhere }]),
        (of(SALES), vec![], vec![Reason::NoAgents]),
        (
            of(SALES),
            vec![AgentLoad { departments: vec![], ..agent(1) }],
            vec![Reason::NoMembers, Reason::NotMembers { count: 1 }],
        ),
    ];
    for (waiting, agents, expected) in cases {
        assert_eq!(reasons(&waiting, &agents, &desks), expected);
        let routing = route(std::slice::from_ref(&waiting), &agents, &desks, NOW);
        assert_eq!(routing.unserved[0].reasons, expected[..1]);
    }
}

#[test]
fn what_earlier_versions_wrote_is_still_read() {
    let id = agent_id(1);
    let json =
        format!(r#"[{{"type":"skipped","agent":"{id}","why":{{"rule":"wrong_department"}}}},{{"type":"manual"}}]"#);
    let read: Vec<Reason> = serde_json::from_str(&json).unwrap();
    assert_eq!(read, [skipped(1, Skip::WrongDepartment), Reason::Manual]);
}

fn agents_of(reasons: &[Reason]) -> Vec<AgentId> {
    let agent = |reason: &Reason| match reason {
        Reason::Chosen { agent, .. } | Reason::Skipped { agent, .. } => Some(*agent),
        _ => None,
    };
    reasons.iter().filter_map(agent).collect()
}

fn chosen_of(reasons: &[Reason]) -> Vec<AgentId> {
    let agent = |reason: &Reason| match reason {
        Reason::Chosen { agent, .. } => Some(*agent),
        _ => None,
    };
    reasons.iter().filter_map(agent).collect()
}

/// One line for every member of the departments reached, and the number of the others.
fn check_complete(world: &World, waiting: &Waiting, reasons: &[Reason]) -> Result<(), TestCaseError> {
    let departments = reached(world, waiting, NOW);
    let members: HashSet<AgentId> =
        world.agents.iter().filter(|agent| seat(agent, &departments).is_some()).map(|agent| agent.agent).collect();
    let named = agents_of(reasons);
    prop_assert_eq!(named.len(), members.len());
    prop_assert_eq!(named.into_iter().collect::<HashSet<_>>(), members.clone());
    let others = reasons.iter().find_map(|reason| match reason {
        Reason::NotMembers { count } => Some(*count as usize),
        _ => None,
    });
    prop_assert_eq!(others.unwrap_or(0), world.agents.len() - members.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn reasons_are_complete(world in any_world()) {
        let routing = world.route();
        for offer in &routing.decisions {
            check_complete(&world, world.waits(offer.conversation), &offer.reasons)?;
            let mut chosen = chosen_of(&offer.reasons);
            chosen.sort();
            prop_assert_eq!(&chosen, &offer.agents);
        }
        for call in &routing.calls {
            check_complete(&world, world.waits(call.conversation), &call.reasons)?;
            prop_assert!(!chosen_of(&call.reasons).is_empty());
            prop_assert_eq!(&call.reasons[0], &Reason::Kept);
        }
        let after = world.clone().after(&routing);
        for skipped in &routing.unserved {
            let waiting = world.waits(skipped.conversation);
            let explained = explain(waiting, &after.agents, &after.desks, NOW);
            prop_assert!(explained.starts_with(&skipped.reasons), "{:?}", explained);
            let ends = matches!(explained[..], [Reason::Manual | Reason::Called | Reason::UnknownDepartment { .. }]);
            if !ends {
                check_complete(&after, waiting, &explained)?;
            }
            // Whose place is kept may have been left out because others were called before.
            if waiting.absent == Absence::Here {
                prop_assert_eq!(chosen_of(&explained), &[]);
            }
        }
    }

    #[test]
    fn an_explanation_tells_what_would_be_done(world in any_world()) {
        for waiting in &world.waiting {
            let alone = World { waiting: vec![waiting.clone()], ..world.clone() };
            let routing = alone.route();
            let explained = explain(waiting, &world.agents, &world.desks, NOW);
            let done = routing.decisions.iter().map(|offer| &offer.reasons);
            match done.chain(routing.calls.iter().map(|call| &call.reasons)).next() {
                Some(reasons) => prop_assert_eq!(reasons, &explained),
                None => prop_assert_eq!(chosen_of(&explained), &[]),
            }
        }
    }
}
