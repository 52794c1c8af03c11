//! Places in the queue, estimates of the wait, and whether a site can chat.

use protocol::ids::ConversationId;
use protocol::state::{Availability, Estimate, Presence};

use crate::policy::Policy;
use crate::routing::{AgentLoad, Waiting, ordered};

/// Fewer measured service times than this give no estimate.
pub const LEAST_SAMPLES: usize = 10;

/// The place of a conversation in the queue, 1 is next; `None` when it is not in it. `waiting` also holds the
/// conversations that are offered: they keep their place until somebody accepts.
pub fn position(conversation: ConversationId, waiting: &[Waiting], policy: &Policy, now: i64) -> Option<u32> {
    let order = ordered(waiting, policy, now);
    let index = order.iter().position(|waiting| waiting.conversation == conversation)?;
    u32::try_from(index).ok()?.checked_add(1)
}

/// The probable wait of the visitor in a place, from measured times between accept and end of conversations.
/// `capacity_total` is the number of conversations all online agents can hold, all of them taken. `None` with
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

/// Whether visitors can chat now. `queue_len` counts conversations waiting and offered.
pub fn availability(agents: &[AgentLoad], queue_len: u32, policy: &Policy) -> Availability {
    let mut online = agents.iter().filter(|agent| agent.presence == Presence::Online).peekable();
    if online.peek().is_none() {
        return Availability::Offline;
    }
    let free: u64 = online.map(|agent| u64::from(agent.capacity.saturating_sub(agent.load))).sum();
    if free > 0 && queue_len == 0 {
        Availability::Online
    } else if queue_len < policy.max_queue {
        Availability::OnlineForQueue
    } else {
        Availability::Offline
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
