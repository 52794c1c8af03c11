//! How many connections may be open at once (R2): from one place, and of one tenant's visitors. Agents count by
//! place alone: a flood of visitors must not lock out those who answer them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::ids::TenantId;

use crate::config::Config;
use crate::error::Refusal;

/// When somebody who found no room may try again, in milliseconds.
const RETRY_AFTER_MS: u64 = 5_000;

/// The most that may be open at once on this node.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From one place: an address, or the /64 of one.
    pub per_place: usize,
    /// Of the visitors of one tenant.
    pub per_tenant: usize,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { per_place: usize::MAX, per_tenant: usize::MAX };

    /// What the operator set.
    pub fn of(config: &Config) -> Self {
        if !config.rate_limits {
            return Self::NONE;
        }
        Self { per_place: config.connections_per_ip, per_tenant: config.connections_per_tenant }
    }
}

/// Counts what is open. An entry is there only while something is.
pub(super) struct Room {
    limits: Limits,
    // Std mutexes: held for a map operation, never across an await.
    places: Mutex<HashMap<Box<str>, usize>>,
    tenants: Mutex<HashMap<TenantId, usize>>,
}

impl Room {
    /// Nothing is open.
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, places: Mutex::default(), tenants: Mutex::default() }
    }

    /// Counts one from a place.
    pub(super) fn enter(&self, place: &str) -> Result<(), Refusal> {
        take(&mut lock(&self.places), place.into(), self.limits.per_place)
    }

    /// Uncounts it.
    pub(super) fn leave(&self, place: &str) {
        give(&mut lock(&self.places), place.into());
    }

    /// Counts one of a tenant's visitors.
    pub(super) fn enter_tenant(&self, tenant: TenantId) -> Result<(), Refusal> {
        take(&mut lock(&self.tenants), tenant, self.limits.per_tenant)
    }

    /// Uncounts it.
    pub(super) fn leave_tenant(&self, tenant: TenantId) {
        give(&mut lock(&self.tenants), tenant);
    }
}

fn take<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K, limit: usize) -> Result<(), Refusal> {
    let count = counts.entry(key).or_default();
    if *count >= limit {
        let limit = Some(limit as u64);
        return Err(Refusal { limit, ..Refusal::rate_limited(RETRY_AFTER_MS) });
    }
    *count += 1;
    Ok(())
}

fn give<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let std::collections::hash_map::Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::error::ErrorCode;
    use uuid::Uuid;

    #[test]
    fn one_more_than_allowed_is_refused_until_one_leaves() {
        let room = Room::new(Limits { per_place: 2, per_tenant: 1 });
        room.enter("a").unwrap();
        room.enter("a").unwrap();
        let refusal = room.enter("a").unwrap_err();
        assert_eq!((refusal.code, refusal.limit), (ErrorCode::RateLimited, Some(2)));
        room.enter("b").unwrap();
        room.leave("a");
        room.enter("a").unwrap();
        for _ in 0..2 {
            room.leave("a");
        }
        room.leave("b");
        assert!(lock(&room.places).is_empty());
        let tenant = TenantId(Uuid::nil());
        room.enter_tenant(tenant).unwrap();
        assert!(room.enter_tenant(tenant).is_err());
        room.leave_tenant(tenant);
        assert!(lock(&room.tenants).is_empty());
    }
}
