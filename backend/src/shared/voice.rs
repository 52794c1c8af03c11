//! Speaking to the other nodes. Whoever speaks never waits: what does not fit or does not arrive is lost, and the
//! numbers of the messages say so to whoever listens.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Redis;
use super::message::{self, Channel, NodeId};
use crate::metrics::metrics;

/// Most records that wait to be sent.
const WAITING: usize = 16_384;
/// Most records sent at once.
const AT_ONCE: usize = 512;
/// Most bytes in one message, unless a single record has more: Redis drops a listener for whom 32 MB wait.
const BYTES: usize = 256 * 1024;
/// How long sending may take.
const WITHIN: Duration = Duration::from_secs(2);
/// How often the last number of each channel is said again, and that this node lives.
pub(crate) const MARK_EVERY: Duration = Duration::from_secs(2);

/// The mouth of this node. Cheap to share.
pub struct Voice {
    node: NodeId,
    queue: mpsc::Sender<(Channel, Vec<u8>)>,
    // A std mutex: held for a set operation, never across an await.
    missed: Arc<Mutex<HashSet<Channel>>>,
}

impl Voice {
    /// A voice of `node`. It speaks for as long as it is kept.
    pub fn start(redis: Arc<Redis>, node: NodeId) -> Arc<Self> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let missed = Arc::new(Mutex::new(HashSet::new()));
        let speaker = Speaker { redis, node, missed: Arc::clone(&missed), spoken: HashMap::new() };
        tokio::spawn(speaker.run(waiting));
        Arc::new(Self { node, queue, missed })
    }

    /// A voice that reaches nobody, and what it says, for tests of who speaks.
    #[cfg(test)]
    pub(crate) fn kept(node: NodeId) -> (Arc<Self>, mpsc::Receiver<(Channel, Vec<u8>)>) {
        let (queue, said) = mpsc::channel(WAITING);
        (Arc::new(Self { node, queue, missed: Arc::default() }), said)
    }

    /// Who speaks.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Says something to whoever listens. In the order of the calls for each channel.
    pub fn say(&self, channel: Channel, record: Vec<u8>) {
        if self.queue.try_send((channel, record)).is_err() {
            metrics().bus_dropped.increment(1);
            self.missed.lock().unwrap_or_else(PoisonError::into_inner).insert(channel);
        }
    }
}

/// The task that speaks.
struct Speaker {
    redis: Arc<Redis>,
    node: NodeId,
    missed: Arc<Mutex<HashSet<Channel>>>,
    /// Never forgotten: a number that begins anew would look old.
    spoken: HashMap<Channel, Spoken>,
}

#[derive(Default)]
struct Spoken {
    number: u64,
    /// Said something since the last mark that arrived.
    fresh: bool,
}

/// What one message will say.
struct Part {
    channel: Channel,
    bytes: usize,
    records: Vec<Vec<u8>>,
}

impl Part {
    fn add(&mut self, record: Vec<u8>) {
        self.bytes += record.len();
        self.records.push(record);
    }
}

impl Speaker {
    async fn run(mut self, mut waiting: mpsc::Receiver<(Channel, Vec<u8>)>) {
        let mut batch = Vec::new();
        let mut marks = interval(MARK_EVERY);
        marks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                taken = waiting.recv_many(&mut batch, AT_ONCE) => {
                    if taken == 0 {
                        return;
                    }
                    let messages = self.messages(&mut batch);
                    self.publish(&messages).await;
                }
                _ = marks.tick() => self.mark().await,
            }
        }
    }

    /// What was said in each channel, in as few messages as may be. Who is connected comes first: whatever else is said
    /// may rest on it.
    fn messages(&mut self, batch: &mut Vec<(Channel, Vec<u8>)>) -> Vec<(Channel, Vec<u8>)> {
        let mut parts: Vec<Part> = Vec::new();
        for (channel, record) in batch.drain(..) {
            match parts.iter_mut().rfind(|part| part.channel == channel) {
                Some(part) if part.bytes + record.len() <= BYTES => part.add(record),
                _ => parts.push(Part { channel, bytes: record.len(), records: vec![record] }),
            }
        }
        parts.sort_by_key(|part| part.channel != Channel::People);
        self.skip_numbers();
        let node = self.node;
        let message = |part: Part| {
            let spoken = self.spoken.entry(part.channel).or_default();
            spoken.number += 1;
            spoken.fresh = true;
            (part.channel, message::write(node, spoken.number, &part.records))
        };
        parts.into_iter().map(message).collect()
    }

    /// Says the last numbers again. What does not arrive is said with the next marks: it may be all that shows that
    /// something was lost before.
    async fn mark(&mut self) {
        let marks = self.marks();
        self.redis.said();
        let arrived = self.publish(&marks).await;
        self.arrived(&marks, &arrived);
    }

    fn arrived(&mut self, marks: &[(Channel, Vec<u8>)], arrived: &[bool]) {
        for ((channel, _), _) in marks.iter().zip(arrived).filter(|(_, arrived)| **arrived) {
            if let Some(spoken) = self.spoken.get_mut(channel) {
                spoken.fresh = false;
            }
        }
    }

    fn marks(&mut self) -> Vec<(Channel, Vec<u8>)> {
        self.skip_numbers();
        self.spoken.entry(Channel::People).or_default().fresh = true;
        let node = self.node;
        let fresh = self.spoken.iter().filter(|(_, spoken)| spoken.fresh);
        fresh.map(|(channel, spoken)| (*channel, message::write(node, spoken.number, &[]))).collect()
    }

    /// What did not fit counts as said, so that it is missed.
    fn skip_numbers(&mut self) {
        let missed = std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner));
        for channel in missed {
            let spoken = self.spoken.entry(channel).or_default();
            spoken.number += 1;
            spoken.fresh = true;
        }
    }

    /// Whether each arrived.
    async fn publish(&self, messages: &[(Channel, Vec<u8>)]) -> Vec<bool> {
        let commands: Vec<_> = messages
            .iter()
            .map(|(channel, bytes)| redis::cmd("PUBLISH").arg(self.redis.name(&channel.name())).arg(bytes).clone())
            .collect();
        // All at once, in this order; the answers are awaited so that no more is under way than the server takes.
        let answers = join_all(commands.iter().map(|command| self.redis.ask::<i64>(command, WITHIN))).await;
        answers.iter().map(Result::is_ok).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::TenantId;
    use uuid::Uuid;

    async fn speaker() -> Speaker {
        let settings = crate::config::redis::Redis {
            kind: crate::config::redis::Kind::One,
            hosts: vec![("127.0.0.1".to_owned(), 1)],
            tls: false,
            name: None,
            password: None,
            sentinel_password: None,
            database: 0,
        };
        let redis = Arc::new(Redis::away(&settings).unwrap());
        Speaker { redis, node: NodeId(1), missed: Arc::default(), spoken: HashMap::new() }
    }

    fn number(bytes: &[u8]) -> (u64, usize) {
        let message = message::read(bytes).unwrap();
        (message.number, message.records.len())
    }

    #[tokio::test]
    async fn numbers_count_up_and_marks_repeat_them() {
        let mut speaker = speaker().await;
        let tenant = Channel::Tenant(TenantId(Uuid::from_u128(1)));
        let mut batch = vec![(tenant, vec![1]), (Channel::People, vec![2]), (tenant, vec![3])];
        let messages = speaker.messages(&mut batch);
        let said: Vec<_> = messages.iter().map(|(channel, bytes)| (*channel, number(bytes))).collect();
        assert_eq!(said, [(Channel::People, (1, 1)), (tenant, (1, 2))]);
        let marks = speaker.marks();
        assert_eq!(marks.len(), 2);
        assert!(marks.iter().all(|(_, bytes)| number(bytes) == (1, 0)));
        speaker.missed.lock().unwrap().insert(tenant);
        let messages = speaker.messages(&mut vec![(tenant, vec![4])]);
        assert_eq!(number(&messages[0].1), (3, 1), "2 did not fit");
    }

    #[tokio::test]
    async fn what_is_long_is_said_in_several_messages_in_order() {
        let mut speaker = speaker().await;
        let record = |first: u8| [vec![first], vec![0; BYTES / 2 - 1]].concat();
        let mut batch: Vec<_> = (0..5).map(|first| (Channel::People, record(first))).collect();
        batch.push((Channel::People, vec![5; BYTES * 2]));
        let messages = speaker.messages(&mut batch);
        assert!(messages[..3].iter().all(|(_, bytes)| bytes.len() <= BYTES + 100), "none is long");
        let said: Vec<_> = messages.iter().map(|(_, bytes)| number(bytes)).collect();
        assert_eq!(said, [(1, 2), (2, 2), (3, 1), (4, 1)], "a record is not taken apart");
        let firsts = messages.iter().flat_map(|(_, bytes)| message::read(bytes).unwrap().records).map(|it| it[0]);
        assert!(firsts.eq(0..6), "in order");
    }

    #[tokio::test]
    async fn a_mark_that_did_not_arrive_is_said_again() {
        let mut speaker = speaker().await;
        let tenant = Channel::Tenant(TenantId(Uuid::from_u128(1)));
        speaker.messages(&mut vec![(tenant, vec![1])]);
        speaker.mark().await;
        let marks = speaker.marks();
        assert!(marks.iter().any(|(channel, _)| *channel == tenant), "nobody was there to hear it");
        speaker.arrived(&marks, &[true, true]);
        let again: Vec<_> = speaker.marks().into_iter().map(|(channel, _)| channel).collect();
        assert_eq!(again, [Channel::People], "the sign of life");
    }
}
