//! Places, estimates and availability.

use domain::policy::Policy;
use domain::queue::{availability, estimate, position};
use domain::routing::{AgentLoad, Waiting};
use proptest::prelude::*;
use protocol::ids::{AgentId, ConversationId};
use protocol::state::{Availability, Presence};
use uuid::Uuid;

fn agent(presence: Presence, load: u32, capacity: u32) -> AgentLoad {
    AgentLoad {
        agent: AgentId(Uuid::from_u128(1)),
        presence,
        load,
        capacity,
        departments: vec![],
        idle_since: 0,
        last_assigned_at: 0,
    }
}

#[test]
fn positions_follow_the_order_of_routing() {
    let row = |number: u128, queued_at, priority| Waiting {
        conversation: ConversationId(Uuid::from_u128(number)),
        department: None,
        priority,
        queued_at,
        waiting_since: queued_at,
        previous_agent: None,
        rejections: vec![],
    };
    let queue = [row(1, 30, 0), row(2, 10, 0), row(3, 40, 1)];
    let place = |number| position(ConversationId(Uuid::from_u128(number)), &queue, &Policy::default(), 50);
    assert_eq!([place(3), place(2), place(1)], [Some(1), Some(2), Some(3)]);
    assert_eq!(place(4), None);
}

#[test]
fn estimates_need_ten_measurements_and_capacity() {
    let ten = [60_000i64; 10];
    assert_eq!(estimate(1, &ten[..9], 1), None);
    assert_eq!(estimate(1, &ten, 0), None);
    assert_eq!(estimate(0, &ten, 1), None);
    let estimate = estimate(3, &ten, 2).unwrap();
    // Three of two conversations that all take a minute.
    assert_eq!((estimate.p50_s, estimate.p90_s), (90, 90));
}

#[test]
fn estimates_grow_with_the_spread() {
    let times: Vec<i64> = (0..100).map(|i| if i % 10 == 0 { 600_000 } else { 60_000 }).collect();
    let estimate = estimate(1, &times, 1).unwrap();
    // The mean is 114 s; the few long ones lower the half and raise the nine of ten.
    assert!(estimate.p50_s < 114, "{estimate:?}");
    assert!(estimate.p90_s > 200, "{estimate:?}");
}

#[test]
fn availability_counts_free_places() {
    let policy = Policy { max_queue: 3, ..Policy::default() };
    let available = |agents: &[AgentLoad], queue| availability(agents, queue, &policy);
    assert_eq!(available(&[], 0), Availability::Offline);
    assert_eq!(available(&[agent(Presence::Away, 0, 5)], 0), Availability::Offline);
    assert_eq!(available(&[agent(Presence::Unknown, 0, 5)], 0), Availability::Offline);
    assert_eq!(available(&[agent(Presence::Online, 4, 5)], 0), Availability::Online);
    assert_eq!(available(&[agent(Presence::Online, 5, 5)], 0), Availability::OnlineForQueue);
    assert_eq!(available(&[agent(Presence::Online, 9, 5)], 2), Availability::OnlineForQueue);
    assert_eq!(available(&[agent(Presence::Online, 5, 5)], 3), Availability::Offline);
    assert_eq!(available(&[agent(Presence::Online, 0, 5)], 1), Availability::OnlineForQueue);
}

proptest! {
    #[test]
    fn any_measurements_give_a_sane_estimate(
        place in any::<u32>(), times in prop::collection::vec(any::<i64>(), 0..40), capacity in any::<u32>(),
    ) {
        if let Some(now) = estimate(place, &times, capacity) {
            prop_assert!(now.p50_s <= now.p90_s);
            let further = estimate(place.saturating_add(1), &times, capacity).unwrap();
            prop_assert!(further.p90_s >= now.p90_s);
        }
    }
}
