use domain::policy::{Policy, Strategy as Rule};
use domain::routing::{Absence, AgentLoad, Choice, Reason, Waiting, explain, route};
use protocol::ids::ConversationId;

use crate::make::{NOW, SALES, agent, agent_id, conversation, desk, open_policy, waiting};

fn kept(number: u128) -> Waiting {
    Waiting { absent: Absence::Kept, ..waiting(number) }
}

fn called(number: u128) -> Waiting {
    Waiting { absent: Absence::Called, ..waiting(number) }
}

/// Offers made and visitors called.
fn done(queue: &[Waiting], agents: &[AgentLoad], policy: &Policy) -> (Vec<ConversationId>, Vec<ConversationId>) {
    let routing = route(queue, agents, &[desk(SALES, policy.clone())], NOW);
    let offers = routing.decisions.iter().map(|offer| offer.conversation).collect();
    (offers, routing.calls.iter().map(|call| call.conversation).collect())
}

#[test]
fn whose_turn_it_is_and_who_is_away_is_called_and_the_next_is_served() {
    let routing = route(&[kept(1), waiting(2)], &[agent(7)], &[desk(SALES, Policy::default())], NOW);
    assert_eq!(routing.calls[0].conversation, conversation(1));
    let chosen = Reason::Chosen { agent: agent_id(7), why: Choice::Only };
    assert_eq!(routing.calls[0].reasons, [Reason::Kept, chosen]);
    assert_eq!(routing.decisions[0].conversation, conversation(2));
    assert_eq!(routing.unserved, []);
}

#[test]
fn nobody_is_called_before_somebody_is_free() {
    let full = AgentLoad { load: 2, ..agent(7) };
    let routing = route(&[kept(1)], std::slice::from_ref(&full), &[desk(SALES, open_policy())], NOW);
    assert_eq!(routing.calls, []);
    assert_eq!(routing.unserved[0].reasons, [Reason::Kept]);
    // The longest wait is not theirs.
    assert_eq!(routing.wake_at, None);
    let manual = Policy { strategy: Rule::Manual, ..open_policy() };
    assert_eq!(done(&[kept(1)], &[agent(7)], &manual), (vec![], vec![]));
}

#[test]
fn no_more_are_called_than_there_are_places_for() {
    let agents = [agent(7)];
    let policy = open_policy();
    let queue = [kept(1), kept(2), kept(3), kept(4)];
    assert_eq!(done(&queue, &agents, &policy), (vec![], vec![conversation(1), conversation(2)]));
    // Those who are called already count, and others are served meanwhile.
    let queue = [called(1), kept(2), kept(3), waiting(4), waiting(5), waiting(6)];
    let (offers, calls) = done(&queue, &agents, &policy);
    assert_eq!(offers, [conversation(4), conversation(5)]);
    assert_eq!(calls, [conversation(2)]);
    let queue = [called(1), called(2), kept(3)];
    assert_eq!(done(&queue, &agents, &policy), (vec![], vec![]));
}

#[test]
fn who_is_called_waits_until_back() {
    let desks = [desk(SALES, open_policy())];
    let routing = route(&[called(1)], &[agent(7)], &desks, NOW);
    assert_eq!((routing.decisions.len(), routing.calls.len()), (0, 0));
    assert_eq!(routing.unserved[0].reasons, [Reason::Called]);
    assert_eq!(explain(&called(1), &[agent(7)], &desks, NOW), [Reason::Called]);
    assert_eq!(routing.wake_at, None);
    let back = Waiting { absent: Absence::Here, ..called(1) };
    assert_eq!(done(&[back], &[agent(7)], &open_policy()).0, [conversation(1)]);
}
