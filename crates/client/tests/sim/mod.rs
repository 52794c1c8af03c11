//! A world of a few tabs of one visitor, a bad network, one browser's storage and a model server, in simulated
//! time.

mod network;
mod server;
mod storage;

use std::collections::HashMap;

use client::{Client, ClientEvent, Config, Effect, Input, Status, Tick, TimerId};
use protocol::command::{Command, Post, PostBody};
use protocol::entry::Text;
use protocol::event::Event;
use protocol::ids::{Cmid, ConversationId, VisitorId};
use protocol::timeline::{SendState, Timeline};

use network::Network;
pub(crate) use server::Server;
pub(crate) use storage::Browser;

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
    pub(crate) not_kept: bool,
}

/// One page: its client, its connection, its timers.
pub(crate) struct Tab {
    pub(crate) number: usize,
    pub(crate) client: Client,
    pub(crate) app: App,
    network: Network,
    timers: [Option<u64>; 8],
    /// The page is there; a closed one is not spoken to again.
    pub(crate) open: bool,
}

impl Tab {
    fn new(number: usize, generation: u128) -> Self {
        let client = Cmid(uuid((1 << 100) + generation));
        let token = Some("token".to_owned());
        Self {
            number,
            client: Client::new(Config { client, token, tenant: None, scope: "site".to_owned() }),
            app: App::default(),
            network: Network::default(),
            timers: [None; 8],
            open: true,
        }
    }

    /// The texts of the timeline that this visitor wrote.
    pub(crate) fn seen(&self) -> Vec<String> {
        let mut timelines: Vec<_> = self.app.timelines.values().collect();
        assert!(timelines.len() <= 1, "one visitor, one conversation");
        timelines.pop().map_or_else(Vec::new, |timeline| timeline.items().iter().filter_map(server::own_text).collect())
    }
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) browser: Browser,
    pub(crate) server: Server,
    generation: u128,
    /// Every text posted, in the order posted, and in which tab.
    pub(crate) posted: Vec<(usize, String)>,
}

const WALL: i64 = 1_800_000_000_000;
const VISITOR: VisitorId = VisitorId(uuid(77));

const fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

impl World {
    /// A world of `tabs` tabs that are started.
    pub(crate) fn new(seed: u64, tabs: usize) -> Self {
        let mut world = Self {
            now: 1_000,
            dice: Dice(seed | 1),
            weather: Weather::Good,
            tabs: Vec::new(),
            browser: Browser::default(),
            server: Server::new(),
            generation: 0,
            posted: Vec::new(),
        };
        (0..tabs).for_each(|_| world.add_tab());
        world
    }

    /// One more tab, started.
    pub(crate) fn add_tab(&mut self) {
        self.tabs.push(Tab::new(self.tabs.len(), 0));
        self.reopen(self.tabs.len() - 1);
    }

    pub(crate) fn tick(&mut self) -> Tick {
        Tick { now: self.now, wall: WALL + self.now as i64, random: self.dice.roll() }
    }

    fn start(&mut self, tab: usize) {
        let tick = self.tick();
        self.tabs[tab].client.open(Some(VISITOR), &tick);
        self.input(tab, Input::Start);
    }

    pub(crate) fn input(&mut self, tab: usize, input: Input<'_>) {
        let tick = self.tick();
        self.tabs[tab].client.handle(input, &tick);
        self.carry_out(tab);
    }

    /// Posts the next text.
    pub(crate) fn post(&mut self, tab: usize, conversation: Option<ConversationId>) {
        let text = self.posted.len().to_string();
        let command = Command::Post(Post {
            cmid: Cmid(uuid(self.posted.len() as u128 + 1)),
            conversation,
            body: PostBody::Message(Text { text: text.clone() }),
        });
        self.posted.push((tab, text));
        let tick = self.tick();
        self.tabs[tab].client.post(&command, &tick);
        self.carry_out(tab);
    }

    /// The page goes away: all is gone but what is in storage.
    pub(crate) fn close(&mut self, tab: usize) {
        self.tabs[tab].open = false;
        self.server.socket_gone(tab);
        self.storage_gone(tab);
    }

    /// The page comes back.
    pub(crate) fn reopen(&mut self, tab: usize) {
        self.generation += 1;
        self.tabs[tab] = Tab::new(tab, self.generation);
        self.start(tab);
    }

    /// Lets `ms` pass, with everything that happens in it.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            let open = || self.tabs.iter().filter(|tab| tab.open);
            let timers = open().flat_map(|tab| tab.timers).flatten();
            let due = open().filter_map(|tab| tab.network.next_at()).chain(self.browser.next_at());
            let Some(next) = timers.chain(due).min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(next);
            for tab in 0..self.tabs.len() {
                self.fire_timers(tab);
                self.deliver(tab);
            }
            self.storage_due();
        }
        self.now = end;
    }

    fn fire_timers(&mut self, tab: usize) {
        for timer in TimerId::ALL {
            let slot = &mut self.tabs[tab].timers[timer as usize];
            if slot.is_some_and(|at| at <= self.now) {
                *slot = None;
                if self.tabs[tab].open {
                    self.input(tab, Input::Timer(timer));
                }
            }
        }
    }

    fn carry_out(&mut self, tab: usize) {
        for effect in self.tabs[tab].client.take_effects() {
            match effect {
                Effect::SetTimer { timer, after_ms } => {
                    self.tabs[tab].timers[timer as usize] = Some(self.now + after_ms);
                }
                Effect::ClearTimer(timer) => self.tabs[tab].timers[timer as usize] = None,
                Effect::Own(_) | Effect::Load | Effect::Keep { .. } | Effect::Drop(_) => {
                    self.storage_effect(tab, effect);
                }
                Effect::Tell(event) => tell(&mut self.tabs[tab].app, event),
                other => self.network_effect(tab, other),
            }
        }
    }

    /// The texts posted in one tab, or in all.
    pub(crate) fn posted_in(&self, tab: Option<usize>) -> Vec<String> {
        self.posted.iter().filter(|(it, _)| tab.is_none_or(|tab| tab == *it)).map(|(_, text)| text.clone()).collect()
    }
}

fn tell(app: &mut App, event: ClientEvent) {
    match event {
        ClientEvent::Status(status) => app.status = Some(status),
        ClientEvent::Sent { cmid, state, .. } => app.sent.push((cmid, state)),
        ClientEvent::Event(event) => {
            match &*event {
                Event::Entries(entries) => {
                    let timeline = app.timelines.entry(entries.conversation).or_default();
                    let applied = timeline.apply(entries);
                    assert!(!matches!(applied, protocol::timeline::Applied::Gap { .. }), "a gap was let through");
                }
                Event::Reset(reset) => {
                    app.timelines.entry(reset.conversation).or_default().reset();
                }
                _ => {}
            }
            app.events.push(*event);
        }
        ClientEvent::Unsent { .. } | ClientEvent::Gone(_) => {}
        ClientEvent::NotKept => app.not_kept = true,
    }
}
