//! A server whose clock tests set (libfaketime).

use std::path::PathBuf;

use uuid::Uuid;

use crate::world::Plan;

/// The clock of one server. It shows the right time until it is told to jump.
pub(crate) struct Clock {
    library: PathBuf,
    offset: PathBuf,
}

impl Clock {
    /// A clock, where the library that lies about the time is installed; says so where it is not.
    pub(crate) fn new() -> Option<Self> {
        // Where distributions put it.
        let folders =
            ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
        let library = folders.iter().map(|folder| PathBuf::from(folder).join("libfaketimeMT.so.1"));
        let Some(library) = library.into_iter().find(|path| path.exists()) else {
            eprintln!("SKIPPED: libfaketime is not installed; scripts/setup-test.sh installs it");
            return None;
        };
        let offset = std::env::temp_dir().join(format!("frontdesk-clock-{}", Uuid::new_v4()));
        let clock = Self { library, offset };
        clock.jumps("+0");
        Some(clock)
    }

    /// The same plan with a server that looks at this clock. Its timers run on as ever.
    pub(crate) fn rules(&self, plan: Plan) -> Plan {
        self.environment().iter().fold(plan, |plan, (name, value)| plan.with(name, value))
    }

    /// What makes a server look at it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    /// Sets it so far from the right time: `+26h`, `-1h`, `+0`.
    pub(crate) fn jumps(&self, jump: &str) {
        std::fs::write(&self.offset, jump).expect("the clock is set");
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.offset);
    }
}
