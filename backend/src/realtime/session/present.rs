//! Being counted as present, for as long as a value lives.

use std::sync::Arc;

use crate::actions::connected;
use crate::app::App;
use crate::auth::Principal;

/// Counts a connection as present. Dropping it uncounts it.
pub(in crate::realtime) struct PresenceGuard {
    app: Arc<App>,
    who: Principal,
}

impl PresenceGuard {
    /// Counts one more.
    pub(super) fn new(app: Arc<App>, who: Principal) -> Self {
        connected::joined(&app, &who);
        Self { app, who }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        connected::left(&self.app, &self.who);
    }
}
