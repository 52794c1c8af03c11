//! What is compared: how many were served, and how long they waited.

use serde::Serialize;

/// How it went with a number of visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Who entered the queue.
    pub count: usize,
    /// Whom an agent took.
    pub served: usize,
    /// Who gave up, waited longer than allowed, or was still waiting at the end.
    pub left: usize,
    /// Half of those who were served waited no longer than this, milliseconds; `None` when nobody was.
    pub wait_p50_ms: Option<i64>,
    /// Nine of ten.
    pub wait_p90_ms: Option<i64>,
    /// All.
    pub wait_max_ms: Option<i64>,
}

impl Figures {
    /// The figures of these visitors: each the wait until served in milliseconds, or `None`.
    pub fn of(waits: impl IntoIterator<Item = Option<i64>>) -> Self {
        let all: Vec<Option<i64>> = waits.into_iter().collect();
        let mut served: Vec<i64> = all.iter().copied().flatten().collect();
        served.sort_unstable();
        Self {
            count: all.len(),
            served: served.len(),
            left: all.len() - served.len(),
            wait_p50_ms: percentile(&served, 50),
            wait_p90_ms: percentile(&served, 90),
            wait_max_ms: served.last().copied(),
        }
    }
}

/// The smallest value that so many of 100 do not exceed, of sorted ones.
pub fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_those_who_were_served() {
        let figures = Figures::of((1..=10).map(Some).chain([None, None]));
        assert_eq!((figures.count, figures.served, figures.left), (12, 10, 2));
        assert_eq!(figures.wait_p50_ms, Some(5));
        assert_eq!(figures.wait_p90_ms, Some(9));
        assert_eq!(figures.wait_max_ms, Some(10));
        assert_eq!(Figures::of([None]).wait_p50_ms, None);
        assert_eq!(Figures::of([Some(7)]).wait_p90_ms, Some(7));
    }
}
