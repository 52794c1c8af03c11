//! A bus as bad as a bus may be (C7): it loses, repeats, delays and so reorders notes. For tests.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use protocol::ids::TenantId;

use super::{Bus, Listening, Lost, News, Note, Topic};

/// Longest delay of a note.
const LATE: Duration = Duration::from_secs(5);

/// Another bus, made unreliable.
pub struct FaultyBus {
    inner: Arc<dyn Bus>,
}

impl FaultyBus {
    /// Makes `inner` unreliable.
    pub fn new(inner: Arc<dyn Bus>) -> Self {
        Self { inner }
    }
}

impl Bus for FaultyBus {
    fn publish(&self, topic: Topic, note: Note) {
        if matches!(note, Note::Revoked(_)) {
            // Losing these has a remedy of its own, with another deadline (C20).
            return self.inner.publish(topic, note);
        }
        match rand::random_range(0..10) {
            0 => {}
            1 => {
                self.inner.publish(topic, note.clone());
                self.inner.publish(topic, note);
            }
            2 => {
                let inner = Arc::clone(&self.inner);
                let late = LATE.mul_f64(rand::random_range(0.0..1.0));
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    inner.publish(topic, note);
                });
            }
            _ => self.inner.publish(topic, note),
        }
    }
    fn listen(&self, tenant: TenantId) -> Listening {
        self.inner.listen(tenant)
    }

    fn lost(&self) -> BoxFuture<'_, Lost> {
        self.inner.lost()
    }

    fn tell_nodes(&self, news: News) {
        self.inner.tell_nodes(news);
    }

    fn works(&self) -> bool {
        self.inner.works()
    }

    fn news(&self) -> BoxFuture<'_, News> {
        self.inner.news()
    }
}
