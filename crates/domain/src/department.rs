//! How departments help each other: a conversation that waited long enough in one may be taken by the members
//! of the next.

use std::collections::{HashMap, HashSet};

use protocol::ids::DepartmentId;
use serde::{Deserialize, Serialize};

/// Longest [`Overflow::after_ms`]: 24 h.
pub const MAX_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

/// Where a department's conversations go when its own members do not take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overflow {
    /// Whose members may take them too.
    pub to: DepartmentId,
    /// After how long in the queue, milliseconds. 0 to 24 h. The own department's free members still go first.
    pub after_ms: i64,
}

/// The time of an overflow is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("after_ms must be between 0 and {max}")]
pub struct OverflowError {
    /// Greatest value allowed, milliseconds.
    pub max: i64,
}

impl Overflow {
    /// Checks the time. Whether the department exists, and cycles ([`overflow_cycle`]), are for whoever knows
    /// all departments.
    ///
    /// # Errors
    /// The time is negative or over [`MAX_AFTER_MS`].
    pub fn check(&self) -> Result<(), OverflowError> {
        let inside = (0..=MAX_AFTER_MS).contains(&self.after_ms);
        inside.then_some(()).ok_or(OverflowError { max: MAX_AFTER_MS })
    }
}

/// Departments that overflow in a circle, in its order: each overflows to the next and the last to the first. One
/// that overflows to itself is a circle of one. `departments` are all of a tenant, each with where it overflows to.
pub fn overflow_cycle(
    departments: impl Iterator<Item = (DepartmentId, Option<DepartmentId>)>,
) -> Option<Vec<DepartmentId>> {
    let departments: Vec<_> = departments.collect();
    let next: HashMap<_, _> = departments.iter().filter_map(|(from, to)| Some((*from, (*to)?))).collect();
    let mut clear = HashSet::new();
    for (start, _) in &departments {
        let mut path = Vec::new();
        let mut at = Some(*start);
        while let Some(department) = at.filter(|department| !clear.contains(department)) {
            if let Some(begin) = path.iter().position(|seen| *seen == department) {
                return Some(path.split_off(begin));
            }
            path.push(department);
            at = next.get(&department).copied();
        }
        clear.extend(path);
    }
    None
}

/// Whose members may take a conversation of `department`, and after how long in its queue, milliseconds: itself
/// at once, where it overflows to after its time, where that overflows to after both times, and so on. In a
/// circle each stands once.
pub fn reach(department: DepartmentId, overflows: &HashMap<DepartmentId, Overflow>) -> Vec<(DepartmentId, i64)> {
    let mut reached = vec![(department, 0)];
    let mut seen = HashSet::from([department]);
    let (mut at, mut after) = (department, 0i64);
    while let Some(overflow) = overflows.get(&at).filter(|overflow| seen.insert(overflow.to)) {
        at = overflow.to;
        after = after.saturating_add(overflow.after_ms.max(0));
        reached.push((at, after));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(number: u8) -> DepartmentId {
        DepartmentId(Uuid::from_u128(number.into()))
    }

    fn cycle(pairs: &[(u8, Option<u8>)]) -> Option<Vec<DepartmentId>> {
        overflow_cycle(pairs.iter().map(|(from, to)| (id(*from), to.map(id))))
    }

    #[test]
    fn circles_are_found_and_named_in_order() {
        assert_eq!(cycle(&[]), None);
        assert_eq!(cycle(&[(1, Some(2)), (2, Some(3)), (3, None), (4, Some(3))]), None);
        assert_eq!(cycle(&[(1, Some(1))]), Some(vec![id(1)]));
        assert_eq!(cycle(&[(1, Some(2)), (2, Some(3)), (3, Some(2))]), Some(vec![id(2), id(3)]));
    }

    #[test]
    fn reach_adds_the_times_on_the_way() {
        let to = |to, after_ms| Overflow { to: id(to), after_ms };
        let overflows = HashMap::from([(id(1), to(2, 10)), (id(2), to(3, 5)), (id(4), to(4, 1))]);
        assert_eq!(reach(id(1), &overflows), [(id(1), 0), (id(2), 10), (id(3), 15)]);
        assert_eq!(reach(id(3), &overflows), [(id(3), 0)]);
        assert_eq!(reach(id(4), &overflows), [(id(4), 0)]);
    }

    #[test]
    fn the_time_has_a_limit() {
        let of = |after_ms| Overflow { to: id(1), after_ms }.check();
        assert_eq!((of(0), of(MAX_AFTER_MS)), (Ok(()), Ok(())));
        assert_eq!(of(-1).unwrap_err().to_string(), "after_ms must be between 0 and 86400000");
        assert!(of(MAX_AFTER_MS + 1).is_err());
    }

    proptest! {
        #[test]
        fn any_departments_end(pairs in prop::collection::vec((0u8..8, prop::option::of(0u8..8)), 0..12)) {
            let known: HashMap<u8, Option<u8>> = pairs.into_iter().collect();
            let pairs: Vec<(u8, Option<u8>)> = known.into_iter().collect();
            let overflow = |to: u8| Overflow { to: id(to), after_ms: 1 };
            let overflows: HashMap<_, _> =
                pairs.iter().filter_map(|(from, to)| Some((id(*from), overflow((*to)?)))).collect();
            let found = cycle(&pairs);
            for number in 0..8 {
                let reached = reach(id(number), &overflows);
                let different: HashSet<_> = reached.iter().map(|(department, _)| *department).collect();
                prop_assert_eq!(different.len(), reached.len());
                prop_assert!(reached.iter().enumerate().all(|(step, (_, after))| *after == step as i64));
                // The last one overflows no further, unless there is a circle.
                let last = reached.last().unwrap().0;
                prop_assert!(found.is_some() || !overflows.contains_key(&last));
            }
            if let Some(circle) = found {
                for (at, department) in circle.iter().enumerate() {
                    prop_assert_eq!(overflows[department].to, circle[(at + 1) % circle.len()]);
                }
            }
        }
    }
}
