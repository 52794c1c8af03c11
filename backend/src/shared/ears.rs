//! Hearing other nodes: one connection, on which a channel is listened to for as long as somebody wants it.
//!
//! A connection that is dead without saying so is found out by pings. Whatever may have been lost meanwhile is said
//! to the listeners: everything after a connection was made again, something of one node after a gap in its numbers.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::message::{self, Channel, NodeId};
use super::{ANSWER_WITHIN, PING_EVERY, RETRY_EVERY, Redis};

/// A channel nobody wants any more is still listened to for so long: the next page of a shop is on its way.
const LINGER: Duration = Duration::from_secs(10);
/// Channels named in one command.
const AT_ONCE: usize = 256;

/// Somebody to whom other nodes speak.
pub trait Hears: Send + Sync {
    /// Another node said something. In order for each node and channel.
    fn heard(&self, channel: Channel, from: NodeId, record: &[u8]);
    /// Something that another node said in this channel is lost.
    fn missed(&self, channel: Channel, from: NodeId);
    /// Another node lives.
    fn alive(&self, from: NodeId);
    /// The connection was made again: anything may be lost.
    fn back(&self);
    /// The connection is gone: nothing is heard.
    fn gone(&self);
}

enum Ask {
    Listen(Channel, watch::Sender<bool>),
    Leave(Channel),
}

/// The ears of this node. Cheap to clone; dropping the last lets go of the connection.
#[derive(Clone)]
pub struct Ears {
    asks: mpsc::UnboundedSender<Ask>,
    hears: watch::Receiver<bool>,
}

/// Listens to a channel for as long as it lives.
pub struct Ear {
    channel: Channel,
    open: watch::Receiver<bool>,
    hears: watch::Receiver<bool>,
    asks: mpsc::UnboundedSender<Ask>,
}

impl Ear {
    /// Waits until the channel is heard; not while the server is away. May be for ever; the caller sets the limit.
    pub async fn ready(&self) {
        if !*self.hears.borrow() {
            return;
        }
        // The sender goes when the process ends.
        let _ = self.open.clone().wait_for(|open| *open).await;
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.asks.send(Ask::Leave(self.channel));
    }
}

/// Ears that do not listen yet.
pub struct Closed {
    asked: mpsc::UnboundedReceiver<Ask>,
    hears: watch::Sender<bool>,
}

impl Ears {
    /// Ears, and what makes them listen.
    pub fn new() -> (Self, Closed) {
        let (asks, asked) = mpsc::unbounded_channel();
        let (sender, hears) = watch::channel(false);
        (Self { asks, hears }, Closed { asked, hears: sender })
    }

    /// Listens to a channel until the ear is dropped.
    pub fn listen(&self, channel: Channel) -> Ear {
        let (sender, open) = watch::channel(false);
        let _ = self.asks.send(Ask::Listen(channel, sender));
        Ear { channel, open, hears: self.hears.clone(), asks: self.asks.clone() }
    }

    /// Whether anything can be heard now.
    pub fn hears(&self) -> bool {
        *self.hears.borrow()
    }

    /// Waits until anything is heard. May be for ever; the caller sets the limit.
    pub async fn ready(&self) {
        let _ = self.hears.clone().wait_for(|hears| *hears).await;
    }
}

impl Closed {
    /// Begins to hear for the node `own`, whose own words are not repeated to it.
    pub fn open(self, redis: Arc<Redis>, own: NodeId, listeners: Vec<Weak<dyn Hears>>) {
        let (channels, numbers) = (HashMap::new(), HashMap::new());
        let hearing = Hearing { redis, own, listeners, hears: self.hears, channels, numbers };
        tokio::spawn(hearing.run(self.asked));
    }
}

/// Who wants a channel.
#[derive(Default)]
struct Wanted {
    ears: usize,
    waiting: Vec<watch::Sender<bool>>,
    left_at: Option<Instant>,
    is_open: bool,
}

/// The task that hears.
struct Hearing {
    redis: Arc<Redis>,
    own: NodeId,
    listeners: Vec<Weak<dyn Hears>>,
    hears: watch::Sender<bool>,
    channels: HashMap<Channel, Wanted>,
    /// The last number of each node in each channel. Kept when the connection is made again: another node's voice may
    /// still be away then, and what it loses after everything was read shows by the gap alone.
    numbers: HashMap<(Channel, NodeId), u64>,
}

/// Nobody listens any more.
struct Over;

impl Hearing {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        loop {
            let connected = match self.redis.hearing().await {
                Ok(connection) => self.hear(connection.split(), &mut asked).await,
                Err(_) => Ok(()),
            };
            if connected.is_err() {
                return;
            }
            for wanted in self.channels.values_mut() {
                wanted.is_open = false;
                wanted.waiting.retain(|sender| !sender.is_closed());
                wanted.waiting.iter().for_each(|sender| _ = sender.send_replace(false));
            }
            if self.hears.send_replace(false) {
                self.each(|listener| listener.gone());
            }
            sleep(RETRY_EVERY).await;
            loop {
                match asked.try_recv() {
                    Ok(ask) => self.note(ask),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    /// Hears until the connection fails.
    async fn hear(
        &mut self,
        (mut sink, mut stream): (PubSubSink, PubSubStream),
        asked: &mut mpsc::UnboundedReceiver<Ask>,
    ) -> Result<(), Over> {
        if !self.catch_up(&mut sink).await {
            return Ok(());
        }
        self.each(|listener| listener.back());
        self.hears.send_replace(true);
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = tokio::select! {
                // In this order: who has just begun to listen must not wait behind what others say.
                biased;
                ask = asked.recv() => {
                    self.note(ask.ok_or(Over)?);
                    while let Ok(ask) = asked.try_recv() {
                        self.note(ask);
                    }
                    self.catch_up(&mut sink).await
                }
                _ = pings.tick() => {
                    let answer = timeout(ANSWER_WITHIN, sink.ping::<redis::Value>()).await;
                    self.leave_unwanted(&mut sink).await && answer.is_ok_and(|answer| answer.is_ok())
                }
                message = stream.next() => match message {
                    Some(message) => {
                        self.message(message.get_channel_name(), message.get_payload_bytes());
                        true
                    }
                    None => false,
                },
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn note(&mut self, ask: Ask) {
        match ask {
            Ask::Listen(channel, sender) => {
                let wanted = self.channels.entry(channel).or_default();
                wanted.ears += 1;
                wanted.left_at = None;
                sender.send_replace(wanted.is_open);
                wanted.waiting.retain(|sender| !sender.is_closed());
                wanted.waiting.push(sender);
            }
            Ask::Leave(channel) => {
                if let Some(wanted) = self.channels.get_mut(&channel) {
                    wanted.ears = wanted.ears.saturating_sub(1);
                    wanted.left_at = (wanted.ears == 0).then(Instant::now);
                }
            }
        }
    }

    /// Subscribes to what is wanted and not heard yet. False when the connection failed.
    async fn catch_up(&mut self, sink: &mut PubSubSink) -> bool {
        let missing: Vec<Channel> =
            self.channels.iter().filter(|(_, wanted)| !wanted.is_open).map(|(channel, _)| *channel).collect();
        for part in missing.chunks(AT_ONCE) {
            let names: Vec<String> = part.iter().map(|channel| self.redis.name(&channel.name())).collect();
            match timeout(ANSWER_WITHIN, sink.subscribe(names)).await {
                Ok(Ok(())) => {}
                _ => return false,
            }
            for channel in part {
                if let Some(wanted) = self.channels.get_mut(channel) {
                    wanted.is_open = true;
                    wanted.waiting.iter().for_each(|sender| _ = sender.send_replace(true));
                }
            }
        }
        true
    }

    async fn leave_unwanted(&mut self, sink: &mut PubSubSink) -> bool {
        let left = |wanted: &Wanted| wanted.left_at.is_some_and(|at| at.elapsed() >= LINGER);
        let unwanted: Vec<Channel> =
            self.channels.iter().filter(|(_, wanted)| left(wanted)).map(|(channel, _)| *channel).collect();
        for part in unwanted.chunks(AT_ONCE) {
            let names: Vec<String> = part.iter().map(|channel| self.redis.name(&channel.name())).collect();
            match timeout(ANSWER_WITHIN, sink.unsubscribe(names)).await {
                Ok(Ok(())) => {}
                _ => return false,
            }
            for channel in part {
                self.channels.remove(channel);
            }
            self.numbers.retain(|(channel, _), _| !part.contains(channel));
        }
        true
    }

    fn message(&mut self, name: &str, bytes: &[u8]) {
        let channel = name.strip_prefix(self.redis.name("").as_str()).and_then(Channel::parse);
        let (Some(channel), Some(message)) = (channel, message::read(bytes)) else {
            return tracing::debug!(name, "another node says something that is not understood");
        };
        if message.from == self.own {
            if channel == Channel::People && message.records.is_empty() {
                self.redis.heard();
            }
            return;
        }
        self.each(|listener| listener.alive(message.from));
        let is_mark = message.records.is_empty();
        let place = (channel, message.from);
        let last = self.numbers.get(&place).copied();
        let expected = last.map(|last| if is_mark { last } else { last + 1 });
        if expected.is_some_and(|expected| message.number < expected) {
            // Said twice.
            return;
        }
        self.numbers.insert(place, message.number);
        if expected.is_some_and(|expected| message.number > expected) {
            self.each(|listener| listener.missed(channel, message.from));
        }
        for record in message.records {
            self.each(|listener| listener.heard(channel, message.from, record));
        }
    }

    fn each(&self, act: impl Fn(&dyn Hears)) {
        self.listeners.iter().filter_map(Weak::upgrade).for_each(|listener| act(&*listener));
    }
}
