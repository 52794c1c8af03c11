use std::collections::BTreeMap;

use protocol::ids::DepartmentId;
use serde::Serialize;

use super::{Fate, Outcome, Visit};

/// Figures about an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// About everybody.
    pub all: Figures,
    /// By the department that visitors came to, in the order of ids.
    pub departments: Vec<(DepartmentId, Figures)>,
}

/// Figures about some visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Visitors who came.
    pub count: u64,
    /// To whom an agent talked.
    pub served: u64,
    /// Who gave up.
    pub gave_up: u64,
    /// Who left a message.
    pub left_offline: u64,
    /// How long those who were served had waited; `None`: nobody was.
    pub waits: Option<Waits>,
}

/// How long visitors waited, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// At least half of them no longer than this.
    pub p50_ms: i64,
    /// At least nine of ten no longer than this.
    pub p90_ms: i64,
    /// On average, rounded down.
    pub mean_ms: i64,
    /// The longest.
    pub max_ms: i64,
}

impl Outcome {
    /// Figures about everybody and every department.
    pub fn summary(&self) -> Summary {
        let mut departments: BTreeMap<DepartmentId, Vec<&Visit>> = BTreeMap::new();
        for visit in &self.visits {
            departments.entry(visit.department).or_default().push(visit);
        }
        let by_department = departments.into_iter().map(|(id, visits)| (id, Figures::of(visits.into_iter())));
        Summary { all: Figures::of(self.visits.iter()), departments: by_department.collect() }
    }
}

impl Figures {
    fn of<'a>(visits: impl Iterator<Item = &'a Visit>) -> Self {
        let mut figures = Self::default();
        let mut waits = Vec::new();
        for visit in visits {
            figures.count += 1;
            match visit.fate {
                Fate::Served { waited_ms, .. } => {
                    figures.served += 1;
                    waits.push(waited_ms);
                }
                Fate::GaveUp { .. } => figures.gave_up += 1,
                Fate::LeftOffline { .. } => figures.left_offline += 1,
            }
        }
        Self { waits: Waits::of(waits), ..figures }
    }
}

impl Waits {
    fn of(mut waits: Vec<i64>) -> Option<Self> {
        waits.sort_unstable();
        let sum: i128 = waits.iter().map(|wait| i128::from(*wait)).sum();
        let mean = sum.checked_div(i128::try_from(waits.len()).ok()?)?;
        Some(Self {
            p50_ms: percentile(&waits, 50)?,
            p90_ms: percentile(&waits, 90)?,
            mean_ms: i64::try_from(mean).ok()?,
            max_ms: *waits.last()?,
        })
    }
}

/// The smallest value that so many per cent do not exceed.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = sorted.len().checked_mul(percent)?.div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}
