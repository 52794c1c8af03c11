//! The order of the queue and the places in it, estimates of the wait, and whether visitors can chat.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use protocol::ids::{ConversationId, DepartmentId};
use protocol::state::{Availability, Estimate};

/// Fewer measured service times than this give no estimate.
pub const LEAST_SAMPLES: usize = 10;

/// Priorities of conversations: 0 is normal, higher goes first.
pub const PRIORITIES: RangeInclusive<u8> = 0..=10;

/// A conversation in a queue: waiting or offered (it keeps its place until somebody accepts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which.
    pub conversation: ConversationId,
    /// In whose queue.
    pub department: DepartmentId,
    /// Whether it goes before all that are not: it had an agent and lost the agent through no fault of the visitor.
    pub at_head: bool,
    /// Higher goes first ([`PRIORITIES`]).
    pub priority: u8,
    /// When it entered the queue, Unix milliseconds.
    pub queued_at: i64,
}

/// What decides about who goes first, smallest first.
pub type OrderKey = (bool, i64, ConversationId);

impl Place {
    /// Its place in the order of all queues of a tenant. A step of priority is worth `ageing_ms` of waiting, so a
    /// conversation rises by one priority whenever it has waited that long: it goes before every one that comes
    /// more than `priority * ageing_ms` later, and nobody waits for ever. Two conversations keep their order while
    /// they wait, and the key needs no clock.
    pub fn key(&self, ageing_ms: i64) -> OrderKey {
        let ahead = i64::from(self.priority).saturating_mul(ageing_ms.max(1));
        (!self.at_head, self.queued_at.saturating_sub(ahead), self.conversation)
    }
}

/// The places in the order in which they are served. A conversation listed twice counts once.
pub fn ordered(places: &[Place], ageing_ms: i64) -> Vec<Place> {
    let mut order = places.to_vec();
    order.sort_by_cached_key(|place| place.key(ageing_ms));
    let mut seen = HashSet::with_capacity(order.len());
    order.retain(|place| seen.insert(place.conversation));
    order
}

/// The position of every conversation in the queue of its department, 1 is next: everyone of the department who
/// is served before is counted, whatever the reason.
pub fn positions(places: &[Place], ageing_ms: i64) -> HashMap<ConversationId, u32> {
    let mut last: HashMap<DepartmentId, u32> = HashMap::new();
    let order = ordered(places, ageing_ms).into_iter();
    order
        .map(|place| {
            let position = last.entry(place.department).or_default();
            *position = position.saturating_add(1);
            (place.conversation, *position)
        })
        .collect()
}

/// The probable wait of the visitor in a place, from measured times between accept and end of conversations.
/// `capacity_total` is the number of conversations that the online members of the
/// department can hold, all of them taken. `None` with
/// fewer than [`LEAST_SAMPLES`] measurements, without capacity, or for place 0.
///
/// The visitor in place p waits for p of c conversations to end. If one ends after m on average with variance
/// v, that takes p·m/c with variance about p·v/c²; a gamma distribution with these two is read at 50 % and 90 %.
pub fn estimate(position: u32, service_times_ms: &[i64], capacity_total: u32) -> Option<Estimate> {
    let times: Vec<f64> = service_times_ms.iter().filter(|time| **time >= 0).map(|time| *time as f64).collect();
    if times.len() < LEAST_SAMPLES || capacity_total == 0 || position == 0 {
        return None;
    }
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / count;
    let (place, servers) = (f64::from(position), f64::from(capacity_total));
    let wait = place * mean / servers;
    let spread = place * variance / (servers * servers);
    let p50_s = seconds(gamma_quantile(wait, spread, 0.0));
    let p90_s = seconds(gamma_quantile(wait, spread, Z_90));
    Some(Estimate { p50_s, p90_s: p90_s.max(p50_s) })
}

/// A department as its visitors find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Desk {
    /// Whether it has its hours ([`crate::hours::Hours::is_open`]).
    pub open: bool,
    /// Members who take conversations.
    pub online: u32,
    /// Their free places.
    pub free: u32,
    /// Conversations in its queue, waiting and offered.
    pub waiting: u32,
    /// Its longest queue.
    pub max_queue: u32,
    /// Whether agents take conversations from the list ([`crate::policy::Strategy::Manual`]).
    pub manual: bool,
}

/// Whether visitors of a department can chat now. Somebody who waits means that nobody is free, except where
/// agents choose themselves: there a conversation may stay on the list although places are free.
pub fn availability(desk: &Desk) -> Availability {
    if !desk.open || desk.online == 0 || desk.waiting >= desk.max_queue {
        Availability::Offline
    } else if desk.free > 0 && (desk.waiting == 0 || desk.manual) {
        Availability::Online
    } else {
        Availability::OnlineForQueue
    }
}

/// Standard normal quantile of 90 %.
const Z_90: f64 = 1.281_551_565_5;

/// Quantile of the gamma distribution with this mean and variance (Wilson and Hilferty's approximation), `z`
/// being the standard normal quantile.
fn gamma_quantile(mean: f64, variance: f64, z: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return mean.max(0.0);
    }
    let ninth = variance / (9.0 * mean * mean);
    mean * (1.0 - ninth + z * ninth.sqrt()).max(0.0).powi(3)
}

/// Rounded up: a wait is better told too long than too short. The cast saturates.
fn seconds(ms: f64) -> u32 {
    (ms / 1000.0).ceil() as u32
}
