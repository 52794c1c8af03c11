//! The situation of Erlang's formula, played on the product's own routing: visitors at random, agents all alike.

use std::collections::HashMap;

use domain::policy::Policy;
use domain::replay::{Arrival, Fate, Rules, Staff, replay};
use domain::routing::{Desk, Membership};
use domain::staffing::Demand;
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use uuid::Uuid;

/// Visitors who are played; the first tenth only fills the queue.
const VISITORS: u64 = 10_000;
/// More agents take too long to play.
const MOST_AGENTS: u32 = 200;
/// The longest a setting lets anybody wait.
const DAY_MS: i64 = 86_400_000;

/// Share of visitors who wait no longer than `within_ms` for so many agents; `None` for too many agents. The same question
/// gives the same answer.
pub(super) fn simulated(demand: &Demand, agents: u32, within_ms: i64) -> Option<f64> {
    if agents > MOST_AGENTS {
        return None;
    }
    let id = DepartmentId(Uuid::nil());
    let policy = Policy { max_queue: 10_000, max_wait_ms: DAY_MS, ..Policy::default() };
    let arrivals = arrivals(demand, id);
    let end = arrivals.last()?.at.saturating_add(DAY_MS);
    let agent = |number: u32| Staff {
        agent: AgentId(Uuid::from_u128(number.into())),
        capacity: demand.capacity,
        departments: vec![Membership { department: id, priority: 0 }],
        languages: Vec::new(),
        skills: Vec::new(),
        shifts: vec![(0, end)],
    };
    let staff: Vec<Staff> = (0..agents).map(agent).collect();
    let rules = Rules { desks: vec![Desk { id, policy, overflow: None, open: true }], hours: HashMap::new() };
    let outcome = replay(&arrivals, &staff, &rules);
    let counted = outcome.visits.iter().skip(arrivals.len() / 10);
    let all = counted.clone().count();
    let in_time =
        counted.filter(|visit| matches!(visit.fate, Fate::Served { waited_ms, .. } if waited_ms <= within_ms));
    Some(in_time.count() as f64 / all.max(1) as f64)
}

/// Visitors who come independently of each other, and stay for times without memory.
fn arrivals(demand: &Demand, department: DepartmentId) -> Vec<Arrival> {
    let mut chance = Chance(20_260_101);
    let gap_ms = 3_600_000.0 / demand.arrivals_per_hour.max(f64::MIN_POSITIVE);
    let mut at = 0.0;
    let arrival = |number: u64| {
        at += chance.exponential(gap_ms);
        Arrival {
            conversation: ConversationId(Uuid::from_u128(number.into())),
            // A rate near nothing would leave the calendar.
            at: at.min(1e15) as i64,
            department,
            priority: 0,
            language: None,
            skills: Vec::new(),
            service_ms: chance.exponential(demand.service_ms).min(1e15) as i64,
            patience_ms: None,
            previous_agent: None,
        }
    };
    (0..VISITORS).map(arrival).collect()
}

/// Numbers that look random and are the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    /// More than 0, at most 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((mixed >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.share().ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::staffing::wait;

    #[test]
    fn the_simulation_agrees_with_the_formula() {
        for (arrivals_per_hour, capacity, agents) in [(100.0, 1, 10), (60.0, 3, 2)] {
            let demand = Demand { arrivals_per_hour, service_ms: 300_000.0, capacity };
            let formula = wait(&demand, agents, 60_000).map(|wait| wait.within).unwrap();
            let played = simulated(&demand, agents, 60_000).unwrap();
            assert!((formula - played).abs() < 0.04, "{formula} against {played}");
            assert_eq!(simulated(&demand, agents, 60_000), Some(played));
        }
        let many = Demand { arrivals_per_hour: 1.0, service_ms: 1.0, capacity: 1 };
        assert_eq!(simulated(&many, MOST_AGENTS + 1, 0), None);
    }
}
