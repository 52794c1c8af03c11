//! Being counted as present, for as long as a value lives.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::Session;
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

/// Keeps somebody present for a while after a held request ended, however it ended: the next is on its way.
pub(in crate::realtime) struct Lingering {
    presence: Option<PresenceGuard>,
    time: Duration,
}

impl Lingering {
    /// Takes over the count of a session.
    pub(in crate::realtime) fn of(session: &mut Session) -> Self {
        let time = session.realtime.pace.present_after_poll;
        Self { presence: session.take_presence(), time }
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let (presence, time) = (self.presence.take(), self.time);
        // Without a runtime the process is ending and nobody is present any more.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                sleep(time).await;
                drop(presence);
            });
        }
    }
}
