//! A world of one client, a bad network and a model server, in simulated time.

mod network;
mod server;

use std::collections::HashMap;

use client::{Client, ClientEvent, Config, Effect, Input, Outgoing, Status, Tick, TimerId};
use protocol::command::{Command, Post, PostBody};
use protocol::entry::Text;
use protocol::event::Event;
use protocol::ids::{Cmid, ConversationId};
use protocol::timeline::{SendState, Timeline};

use network::Network;
pub(crate) use server::Server;

/// How bad the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything passes.
    Good,
    /// Sockets break now and then, requests fail now and then, before or after the server saw them.
    Rough,
    /// A proxy refuses sockets at once.
    SocketsRefused,
    /// Sockets never open.
    SocketsHang,
    /// Nothing passes.
    Down,
}

/// Small and repeatable.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }
    /// One in `n`.
    pub(crate) fn one_in(&mut self, n: u32) -> bool {
        self.roll().is_multiple_of(n)
    }
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        u64::from(self.roll()) % n
    }
}

/// What the application knows.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) timelines: HashMap<ConversationId, Timeline>,
    pub(crate) status: Option<Status>,
    pub(crate) sent: Vec<(Cmid, SendState)>,
    pub(crate) events: Vec<Event>,
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) client: Client,
    pub(crate) app: App,
    pub(crate) server: Server,
    pub(crate) storage: HashMap<Cmid, String>,
    network: Network,
    timers: [Option<u64>; 8],
    next_cmid: u128,
    /// Every text posted, in the order posted.
    pub(crate) posted: Vec<String>,
}

const WALL: i64 = 1_800_000_000_000;

fn fresh_client(number: u128) -> Client {
    Client::new(Config { client: Cmid(uuid(number)), token: Some("token".to_owned()), tenant: None })
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: 1_000,
            dice: Dice(seed | 1),
            weather: Weather::Good,
            client: fresh_client(1 << 100),
            app: App::default(),
            server: Server::new(),
            storage: HashMap::new(),
            network: Network::default(),
            timers: [None; 8],
            next_cmid: 1,
            posted: Vec::new(),
        }
    }

    pub(crate) fn tick(&mut self) -> Tick {
        Tick { now: self.now, wall: WALL + self.now as i64, random: self.dice.roll() }
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        let tick = self.tick();
        self.client.handle(input, &tick);
        self.carry_out();
    }

    /// Posts the next text.
    pub(crate) fn post(&mut self, conversation: Option<ConversationId>) {
        let text = self.posted.len().to_string();
        self.next_cmid += 1;
        let command = Command::Post(Post {
            cmid: Cmid(uuid(self.next_cmid)),
            conversation,
            body: PostBody::Message(Text { text: text.clone() }),
        });
        self.posted.push(text);
        let tick = self.tick();
        self.client.post(Outgoing { command, at: tick.wall }, &tick);
        self.carry_out();
    }

    /// The page is reloaded: all is gone but what is in storage.
    pub(crate) fn reload(&mut self) {
        self.network = Network::default();
        self.timers = [None; 8];
        self.app = App::default();
        self.next_cmid += 1;
        self.client = fresh_client((1 << 100) + self.next_cmid);
        let mut stored: Vec<String> = self.storage.values().cloned().collect();
        stored.sort_by_key(|text| text.len());
        let tick = self.tick();
        self.client.restore(&stored, &tick);
        self.input(Input::Start);
    }

    /// Lets `ms` pass, with everything that happens in it.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            let timer = self.timers.iter().flatten().min().copied();
            let due = self.network.next_at();
            let Some(next) = timer.into_iter().chain(due).min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.fire_timers();
            self.deliver();
        }
        self.now = end;
    }

    fn fire_timers(&mut self) {
        for timer in TimerId::ALL {
            if self.timers[timer as usize].is_some_and(|at| at <= self.now) {
                self.timers[timer as usize] = None;
                self.input(Input::Timer(timer));
            }
        }
    }

    fn carry_out(&mut self) {
        for effect in self.client.take_effects() {
            match effect {
                Effect::SetTimer { timer, after_ms } => {
                    self.timers[timer as usize] = Some(self.now + after_ms);
                }
                Effect::ClearTimer(timer) => self.timers[timer as usize] = None,
                Effect::Store { cmid, text } => {
                    self.storage.insert(cmid, text);
                }
                Effect::Unstore(cmid) => {
                    self.storage.remove(&cmid);
                }
                Effect::Tell(event) => self.tell(event),
                other => self.network_effect(other),
            }
        }
    }

    fn tell(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Status(status) => self.app.status = Some(status),
            ClientEvent::Sent { cmid, state, .. } => self.app.sent.push((cmid, state)),
            ClientEvent::Event(event) => {
                match &event {
                    Event::Entries(entries) => {
                        let timeline = self.app.timelines.entry(entries.conversation).or_default();
                        let applied = timeline.apply(entries);
                        assert!(!matches!(applied, protocol::timeline::Applied::Gap { .. }), "a gap was let through");
                    }
                    Event::Reset(reset) => {
                        self.app.timelines.entry(reset.conversation).or_default().reset();
                    }
                    _ => {}
                }
                self.app.events.push(event);
            }
            ClientEvent::NotKept => {}
        }
    }

    /// The texts of the timeline that this client wrote.
    pub(crate) fn seen(&self) -> Vec<String> {
        let mut timelines: Vec<_> = self.app.timelines.values().collect();
        assert!(timelines.len() <= 1, "one visitor, one conversation");
        timelines.pop().map_or_else(Vec::new, |timeline| timeline.items().iter().filter_map(server::own_text).collect())
    }
}
