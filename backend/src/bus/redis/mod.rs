//! The bus of many nodes: delivers in this process at once, and tells the others by pub/sub, in one channel for each
//! tenant. A node listens to a tenant's channel while it has sessions of that tenant.

/// Notes as bytes.
mod encode;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use protocol::ids::TenantId;
use tokio::sync::{Notify, mpsc};

use super::{Bus, Deliver, Listening, Lost, News, Note, Topic};
use crate::shared::ears::{Ear, Ears, Hears};
use crate::shared::message::{Channel, NodeId};
use crate::shared::voice::Voice;

/// Most news that wait for this node; what does not fit is found by looking.
const NEWS: usize = 4096;

/// Publishes to every node.
pub struct RedisBus {
    local: Arc<dyn Deliver>,
    voice: Arc<Voice>,
    ears: Ears,
    _news_ear: Ear,
    // Std mutexes: held for a map operation, never across an await.
    tenants: Mutex<HashMap<TenantId, Weak<Ear>>>,
    lost: Mutex<Option<Lost>>,
    bell: Notify,
    news: mpsc::Sender<News>,
    heard: tokio::sync::Mutex<mpsc::Receiver<News>>,
}

impl RedisBus {
    /// A bus that hands everything to `local`, and says it by `voice`. It must be one of the listeners of `ears`.
    pub fn new(local: Arc<dyn Deliver>, voice: Arc<Voice>, ears: Ears) -> Self {
        let (news, heard) = mpsc::channel(NEWS);
        Self {
            local,
            voice,
            _news_ear: ears.listen(Channel::News),
            ears,
            tenants: Mutex::default(),
            lost: Mutex::default(),
            bell: Notify::new(),
            news,
            heard: tokio::sync::Mutex::new(heard),
        }
    }

    fn note_loss(&self, tenant: Option<TenantId>) {
        let mut lost = lock(&self.lost);
        match (lost.get_or_insert_with(|| Lost::Of(HashSet::new())), tenant) {
            (Lost::Of(tenants), Some(tenant)) => _ = tenants.insert(tenant),
            (all, None) => *all = Lost::Anything,
            (Lost::Anything, Some(_)) => {}
        }
        drop(lost);
        self.bell.notify_one();
    }
}

impl Bus for RedisBus {
    fn publish(&self, topic: Topic, note: Note) {
        self.local.deliver(topic, &note);
        self.voice.say(Channel::Tenant(topic.tenant()), encode::note(topic, &note));
    }

    fn listen(&self, tenant: TenantId) -> Listening {
        let mut tenants = lock(&self.tenants);
        if let Some(ear) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return Listening(Some(ear));
        }
        let ear = Arc::new(self.ears.listen(Channel::Tenant(tenant)));
        tenants.insert(tenant, Arc::downgrade(&ear));
        if tenants.len().is_power_of_two() {
            tenants.retain(|_, ear| ear.strong_count() > 0);
        }
        Listening(Some(ear))
    }

    fn lost(&self) -> BoxFuture<'_, Lost> {
        async {
            loop {
                if let Some(lost) = lock(&self.lost).take() {
                    return lost;
                }
                self.bell.notified().await;
            }
        }
        .boxed()
    }

    fn tell_nodes(&self, news: News) {
        self.voice.say(Channel::News, encode::news(&news));
    }

    fn works(&self) -> bool {
        self.ears.hears()
    }

    fn news(&self) -> BoxFuture<'_, News> {
        async {
            match self.heard.lock().await.recv().await {
                Some(news) => news,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

impl Hears for RedisBus {
    fn heard(&self, channel: Channel, _from: NodeId, record: &[u8]) {
        match channel {
            Channel::Tenant(tenant) => match encode::read_note(record) {
                // A channel carries its own tenant's notes only (rule T4).
                Some((topic, note)) if topic.tenant() == tenant => self.local.deliver(topic, &note),
                _ => tracing::debug!(%tenant, "another node sends a note that is not understood"),
            },
            Channel::News => {
                if let Some(news) = encode::read_news(record) {
                    let _ = self.news.try_send(news);
                }
            }
            Channel::People => {}
        }
    }

    fn missed(&self, channel: Channel, _from: NodeId) {
        if let Channel::Tenant(tenant) = channel {
            self.note_loss(Some(tenant));
        }
    }

    fn alive(&self, _from: NodeId) {}

    fn back(&self) {
        self.note_loss(None);
    }

    fn gone(&self) {}
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
