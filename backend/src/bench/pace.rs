//! When messages are due. A timer of the runtime is exact to a millisecond, which is more than a message takes;
//! a thread that sleeps is exact to some fifty microseconds and costs next to nothing.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::board::Board;

/// Fires `rate` messages a second, the senders taking turns, until the board drains.
pub(super) async fn keep(board: Rc<Board>, rate: u32) {
    let bell = Arc::new(Notify::new());
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let offset = u64::try_from(began.duration_since(board.started()).as_micros()).unwrap_or_default();
    let ticking = {
        let (bell, stop) = (Arc::clone(&bell), Arc::clone(&stop));
        thread::spawn(move || tick(began, rate, &bell, &stop))
    };
    let mut fired = 0;
    while !board.is_draining() {
        bell.notified().await;
        let due = due_by(began.elapsed(), rate);
        while fired < due {
            let sender = usize::try_from(fired).unwrap_or_default() % board.senders().max(1);
            board.fire(sender, offset + fired * 1_000_000 / u64::from(rate));
            fired += 1;
        }
    }
    stop.store(true, Ordering::Relaxed);
    // It ends with the next message that would have been due.
    drop(ticking);
}

/// How many messages are due so long after the start; the first is due at once.
fn due_by(elapsed: Duration, rate: u32) -> u64 {
    u64::try_from(elapsed.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(u64::MAX) + 1
}

fn tick(began: Instant, rate: u32, bell: &Notify, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        bell.notify_one();
        let next = due_by(began.elapsed(), rate);
        let at = began + Duration::from_nanos(next * 1_000_000_000 / u64::from(rate) + 1_000);
        thread::sleep(at.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_at_the_rate() {
        assert_eq!(due_by(Duration::ZERO, 1_000), 1);
        assert_eq!(due_by(Duration::from_micros(999), 1_000), 1);
        assert_eq!(due_by(Duration::from_millis(1), 1_000), 2);
        assert_eq!(due_by(Duration::from_secs(60), 20_000), 1_200_001);
    }
}
