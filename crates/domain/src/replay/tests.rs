use protocol::ids::{AgentId, ConversationId, DepartmentId};
use uuid::Uuid;

use super::*;
use crate::department::Overflow;
use crate::hours::{Block, Day, Span};
use crate::policy::{Policy, Strategy};
use crate::staffing::{self, Demand};

const HOUR: i64 = 3_600_000;

fn department(number: u128) -> DepartmentId {
    DepartmentId(Uuid::from_u128(number))
}

fn desk(number: u128) -> Desk {
    Desk { id: department(number), policy: Policy::default(), overflow: None, open: true }
}

fn rules(desks: &[Desk]) -> Rules {
    Rules { desks: desks.to_vec(), hours: HashMap::new() }
}

/// Visitor `number` comes to department 1.
fn arrival(number: u128, at: i64, service_ms: i64) -> Arrival {
    Arrival {
        conversation: ConversationId(Uuid::from_u128(number)),
        at,
        department: department(1),
        priority: 0,
        language: None,
        skills: vec![],
        service_ms,
        patience_ms: None,
        previous_agent: None,
    }
}

/// An agent of department 1 with one place, always there.
fn agent(number: u128) -> Staff {
    let membership = Membership { department: department(1), priority: 0 };
    Staff {
        agent: AgentId(Uuid::from_u128(number)),
        capacity: 1,
        departments: vec![membership],
        languages: vec![],
        skills: vec![],
        shifts: vec![(i64::MIN, i64::MAX)],
    }
}

fn member_of(number: u128, departments: &[u128]) -> Staff {
    let membership = |id: &u128| Membership { department: department(*id), priority: 0 };
    Staff { departments: departments.iter().map(membership).collect(), ..agent(number) }
}

/// What became of the visitors in the order of their arrival, in short.
fn fates(outcome: &Outcome) -> Vec<String> {
    let word = |visit: &Visit| match visit.fate {
        Fate::Served { agent, waited_ms, .. } => format!("{} after {waited_ms}", agent.0.as_u128()),
        Fate::GaveUp { waited_ms } => format!("gave up after {waited_ms}"),
        Fate::LeftOffline { waited_ms } => format!("offline after {waited_ms}"),
    };
    outcome.visits.iter().map(word).collect()
}

#[test]
fn first_in_first_out_by_hand() {
    let arrivals = [
        arrival(1, 0, 100),
        arrival(2, 10, 50),
        arrival(3, 20, 30),
        // Gives up at 50; the next place is free at 60.
        Arrival { patience_ms: Some(30), ..arrival(4, 20, 10) },
        arrival(5, 85, 10),
        // Served in the last moment of its patience, when the first one ends.
        Arrival { patience_ms: Some(10), ..arrival(6, 90, 10) },
    ];
    let mut backwards = arrivals.to_vec();
    backwards.reverse();
    let outcome = replay(&arrivals, &[agent(1), agent(2)], &rules(&[desk(1)]));
    let expected = ["1 after 0", "2 after 0", "2 after 40", "gave up after 30", "2 after 5", "1 after 10"];
    assert_eq!(fates(&outcome), expected);
    assert_eq!(replay(&backwards, &[agent(2), agent(1), agent(1)], &rules(&[desk(1)])), outcome);

    let figures = outcome.summary().all;
    assert_eq!((figures.count, figures.served, figures.gave_up, figures.left_offline), (6, 5, 1, 0));
    assert_eq!(figures.waits, Some(Waits { p50_ms: 5, p90_ms: 40, mean_ms: 11, max_ms: 40 }));
}

#[test]
fn priority_and_ageing_are_those_of_routing() {
    let policy = Policy { ageing_ms: 1_000, ..Policy::default() };
    let rules = rules(&[Desk { policy, ..desk(1) }]);
    let arrivals = [
        arrival(1, 0, 2_000),
        arrival(2, 100, 1_000),
        Arrival { priority: 1, ..arrival(3, 1_000, 1_000) },
        Arrival { priority: 1, ..arrival(4, 1_200, 1_000) },
    ];
    // A priority is worth a second: the third goes before the second, the fourth does not.
    assert_eq!(
        fates(&replay(&arrivals, &[agent(1)], &rules)),
        ["1 after 0", "1 after 2900", "1 after 1000", "1 after 2800"]
    );
}

#[test]
fn shifts_begin_and_end() {
    let shift = |number, from, to| Staff { shifts: vec![(from, to)], ..agent(number) };
    let staff = [shift(1, 0, 100), shift(2, 150, 300)];
    let arrivals = [
        arrival(1, -1, 10),
        arrival(2, 90, 500),
        // The first agent is busy, then gone; the second comes in time.
        arrival(3, 99, 20),
        // Nobody is there.
        arrival(4, 120, 10),
        arrival(5, 299, 10),
        arrival(6, 300, 10),
    ];
    let expected = ["offline after 0", "1 after 0", "2 after 51", "offline after 0", "2 after 0", "offline after 0"];
    assert_eq!(fates(&replay(&arrivals, &staff, &rules(&[desk(1)]))), expected);
}

#[test]
fn the_queue_and_the_wait_have_limits() {
    let policy = Policy { max_queue: 1, max_wait_ms: 60_000, ..Policy::default() };
    let rules = rules(&[Desk { policy, ..desk(1) }]);
    let arrivals = [arrival(1, 0, HOUR), arrival(2, 10, 10), arrival(3, 20, 10), arrival(4, 70_000, 10)];
    let expected = ["1 after 0", "offline after 60000", "offline after 0", "offline after 60000"];
    assert_eq!(fates(&replay(&arrivals, &[agent(1)], &rules)), expected);
    let mut elsewhere = arrival(5, 0, 10);
    elsewhere.department = department(9);
    assert_eq!(fates(&replay(&[elsewhere], &[agent(1)], &rules)), ["offline after 0"]);
}

#[test]
fn another_department_helps_after_its_time() {
    let overflow = Overflow { to: department(2), after_ms: 5_000 };
    let rules = rules(&[Desk { overflow: Some(overflow), ..desk(1) }, desk(2)]);
    let staff = [agent(1), member_of(2, &[2])];
    let arrivals = [arrival(1, 0, HOUR), arrival(2, 1_000, 10), arrival(3, 2_000, 10)];
    let outcome = replay(&arrivals, &staff, &rules);
    assert_eq!(fates(&outcome), ["1 after 0", "2 after 5000", "2 after 5000"]);
    let Fate::Served { department: whose, .. } = outcome.visits[1].fate else { panic!("not served") };
    assert_eq!(whose, department(2));
    let summary = outcome.summary();
    assert_eq!(summary.departments, [(department(1), summary.all)]);
}

#[test]
fn closed_hours_take_nobody_new() {
    let mut rules = rules(&[desk(1)]);
    let week = Day::ALL.map(|day| Block::new(day, Span { from: 60, to: 120 })).to_vec();
    rules.hours.insert(department(1), Hours { time_zone: "UTC".into(), week, holidays: vec![] });
    let arrivals =
        [arrival(1, HOUR - 1, 10), arrival(2, HOUR, 2 * HOUR), arrival(3, 2 * HOUR - 1, 10), arrival(4, 2 * HOUR, 10)];
    let staff = [Staff { capacity: 1, ..agent(1) }];
    let expected = ["offline after 0", "1 after 0", "offline after 1200000", "offline after 0"];
    assert_eq!(fates(&replay(&arrivals, &staff, &rules)), expected);
}

#[test]
fn broadcast_and_manual() {
    let with = |strategy| rules(&[Desk { policy: Policy { strategy, ..Policy::default() }, ..desk(1) }]);
    let arrivals = [arrival(1, 0, 100), arrival(2, 0, 100), arrival(3, 0, 100)];
    let staff = [Staff { capacity: 2, ..agent(1) }, agent(2)];
    let outcome = replay(&arrivals, &staff, &with(Strategy::Broadcast));
    assert_eq!(fates(&outcome), ["1 after 0", "2 after 0", "1 after 0"]);
    let outcome = replay(&arrivals, &staff, &with(Strategy::Manual));
    assert_eq!(fates(&outcome), ["offline after 1200000"; 3]);
}

/// Numbers that look like chance and are always the same (splitmix64).
struct Chance(u64);

impl Chance {
    /// Above 0 and at most 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 + f64::EPSILON
    }

    fn exponential(&mut self, mean_ms: f64) -> i64 {
        (-self.share().ln() * mean_ms) as i64
    }
}

/// Independent arrivals and exponential service times, served first come first served: what Erlang C is about.
#[test]
fn the_formula_for_staffing_agrees_with_what_happens() {
    for (agents, capacity, per_hour) in [(1, 1, 7.0), (3, 2, 45.0), (10, 1, 75.0)] {
        let demand = Demand { arrivals_per_hour: per_hour, service_ms: 360_000.0, capacity };
        let mut chance = Chance(7);
        let mut at = 0;
        let arrivals: Vec<Arrival> = (1..=40_000)
            .map(|number| {
                at += chance.exponential(HOUR as f64 / per_hour);
                arrival(number, at, chance.exponential(demand.service_ms))
            })
            .collect();
        let staff: Vec<Staff> = (1..=agents).map(|number| Staff { capacity, ..agent(number.into()) }).collect();
        let policy = Policy { max_queue: 10_000, max_wait_ms: 24 * HOUR, ..Policy::default() };
        let outcome = replay(&arrivals, &staff, &rules(&[Desk { policy, ..desk(1) }]));

        let waits = |visit: &Visit| match visit.fate {
            Fate::Served { waited_ms, .. } => waited_ms,
            Fate::GaveUp { .. } | Fate::LeftOffline { .. } => panic!("not served"),
        };
        let waits: Vec<i64> = outcome.visits.iter().map(waits).collect();
        let share = |limit: i64| waits.iter().filter(|wait| **wait <= limit).count() as f64 / waits.len() as f64;
        let mean = waits.iter().sum::<i64>() as f64 / waits.len() as f64;
        let expected = staffing::wait(&demand, agents, 120_000).unwrap();
        let about = format!("{agents} agents: {mean}, {}, {} for {expected:?}", share(0), share(120_000));
        assert!((mean / expected.mean_ms - 1.0).abs() < 0.05, "{about}");
        assert!((1.0 - share(0) - expected.probability).abs() < 0.01, "{about}");
        assert!((share(120_000) - expected.within).abs() < 0.01, "{about}");
    }
}
