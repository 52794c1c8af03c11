//! Latencies in buckets whose width grows with the value: constant memory, an error below 0.8 %, and the exact
//! maximum.

use serde::Serialize;

/// Values below this have a bucket each; every doubling after that has half as many.
const LINEAR: u64 = 256;
const HALF: u64 = LINEAR / 2;

/// Latencies in microseconds.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

/// What is reported of a histogram, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        // Up to 2^40 microseconds, twelve days.
        let buckets = usize::try_from(LINEAR + HALF * 32).unwrap_or_default();
        Self { buckets: vec![0; buckets], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one latency.
    pub(super) fn add(&mut self, micros: u64) {
        self.count += 1;
        self.max = self.max.max(micros);
        let last = self.buckets.len() - 1;
        if let Some(bucket) = self.buckets.get_mut(index(micros).min(last)) {
            *bucket += 1;
        }
    }

    /// How many were counted.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The usual percentiles; `None` when nothing was counted.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let at = |per_mille| self.at(per_mille) / 1_000.0;
        (self.count > 0).then(|| Percentiles {
            p50: at(500),
            p90: at(900),
            p99: at(990),
            max: self.max as f64 / 1_000.0,
        })
    }

    /// The value that so many of a thousand do not exceed, in microseconds.
    fn at(&self, per_mille: u64) -> f64 {
        let wanted = (self.count * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= wanted {
                return middle(index as u64).min(self.max as f64);
            }
        }
        self.max as f64
    }
}

fn index(value: u64) -> usize {
    if value < LINEAR {
        return usize::try_from(value).unwrap_or_default();
    }
    // The power of two that brings the value into the upper half of the linear range.
    let shift = u64::from(LINEAR.leading_zeros() - value.leading_zeros()) + 1;
    usize::try_from(LINEAR + (shift - 1) * HALF + (value >> shift) - HALF).unwrap_or(usize::MAX)
}

fn middle(index: u64) -> f64 {
    if index < LINEAR {
        return index as f64;
    }
    let (doubling, place) = ((index - LINEAR) / HALF, (index - LINEAR) % HALF);
    ((HALF + place) as f64 + 0.5) * 2_f64.powi(i32::try_from(doubling + 1).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_close_and_the_maximum_is_exact() {
        let mut all = Histogram::default();
        assert_eq!(all.percentiles(), None);
        for value in 1..=100_000 {
            all.add(value);
        }
        let found = all.percentiles().unwrap();
        for (found, exact) in [(found.p50, 50.0), (found.p90, 90.0), (found.p99, 99.0)] {
            assert!((found / exact - 1.0).abs() < 0.008, "{found} is not {exact}");
        }
        assert!((found.max - 100.0).abs() < f64::EPSILON);
        assert_eq!(all.count(), 100_000);
    }

    #[test]
    fn every_value_is_near_the_middle_of_its_bucket() {
        for shift in 0..38 {
            for value in [1_u64 << shift, (1 << shift) + (1 << shift) / 3, (2 << shift) - 1] {
                let middle = middle(index(value) as u64);
                assert!((middle - value as f64).abs() <= value as f64 * 0.005 + 0.5, "{value}: {middle}");
            }
        }
    }
}
