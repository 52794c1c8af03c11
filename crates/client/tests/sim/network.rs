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
    poll: u64,
    /// A poll the server holds.
    held: Option<(u64, String)>,
}

enum Flight {
    Opened(u64),
    Closed(u64, u16),
    Up(u64, String),
    Down(u64, String),
    Ping(u64),
    PollUp(u64, String),
    PollTimeout(u64),
    PollDown(u64, u16, String),
    CommandsUp(String),
    CommandsDown(u16, String),
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
    pub(super) fn network_effect(&mut self, effect: Effect) {
        let delay = 5 + self.dice.below(200);
        match effect {
            Effect::OpenSocket => {
                self.network.socket += 1;
                self.network.socket_open = false;
                let socket = self.network.socket;
                match self.weather {
                    Weather::SocketsHang => {}
                    Weather::SocketsRefused | Weather::Down => {
                        self.network.add(self.now + delay, Flight::Closed(socket, 1006));
                    }
                    _ => self.network.add(self.now + delay, Flight::Opened(socket)),
                }
            }
            Effect::CloseSocket(_) => {
                self.network.socket += 1;
                self.network.socket_open = false;
                self.server.socket_gone();
            }
            Effect::SendText(text) => {
                self.network.last_up = self.network.last_up.max(self.now + delay);
                let socket = self.network.socket;
                self.network.add(self.network.last_up, Flight::Up(socket, text));
            }
            Effect::Poll(body) => {
                self.network.poll += 1;
                let poll = self.network.poll;
                self.network.add(self.now + delay, Flight::PollUp(poll, body));
            }
            Effect::AbortPoll => {
                self.network.poll += 1;
                self.network.held = None;
            }
            Effect::PostCommands(body) => {
                self.network.add(self.now + delay, Flight::CommandsUp(body));
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

    pub(super) fn deliver(&mut self) {
        while let Some(flight) = self.network.pop(self.now) {
            match flight {
                Flight::Opened(socket) if socket == self.network.socket => {
                    self.network.socket_open = true;
                    self.network.add(self.now + PING_EVERY_MS, Flight::Ping(socket));
                    self.input(Input::SocketOpened);
                }
                Flight::Closed(socket, code) if socket == self.network.socket => {
                    self.network.socket += 1;
                    self.network.socket_open = false;
                    self.server.socket_gone();
                    self.input(Input::SocketClosed(code));
                }
                Flight::Up(socket, text) if socket == self.network.socket => self.up(socket, &text),
                Flight::Down(socket, text) if socket == self.network.socket => {
                    self.input(Input::SocketText(&text));
                }
                Flight::Ping(socket) if socket == self.network.socket => {
                    let ping = "{\"type\":\"ping\",\"at\":0}".to_owned();
                    self.network.down(self.now, 5, ping);
                    self.network.add(self.now + PING_EVERY_MS, Flight::Ping(socket));
                }
                Flight::PollUp(poll, body) if poll == self.network.poll => self.poll_up(poll, body),
                Flight::PollTimeout(poll) if poll == self.network.poll => self.poll_timeout(poll),
                Flight::PollDown(poll, status, text) if poll == self.network.poll => {
                    self.input(Input::PollDone { status, text: &text });
                }
                Flight::CommandsUp(body) => self.commands_up(&body),
                Flight::CommandsDown(status, text) => {
                    let input = Input::CommandsDone { status, text: &text };
                    self.input(input);
                    self.input(input);
                }
                _ => {}
            }
            self.push_news();
        }
    }

    fn up(&mut self, socket: u64, text: &str) {
        let (broken, seen) = (self.breaks(), self.dice.one_in(2));
        if !broken || seen {
            let refuse = self.weather == Weather::Rough && self.dice.one_in(10);
            for answer in self.server.socket_text(text, refuse) {
                let delay = 5 + self.dice.below(100);
                self.network.down(self.now, delay, answer);
            }
        }
        if broken {
            self.network.flights.retain(|(.., flight)| !matches!(flight, Flight::Down(..)));
            if self.dice.one_in(3) {
                // Half-open: both sides think it lives, nothing passes.
                self.network.socket += 1_000_000;
                self.server.socket_gone();
            } else {
                self.network.add(self.now + 1, Flight::Closed(socket, 1006));
            }
        }
    }

    fn poll_up(&mut self, poll: u64, body: String) {
        if self.breaks() {
            self.network.add(self.now + 50, Flight::PollDown(poll, 0, String::new()));
        } else {
            self.network.held = Some((poll, body));
            self.network.add(self.now + 25_000, Flight::PollTimeout(poll));
        }
    }

    fn poll_timeout(&mut self, poll: u64) {
        if self.network.held.take().is_some() {
            let empty = "{\"events\":[]}".to_owned();
            self.network.add(self.now + 5, Flight::PollDown(poll, 200, empty));
        }
    }

    fn commands_up(&mut self, body: &str) {
        let (broken, seen) = (self.breaks(), self.dice.one_in(2));
        let mut answer = None;
        if !broken || seen {
            let refuse = self.weather == Weather::Rough && self.dice.one_in(10);
            answer = Some(self.server.commands(body, refuse));
        }
        let flight = match answer {
            Some(text) if !broken => Flight::CommandsDown(200, text),
            _ => Flight::CommandsDown(if seen { 0 } else { 503 }, String::new()),
        };
        self.network.add(self.now + 20, flight);
    }

    /// Sends what the socket or the held poll lacks.
    fn push_news(&mut self) {
        if self.network.socket_open {
            let careless = self.weather == Weather::Rough && self.dice.one_in(6);
            if let Some(text) = self.server.socket_news(careless) {
                let delay = 5 + self.dice.below(100);
                self.network.down(self.now, delay, text);
            }
        }
        if let Some((poll, body)) = self.network.held.take() {
            match self.server.poll(&body) {
                Some(text) => {
                    let cut = self.breaks();
                    let status = if cut { 0 } else { 200 };
                    let delay = 5 + self.dice.below(100);
                    self.network.add(self.now + delay, Flight::PollDown(poll, status, text));
                }
                None => self.network.held = Some((poll, body)),
            }
        }
    }
}
