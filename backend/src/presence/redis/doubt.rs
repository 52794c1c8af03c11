//! Who seems to be gone may have come to another node that is not heard. So nobody goes while it is not certain what
//! the others know: for whoever is not here time stands still, and when it is certain again, they are looked at again.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::presence::Who;

/// A node that has not looked after the others for so long was frozen: what it could not hear says nothing of them.
const STALLED: Duration = Duration::from_secs(5);
/// So long it may take, in milliseconds, until it is noticed that nothing is heard.
const UNNOTICED_MS: i64 = 10_000;

/// Whether it is certain who is connected to other nodes.
#[derive(Default)]
pub(super) struct Doubt {
    is_sure: bool,
    /// When it was certain last, Unix milliseconds.
    sure_at: Option<i64>,
    looked_at: Option<Instant>,
    /// Who counts as here only because it is not certain.
    held: HashSet<Who>,
}

impl Doubt {
    /// Something may be missing from now on.
    pub(super) fn begins(&mut self) {
        self.is_sure = false;
    }

    /// Whether it is certain at `at` who is connected elsewhere.
    pub(super) fn is_sure(&self, at: Instant) -> bool {
        self.is_sure && self.looked_at.is_some_and(|looked| at - looked < STALLED)
    }

    /// This node looks after the others at `at`. True when it was frozen before.
    pub(super) fn looks(&mut self, at: Instant) -> bool {
        self.looked_at.replace(at).is_some_and(|looked| at - looked >= STALLED)
    }

    /// Whether it is certain `now` (Unix milliseconds). Gives who is to be looked at again, because it is.
    pub(super) fn judged(&mut self, is_sure: bool, now: i64) -> HashSet<Who> {
        self.is_sure = is_sure;
        if !is_sure {
            return HashSet::new();
        }
        self.sure_at = Some(now);
        std::mem::take(&mut self.held)
    }

    /// Whether somebody who seems to be gone since `since` went before it became uncertain, so that it stands. `began`
    /// is when the process did.
    pub(super) fn is_gone(&mut self, who: Who, since: i64, began: i64) -> bool {
        let is_gone = self.is_sure(Instant::now()) || since < self.sure_at.unwrap_or(began) - UNNOTICED_MS;
        if !is_gone {
            self.held.insert(who);
        }
        is_gone
    }

    /// Whether somebody who seems to be gone since `since` is within `grace_ms` of it `now`, by a clock that stands
    /// still while it is not certain.
    pub(super) fn is_within(&mut self, who: Who, since: i64, now: i64, grace_ms: i64) -> bool {
        let is_within = now - since < grace_ms;
        if is_within || self.is_sure(Instant::now()) {
            return is_within;
        }
        // At the beginning nothing is known yet, whatever some of the others have said.
        let was_within = self.sure_at.is_none_or(|sure_at| sure_at - since < grace_ms);
        if was_within {
            self.held.insert(who);
        }
        was_within
    }
}
