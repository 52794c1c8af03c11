//! One read for many who ask at the same time. When a queue moves, everybody in it looks at the same picture; reading it
//! once for each of a thousand visitors would take a thousand times as long.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::AppResult;

/// Shares reads by key. Whoever asks gets what was read from a moment after the asking on, so nobody sees less than by
/// reading alone. Nothing is kept longer than somebody waits for it.
pub struct Together<K> {
    // A std mutex: held for a look into the map, never across an await.
    slots: Mutex<HashMap<(K, TypeId), Arc<Slot>>>,
}

/// What those who ask for the same by one key share.
#[derive(Default)]
struct Slot {
    /// How many have asked so far.
    asked: AtomicU64,
    /// The latest read, and how many had asked when it began. Whoever reads holds the lock, the others wait for it.
    latest: tokio::sync::Mutex<Option<Read>>,
}

struct Read {
    begun: u64,
    value: Arc<dyn Any + Send + Sync>,
}

/// Somebody who asks, until they have their answer or stop waiting. The last one out forgets what was read.
struct Asking<'a, K: Eq + Hash + Copy> {
    of: &'a Together<K>,
    key: (K, TypeId),
    slot: Arc<Slot>,
}

impl<K: Eq + Hash + Copy> Drop for Asking<'_, K> {
    fn drop(&mut self) {
        let mut slots = self.of.slots();
        // One is the map's and one ours: nobody else has it, and nobody can get it while the map is locked.
        if Arc::strong_count(&self.slot) == 2 {
            slots.remove(&self.key);
        }
    }
}

impl<K> Default for Together<K> {
    fn default() -> Self {
        Self { slots: Mutex::new(HashMap::new()) }
    }
}

impl<K: Eq + Hash + Copy> Together<K> {
    /// What `read` answers, or what somebody else's read of the same key and type answers that began after this call.
    /// Dropping the future is safe: the next one who waits reads instead.
    ///
    /// # Errors
    /// Those of `read`, which only the one who reads gets; the next one tries again.
    pub async fn get<T, F>(&self, key: K, read: impl FnOnce() -> F) -> AppResult<Arc<T>>
    where
        T: Any + Send + Sync,
        F: Future<Output = AppResult<T>>,
    {
        let asking = self.ask((key, TypeId::of::<T>()));
        let number = asking.slot.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut latest = asking.slot.latest.lock().await;
        let known = latest.as_ref().filter(|known| known.begun >= number);
        if let Some(value) = known.and_then(|known| Arc::clone(&known.value).downcast::<T>().ok()) {
            return Ok(value);
        }
        let begun = asking.slot.asked.load(Ordering::SeqCst);
        let value = Arc::new(read().await?);
        *latest = Some(Read { begun, value: Arc::clone(&value) as Arc<dyn Any + Send + Sync> });
        Ok(value)
    }

    fn ask(&self, key: (K, TypeId)) -> Asking<'_, K> {
        Asking { of: self, key, slot: Arc::clone(self.slots().entry(key).or_default()) }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<(K, TypeId), Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::AtomicU32;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn those_who_wait_share_a_read_and_nobody_gets_one_from_before() {
        let (together, reads, gate) = (Together::<u8>::default(), AtomicU32::new(0), Semaphore::new(0));
        let ask = |key| {
            together.get(key, || async {
                let number = reads.fetch_add(1, Ordering::SeqCst) + 1;
                gate.acquire().await.unwrap().forget();
                Ok(number)
            })
        };
        let all = join_all((0..50).map(|_| ask(1)));
        let open = async { gate.add_permits(50) };
        let (answers, ()) = tokio::join!(all, open);
        let answers: Vec<u32> = answers.into_iter().map(|answer| *answer.unwrap()).collect();
        // The first began to read when it alone had asked; all the others asked before the second read began.
        assert_eq!(answers[0], 1);
        assert!(answers[1..].iter().all(|answer| *answer == 2), "{answers:?}");
        assert_eq!(*ask(1).await.unwrap(), 3, "later is read later");
        assert_eq!(*ask(2).await.unwrap(), 4, "another key is another read");
        assert!(together.slots().is_empty(), "nothing is kept");
    }

    #[tokio::test]
    async fn an_error_is_for_one_and_the_next_one_reads() {
        let together = Together::<u8>::default();
        let refused = together.get(1, || async { Err::<u8, _>(crate::error::AppError::not_found("it")) }).await;
        assert!(refused.is_err() && together.slots().is_empty());
        assert_eq!(*together.get(1, || async { Ok(7_u8) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_the_read_to_the_next() {
        let together = Together::<u8>::default();
        let never = together.get(1, std::future::pending::<AppResult<u8>>);
        let soon = tokio::time::timeout(std::time::Duration::from_millis(1), never);
        assert!(soon.await.is_err() && together.slots().is_empty());
        assert_eq!(*together.get(1, || async { Ok(7_u8) }).await.unwrap(), 7);
    }
}
