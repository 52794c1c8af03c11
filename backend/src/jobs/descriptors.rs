//! Says when no more files and connections can be opened (F27). Whoever accepts connections waits by itself and goes
//! on by itself; somebody has to hear of it.

use std::fs::File;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::metrics::metrics;

const EVERY: Duration = Duration::from_secs(1);
/// What opening needs and always can be opened.
const PROBE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };
/// `ENFILE` and `EMFILE`: too many open files in the system, in the process.
const TOO_MANY: [i32; 2] = [23, 24];

pub(super) async fn run() {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut short = false;
    loop {
        ticks.tick().await;
        let now = match File::open(PROBE) {
            Ok(_) => false,
            Err(error) => error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code)),
        };
        match (short, now) {
            (false, true) => tracing::error!("the limit of open files is reached: new connections wait"),
            (true, false) => tracing::info!("files can be opened again"),
            _ => {}
        }
        if now {
            metrics().descriptors_exhausted.increment(EVERY.as_secs());
        }
        short = now;
    }
}
