//! The order of the queue, positions, estimates and availability.

use std::collections::HashMap;

use domain::queue::{Desk, PRIORITIES, Place, availability, estimate, ordered, positions};
use proptest::prelude::*;
use protocol::ids::{ConversationId, DepartmentId};
use protocol::state::Availability;
use uuid::Uuid;

const AGEING: i64 = 300_000;

fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

fn place(number: u128, queued_at: i64, priority: u8) -> Place {
    let department = DepartmentId(Uuid::from_u128(1));
    Place { conversation: conversation(number), department, at_head: false, priority, queued_at }
}

fn order(places: &[Place]) -> Vec<u128> {
    ordered(places, AGEING).iter().map(|place| place.conversation.0.as_u128()).collect()
}

#[test]
fn priority_goes_first_and_then_who_came_first() {
    assert_eq!(order(&[place(1, 30, 0), place(2, 10, 0), place(3, 40, 1), place(2, 10, 0)]), [3, 2, 1]);
    assert_eq!(order(&[place(2, 5, 0), place(1, 5, 0)]), [1, 2]);
}

#[test]
fn waiting_raises_the_priority() {
    let important = place(1, 1_000_000, 1);
    assert_eq!(order(&[place(2, 1_000_000 - AGEING + 1, 0), important]), [1, 2]);
    assert_eq!(order(&[place(2, 1_000_000 - AGEING - 1, 0), important]), [2, 1]);
}

#[test]
fn who_lost_an_agent_goes_before_everyone() {
    let back = Place { at_head: true, ..place(3, 900, 0) };
    let older = Place { at_head: true, ..place(4, 800, 0) };
    assert_eq!(order(&[place(1, 0, 10), back, place(2, 10, 0), older]), [4, 3, 1, 2]);
}

#[test]
fn positions_count_the_own_department_alone() {
    let other = DepartmentId(Uuid::from_u128(2));
    let elsewhere = |number, queued_at| Place { department: other, ..place(number, queued_at, 0) };
    let places = [place(1, 30, 0), place(2, 10, 0), place(3, 40, 1), elsewhere(4, 5), elsewhere(5, 35)];
    let expected = [(1, 3), (2, 2), (3, 1), (4, 1), (5, 2)].map(|(number, place)| (conversation(number), place));
    assert_eq!(positions(&places, AGEING), HashMap::from(expected));
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
fn availability_needs_hours_members_and_room() {
    let free = Desk { open: true, online: 1, free: 2, waiting: 0, max_queue: 3, manual: false };
    let full = Desk { free: 0, ..free };
    assert_eq!(availability(&free), Availability::Online);
    assert_eq!(availability(&Desk { open: false, ..free }), Availability::Offline);
    assert_eq!(availability(&Desk { online: 0, free: 0, ..free }), Availability::Offline);
    assert_eq!(availability(&Desk { waiting: 1, ..free }), Availability::OnlineForQueue);
    assert_eq!(availability(&full), Availability::OnlineForQueue);
    assert_eq!(availability(&Desk { waiting: 2, ..full }), Availability::OnlineForQueue);
    assert_eq!(availability(&Desk { waiting: 3, ..full }), Availability::Offline);
}

#[test]
fn where_agents_choose_a_waiting_conversation_does_not_mean_that_nobody_is_free() {
    let desk = Desk { open: true, online: 1, free: 2, waiting: 2, max_queue: 3, manual: true };
    assert_eq!(availability(&desk), Availability::Online);
    assert_eq!(availability(&Desk { free: 0, ..desk }), Availability::OnlineForQueue);
    assert_eq!(availability(&Desk { waiting: 3, ..desk }), Availability::Offline);
}

/// Up to 40 different conversations of three departments.
fn queue() -> impl Strategy<Value = Vec<Place>> {
    let row = (0u128..3, any::<bool>(), PRIORITIES, 0i64..20 * AGEING);
    prop::collection::vec(row, 0..40).prop_map(|rows| {
        let row = |(number, (department, at_head, priority, queued_at))| Place {
            department: DepartmentId(Uuid::from_u128(department)),
            at_head,
            ..place(number as u128, queued_at, priority)
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #[test]
    fn first_in_first_out_inside_a_priority(places in queue()) {
        let order = ordered(&places, AGEING);
        prop_assert_eq!(order.len(), places.len());
        for (at, before) in order.iter().enumerate() {
            for after in &order[at + 1..] {
                prop_assert!(before.at_head >= after.at_head);
                let alike = (before.at_head, before.priority) == (after.at_head, after.priority);
                prop_assert!(!alike || before.queued_at <= after.queued_at);
            }
        }
    }

    /// Nobody starves: who comes later than the priorities are worth never goes before.
    #[test]
    fn nobody_is_overtaken_for_ever(places in queue(), late in 0i64..1_000, priority in PRIORITIES) {
        let first = places.iter().map(|place| place.queued_at).max().unwrap_or(0);
        let worth = i64::from(*PRIORITIES.end()) * AGEING;
        let mut more = places.clone();
        more.push(place(1_000, first + worth + 1 + late, priority));
        let order = ordered(&more, AGEING);
        prop_assert_eq!(order.last().unwrap().conversation, conversation(1_000));
    }

    /// The same as raising the priority by one for each time of ageing waited, whenever that is asked.
    #[test]
    fn the_key_is_priority_raised_by_waiting(places in queue(), later in 0i64..AGEING) {
        let now = 20 * AGEING + later;
        let raised = |place: &Place| i128::from(place.priority) * i128::from(AGEING) + i128::from(now - place.queued_at);
        for pair in ordered(&places, AGEING).windows(2) {
            prop_assert!((pair[0].at_head && !pair[1].at_head) || raised(&pair[0]) >= raised(&pair[1]));
        }
    }

    #[test]
    fn positions_are_counted_without_gaps_in_the_order(places in queue()) {
        let found = positions(&places, AGEING);
        let mut next: HashMap<DepartmentId, u32> = HashMap::new();
        for place in ordered(&places, AGEING) {
            let position = next.entry(place.department).or_insert(1);
            prop_assert_eq!(found[&place.conversation], *position);
            *position += 1;
        }
        prop_assert_eq!(found.len(), places.len());
    }

    #[test]
    fn no_numbers_break_the_order(
        at in any::<i64>(), priority in any::<u8>(), ageing in any::<i64>(), at_head in any::<bool>(),
    ) {
        let places = [Place { at_head, ..place(1, at, priority) }, place(2, 0, 0)];
        prop_assert_eq!(ordered(&places, ageing).len(), 2);
    }

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
