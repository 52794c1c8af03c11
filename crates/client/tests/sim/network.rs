//! Sockets and requests that take time and break.

use client::{Effect, Input};
use protocol::limits::PING_EVERY_MS;

use super::{Weather, World};

#[derive(Default)]
pub(crate) struct Network {
    /// Things under way: when they arrive, what they are.
    flights: Vec<(u64, u64, Flight)>,
    order: u64,
    /// Grows with every socket; flights of older ones are lost.
    socket: u64,
    socket_open: bool,
    last_up: u64,
    last_down: u64,
    poll: u32,
    /// A poll the server holds.
    held: Option<(u32, String)>,
}

enum Flight {
    Opened(u64),
    Closed(u64, u16),
    Up(u64, String),
    Down(u64, String),
    Ping(u64),
    PollUp(u32, String),
    PollTimeout(u32),
    PollDown(u32, u16, String),
    CommandsUp(u32, String),
    CommandsDown(u32, u16, String),
}

impl Network {
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.flights.iter().map(|(at, ..)| *at).min()
    }

    fn add(&mut self, at: u64, flight: Flight) {
        self.order += 1;
        self.flights.push((at, self.order, flight));
    }

    fn pop(&mut self, now: u64) -> Option<Flight> {
        let at = (0..self.flights.len())
            .filter(|at| self.flights[*at].0 <= now)
            .min_by_key(|at| (self.flights[*at].0, self.flights[*at].1))?;
        Some(self.flights.remove(at).2)
    }

    /// In order, like TCP.
    fn down(&mut self, now: u64, delay: u64, text: String) {
        self.last_down = self.last_down.max(now + delay);
        let (at, socket) = (self.last_down, self.socket);
        self.add(at, Flight::Down(socket, text));
    }
}

impl World {
    pub(super) fn network_effect(&mut self, tab: usize, effect: Effect) {
        let delay = 5 + self.dice.below(200);
        match effect {
            Effect::OpenSocket => {
                self.tabs[tab].network.socket += 1;
                self.tabs[tab].network.socket_open = false;
                let socket = self.tabs[tab].network.socket;
                match self.weather {
                    Weather::SocketsHang => {}
                    Weather::SocketsRefused | Weather::Down => {
                        self.tabs[tab].network.add(self.now + delay, Flight::Closed(socket, 1006));
                    }
                    _ => self.tabs[tab].network.add(self.now + delay, Flight::Opened(socket)),
                }
            }
            Effect::CloseSocket(_) => {
                self.tabs[tab].network.socket += 1;
                self.tabs[tab].network.socket_open = false;
                self.server.socket_gone(tab);
            }
            Effect::SendText(text) => {
                let network = &mut self.tabs[tab].network;
                network.last_up = network.last_up.max(self.now + delay);
                network.add(network.last_up, Flight::Up(network.socket, text));
            }
            Effect::Poll { number: poll, body } => {
                self.tabs[tab].network.poll = poll;
                self.tabs[tab].network.add(self.now + delay, Flight::PollUp(poll, body));
            }
            Effect::AbortPoll => {
                self.tabs[tab].network.poll = 0;
                self.tabs[tab].network.held = None;
            }
            Effect::PostCommands { number, body } => {
                self.tabs[tab].network.add(self.now + delay, Flight::CommandsUp(number, body));
            }
            _ => {}
        }
    }

    /// Whether the next thing breaks.
    fn breaks(&mut self) -> bool {
        match self.weather {
            Weather::Down => true,
            Weather::Rough => self.dice.one_in(8),
            _ => false,
        }
    }

    pub(super) fn deliver(&mut self, tab: usize) {
        while let Some(flight) = self.tabs[tab].network.pop(self.now).filter(|_| self.tabs[tab].open) {
            match flight {
                Flight::Opened(socket) if socket == self.tabs[tab].network.socket => {
                    self.tabs[tab].network.socket_open = true;
                    self.tabs[tab].network.add(self.now + PING_EVERY_MS, Flight::Ping(socket));
                    self.input(tab, Input::SocketOpened);
                }
                Flight::Closed(socket, code) if socket == self.tabs[tab].network.socket => {
                    self.tabs[tab].network.socket += 1;
                    self.tabs[tab].network.socket_open = false;
                    self.server.socket_gone(tab);
                    self.input(tab, Input::SocketClosed(code));
                }
                Flight::Up(socket, text) if socket == self.tabs[tab].network.socket => self.up(tab, socket, &text),
                Flight::Down(socket, text) if socket == self.tabs[tab].network.socket => {
                    self.input(tab, Input::SocketText(&text));
                }
                Flight::Ping(socket) if socket == self.tabs[tab].network.socket => {
                    let ping = "{\"type\":\"ping\",\"at\":0}".to_owned();
                    self.tabs[tab].network.down(self.now, 5, ping);
                    self.tabs[tab].network.add(self.now + PING_EVERY_MS, Flight::Ping(socket));
                }
                Flight::PollUp(poll, body) if poll == self.tabs[tab].network.poll => self.poll_up(tab, poll, body),
                Flight::PollTimeout(poll) if poll == self.tabs[tab].network.poll => self.poll_timeout(tab, poll),
                Flight::PollDown(number, status, text) => self.poll_down(tab, number, status, &text),
                Flight::CommandsUp(number, body) => self.commands_up(tab, number, &body),
                Flight::CommandsDown(number, status, text) => {
                    let input = Input::CommandsDone { number, status, text: &text };
                    self.input(tab, input);
                    self.input(tab, input);
                }
                _ => {}
            }
            self.push_news(tab);
        }
    }

    fn up(&mut self, tab: usize, socket: u64, text: &str) {
        let (broken, seen) = (self.breaks(), self.dice.one_in(2));
        if !broken || seen {
            let refuse = self.weather == Weather::Rough && self.dice.one_in(10);
            for answer in self.server.socket_text(tab, text, refuse) {
                let delay = 5 + self.dice.below(100);
                self.tabs[tab].network.down(self.now, delay, answer);
            }
        }
        if broken {
            self.tabs[tab].network.flights.retain(|(.., flight)| !matches!(flight, Flight::Down(..)));
            if self.dice.one_in(3) {
                // Half-open: both sides think it lives, nothing passes.
                self.tabs[tab].network.socket += 1_000_000;
                self.server.socket_gone(tab);
            } else {
                self.tabs[tab].network.add(self.now + 1, Flight::Closed(socket, 1006));
            }
        }
    }

    /// Answers of given-up polls come all the same, and now and then an answer comes twice (F19).
    fn poll_down(&mut self, tab: usize, number: u32, status: u16, text: &str) {
        self.input(tab, Input::PollDone { number, status, text });
        if self.dice.one_in(4) {
            let again = 5 + self.dice.below(3_000);
            let flight = Flight::PollDown(number, status, text.to_owned());
            self.tabs[tab].network.add(self.now + again, flight);
        }
    }

    fn poll_up(&mut self, tab: usize, poll: u32, body: String) {
        if self.breaks() {
            self.tabs[tab].network.add(self.now + 50, Flight::PollDown(poll, 0, String::new()));
        } else {
            self.tabs[tab].network.held = Some((poll, body));
            self.tabs[tab].network.add(self.now + 25_000, Flight::PollTimeout(poll));
        }
    }

    fn poll_timeout(&mut self, tab: usize, poll: u32) {
        if self.tabs[tab].network.held.take().is_some() {
            let empty = "{\"events\":[]}".to_owned();
            self.tabs[tab].network.add(self.now + 5, Flight::PollDown(poll, 200, empty));
        }
    }

    fn commands_up(&mut self, tab: usize, number: u32, body: &str) {
        let (broken, seen) = (self.breaks(), self.dice.one_in(2));
        let mut answer = None;
        if !broken || seen {
            let refuse = self.weather == Weather::Rough && self.dice.one_in(10);
            answer = Some(self.server.commands(body, refuse));
        }
        let flight = match answer {
            Some(text) if !broken => Flight::CommandsDown(number, 200, text),
            _ => Flight::CommandsDown(number, if seen { 0 } else { 503 }, String::new()),
        };
        self.tabs[tab].network.add(self.now + 20, flight);
    }

    /// Sends what the socket or the held poll lacks.
    fn push_news(&mut self, tab: usize) {
        if self.tabs[tab].network.socket_open {
            let careless = self.weather == Weather::Rough && self.dice.one_in(6);
            if let Some(text) = self.server.socket_news(tab, careless) {
                let delay = 5 + self.dice.below(100);
                self.tabs[tab].network.down(self.now, delay, text);
            }
        }
        if let Some((poll, body)) = self.tabs[tab].network.held.take() {
            match self.server.poll(&body) {
                Some(text) => {
                    let cut = self.breaks();
                    let status = if cut { 0 } else { 200 };
                    let delay = 5 + self.dice.below(100);
                    self.tabs[tab].network.add(self.now + delay, Flight::PollDown(poll, status, text));
                }
                None => self.tabs[tab].network.held = Some((poll, body)),
            }
        }
    }
}
