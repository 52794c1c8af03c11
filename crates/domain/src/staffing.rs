//! How many agents a load needs, by Erlang's delay formula (Erlang C): visitors come independently of each other
//! at a steady rate, service times are exponential, everybody waits as long as it takes, and one queue serves all.
//!
//! An agent who talks to several visitors at once counts as that many servers. Real visitors give up, so real
//! waits are shorter than these; real days have peaks, so what counts is the busiest hour.

use std::ops::RangeInclusive;

use serde::Serialize;

/// More servers than this count as this many: 5,000 agents with 50 conversations each.
pub const MAX_SERVERS: u64 = 250_000;

/// What has to be served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Conversations that begin in an hour.
    pub arrivals_per_hour: f64,
    /// How long one occupies an agent on average, milliseconds.
    pub service_ms: f64,
    /// Conversations of an agent at once.
    pub capacity: u32,
}

/// What is promised to visitors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// This share of them, 0 to 1,
    pub share: f64,
    /// waits no longer than this, milliseconds.
    pub within_ms: i64,
}

/// How long visitors wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Wait {
    /// Share of visitors who wait at all, 0 to 1.
    pub probability: f64,
    /// Average wait of all visitors, also those who do not wait, milliseconds.
    pub mean_ms: f64,
    /// Share of visitors who wait no longer than the time asked for, 0 to 1.
    pub within: f64,
}

/// What a number of agents achieves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    /// How many.
    pub agents: u32,
    /// Share of their places that is taken on average; 1 and more: overloaded.
    pub occupancy: f64,
    /// `None`: overloaded, the queue grows without end.
    pub wait: Option<Wait>,
}

impl Demand {
    /// Conversations that would go on at the same time if nobody had to wait (the load in erlangs).
    pub fn load(&self) -> f64 {
        // A comparison, as the greater of zero and what is no number would be zero.
        let amount = |number: f64| if number < 0.0 { 0.0 } else { number };
        amount(self.arrivals_per_hour) * amount(self.service_ms) / 3_600_000.0
    }
}

/// How long visitors wait for this many agents, and which share at most `within_ms`; `None` when they are
/// overloaded.
pub fn wait(demand: &Demand, agents: u32, within_ms: i64) -> Option<Wait> {
    let mut servers = Servers::new(demand);
    servers.grow(agents);
    servers.wait(within_ms)
}

/// The fewest agents who keep the promise; `None` when `max` do not.
pub fn agents_needed(demand: &Demand, target: &Target, max: u32) -> Option<u32> {
    let mut servers = Servers::new(demand);
    (1..=max).take_while(|agents| fits(demand, *agents)).find(|agents| {
        servers.grow(*agents);
        servers.wait(target.within_ms).is_some_and(|wait| wait.within >= target.share)
    })
}

/// What each number of agents achieves.
pub fn table(demand: &Demand, within_ms: i64, agents: RangeInclusive<u32>) -> Vec<Row> {
    let mut servers = Servers::new(demand);
    agents
        .take_while(|agents| fits(demand, *agents))
        .map(|agents| {
            servers.grow(agents);
            Row { agents, occupancy: servers.occupancy(), wait: servers.wait(within_ms) }
        })
        .collect()
}

/// Whether that many agents are within [`MAX_SERVERS`], or are the first who are not: more make no difference.
fn fits(demand: &Demand, agents: u32) -> bool {
    u64::from(agents.saturating_sub(1)).saturating_mul(demand.capacity.into()) < MAX_SERVERS
}

/// A growing number of servers under a load.
struct Servers {
    load: f64,
    service_ms: f64,
    capacity: u64,
    count: u64,
    /// Share of arrivals that would find all servers busy if nobody waited (Erlang B). By its recurrence over the
    /// number of servers: every step stays between 0 and 1, whereas the formula divides factorials.
    busy: f64,
}

impl Servers {
    fn new(demand: &Demand) -> Self {
        let capacity = u64::from(demand.capacity);
        Self { load: demand.load(), service_ms: demand.service_ms, capacity, count: 0, busy: 1.0 }
    }

    fn grow(&mut self, agents: u32) {
        let target = u64::from(agents).saturating_mul(self.capacity).min(MAX_SERVERS);
        while self.count < target {
            self.count += 1;
            let carried = self.load * self.busy;
            self.busy = carried / (self.count as f64 + carried);
        }
    }

    fn occupancy(&self) -> f64 {
        if self.load > 0.0 { self.load / self.count as f64 } else { 0.0 }
    }

    fn wait(&self, within_ms: i64) -> Option<Wait> {
        let spare = self.count as f64 - self.load;
        // Written so that a load that is no number is too much.
        if !(spare > 0.0 && self.load.is_finite()) {
            return None;
        }
        if self.load <= 0.0 {
            return Some(Wait { probability: 0.0, mean_ms: 0.0, within: 1.0 });
        }
        let probability = self.busy / (1.0 - self.occupancy() * (1.0 - self.busy));
        let mean_ms = probability * self.service_ms / spare;
        let longer = probability * (-spare * within_ms.max(0) as f64 / self.service_ms).exp();
        Some(Wait { probability, mean_ms, within: 1.0 - longer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand(arrivals_per_hour: f64, service_s: f64) -> Demand {
        Demand { arrivals_per_hour, service_ms: service_s * 1_000.0, capacity: 1 }
    }

    /// A load in erlangs, of services of an hour.
    fn load(erlangs: f64) -> Demand {
        demand(erlangs, 3_600.0)
    }

    fn probability(erlangs: f64, servers: u32) -> f64 {
        wait(&load(erlangs), servers, 0).unwrap().probability
    }

    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    /// The usual example of textbooks for call centres, worked through at callcentrehelper.com ("Erlang C formula,
    /// made simple with an easy worked example"): 100 calls in half an hour, 3 minutes each, 80 % within 20 s.
    #[test]
    fn the_worked_example_of_call_centres() {
        let calls = demand(200.0, 180.0);
        near(calls.load(), 10.0, 1e-12);
        let eleven = wait(&calls, 11, 20_000).unwrap();
        near(eleven.probability, 0.6821, 5e-5);
        near(eleven.within, 0.389_6, 5e-5);
        let fourteen = wait(&calls, 14, 20_000).unwrap();
        near(fourteen.probability, 0.1741, 5e-5);
        near(fourteen.within, 0.888, 5e-4);
        near(fourteen.mean_ms, 7_800.0, 50.0);
        assert_eq!(agents_needed(&calls, &Target { share: 0.8, within_ms: 20_000 }, 100), Some(14));
        assert_eq!(wait(&calls, 10, 20_000), None);
    }

    /// The example of the tutorial at mitan.co.uk/erlang: 360 calls in half an hour, 4 minutes each, 55 agents, 15 s.
    #[test]
    fn a_second_worked_example() {
        let found = wait(&demand(720.0, 240.0), 55, 15_000).unwrap();
        near(found.probability, 0.239, 5e-4);
        near(found.mean_ms, 8_200.0, 50.0);
        near(found.within, 0.846, 5e-4);
    }

    /// Closed forms for one and two servers, and values that other implementations test against.
    #[test]
    fn known_probabilities() {
        for share in [0.1, 0.5, 0.9, 0.999] {
            near(probability(share, 1), share, 1e-12);
            near(probability(2.0 * share, 2), 2.0 * share * share / (1.0 + share), 1e-12);
        }
        near(probability(123.0, 132), 0.3211, 5e-5);
        near(probability(12_345.0, 12_421), 0.3812, 5e-5);
    }

    #[test]
    fn an_agent_with_six_places_is_six_servers() {
        let chats = Demand { capacity: 6, ..demand(100.0, 600.0) };
        let found = wait(&chats, 3, 30_000).unwrap();
        assert_eq!(Some(found), wait(&Demand { capacity: 1, ..chats }, 18, 30_000));
        assert_eq!(agents_needed(&chats, &Target { share: 0.0, within_ms: 0 }, 10), Some(3));
    }

    #[test]
    fn nothing_to_do_needs_one_and_nonsense_nobody() {
        let target = Target { share: 1.0, within_ms: 0 };
        assert_eq!(agents_needed(&demand(0.0, 60.0), &target, 10), Some(1));
        assert_eq!(wait(&demand(0.0, 60.0), 0, 0), None);
        for nonsense in [f64::NAN, f64::INFINITY] {
            assert_eq!(wait(&demand(nonsense, nonsense), 10, 0), None);
        }
        assert_eq!(wait(&Demand { capacity: 0, ..load(1.0) }, u32::MAX, 0), None);
        let never = Target { share: 1.1, within_ms: 0 };
        assert_eq!(agents_needed(&load(1.0), &never, 100), None);
        let huge = Demand { capacity: u32::MAX, ..load(1.0) };
        assert_eq!(wait(&huge, u32::MAX, 0).unwrap().within, 1.0);
        assert_eq!(table(&huge, 0, 0..=u32::MAX).len(), 2);
    }

    #[test]
    fn the_table_says_what_is_asked_one_by_one() {
        let chats = Demand { capacity: 2, ..demand(300.0, 240.0) };
        let rows = table(&chats, 20_000, 9..=12);
        assert_eq!(rows.iter().map(|row| row.agents).collect::<Vec<_>>(), [9, 10, 11, 12]);
        near(rows[1].occupancy, 1.0, 1e-12);
        for row in rows {
            assert_eq!(row.wait, wait(&chats, row.agents, 20_000));
            assert_eq!(row.wait.is_some(), row.agents > 10);
        }
    }

    proptest! {
        #[test]
        fn more_agents_are_never_worse(share in 0.01f64..0.9999, servers in 1u32..5_000, within in 0i64..600_000) {
            let load = Demand { service_ms: 300_000.0, ..demand(share * f64::from(servers) * 12.0, 0.0) };
            let few = wait(&load, servers, within).unwrap();
            let more = wait(&load, servers + 1, within).unwrap();
            for wait in [few, more] {
                prop_assert!((0.0..=1.0).contains(&wait.probability) && (0.0..=1.0).contains(&wait.within), "{wait:?}");
                prop_assert!(wait.mean_ms.is_finite() && wait.mean_ms >= 0.0);
            }
            prop_assert!(more.probability <= few.probability && more.mean_ms <= few.mean_ms);
            prop_assert!(more.within >= few.within - 1e-12);
            let target = Target { share: few.within, within_ms: within };
            let needed = agents_needed(&load, &target, servers).unwrap();
            prop_assert!(needed <= servers);
            if let Some(less) = wait(&load, needed - 1, within) {
                prop_assert!(less.within < target.share);
            }
        }

        #[test]
        fn any_numbers_are_answered(
            arrivals in any::<f64>(), service in any::<f64>(), capacity in any::<u32>(), agents in 0u32..1_000,
            within in any::<i64>(),
        ) {
            let demand = Demand { arrivals_per_hour: arrivals, service_ms: service, capacity };
            if let Some(wait) = wait(&demand, agents, within) {
                prop_assert!((0.0..=1.0).contains(&wait.probability) && (0.0..=1.0).contains(&wait.within), "{wait:?}");
                prop_assert!(wait.mean_ms >= 0.0);
            }
        }
    }
}
