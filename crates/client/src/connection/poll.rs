//! The long-poll rung of the ladder. A poll brings the cursors, which are the only acknowledgement (C11);
//! commands go beside it, one request at a time so that they keep their order.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use protocol::codec::{Value, Wire, member, parse, to_json, write_member};
use protocol::error::CloseCode;
use protocol::event::{Event, Refused};
use protocol::frame::Poll as PollBody;
use protocol::limits::{POLL_HOLD_MS, SILENCE_MS};

use super::{Client, Mode, Status, TimerId, Transport};
use crate::backoff::Backoff;
use crate::client::Effect;
use crate::events;

/// First wait before a WebSocket is tried again.
const UPGRADE_FIRST_MS: u64 = 30_000;
/// A server that was away and came back probably takes sockets again.
const UPGRADE_SOON_MS: u64 = 1_000;
/// How much longer than promised a poll may be held: 35 s without a word is a dead connection (C10).
const POLL_GRACE_MS: u64 = SILENCE_MS - POLL_HOLD_MS;
/// Shortest time between two empty polls: a proxy that answers at once must not make a hot loop.
const EMPTY_POLL_EVERY_MS: u64 = 1_000;
/// A poll younger than this survives a wake-up.
const POLL_FRESH_MS: u64 = 5_000;

/// Where the long-poll stands.
#[derive(Default)]
pub(super) struct Poll {
    in_flight: bool,
    started: u64,
    /// Number of the poll under way or the last one. Answers of older ones change nothing (C11).
    number: u32,
    /// The next poll is the first of a connection: it asks for the state, so that it is answered at once.
    first: bool,
    failed: bool,
    pub(super) upgrade_ms: u64,
    /// Ids of the commands under way.
    batch: Vec<u64>,
    batch_number: u32,
    posting: bool,
    pub(super) commands_wait: bool,
    commands_backoff: Backoff,
}

impl Client {
    pub(super) fn start_poll(&mut self) {
        self.mode = Mode::Poll;
        self.poll.first = true;
        self.poll.failed = false;
        self.poll.upgrade_ms = UPGRADE_FIRST_MS;
        self.clear_timer(TimerId::Retry);
        self.set_timer(TimerId::Upgrade, UPGRADE_FIRST_MS);
        self.set_status(Status::Connecting);
        self.send_poll();
    }

    pub(super) fn send_poll(&mut self) {
        if self.poll.in_flight {
            return;
        }
        self.poll.in_flight = true;
        self.poll.started = self.tick.now;
        self.poll.number += 1;
        let body = PollBody {
            hello: protocol::command::Hello { token: None, ..self.hello(self.poll.first) },
            generation: u64::from(self.poll.number),
            client: self.identity.client,
        };
        self.out.push(Effect::Poll { number: self.poll.number, body: to_json(&body) });
        self.set_timer(TimerId::PollDeadline, POLL_HOLD_MS + POLL_GRACE_MS);
    }

    pub(super) fn poll_done(&mut self, number: u32, status: u16, text: &str) {
        if !self.poll.in_flight || number != self.poll.number {
            return;
        }
        self.poll.in_flight = false;
        self.clear_timer(TimerId::PollDeadline);
        match status {
            200 => match events::in_reply(text) {
                Some(events) => self.poll_events(events),
                None => self.poll_lost(0),
            },
            401 => self.shut(Status::NeedToken),
            403 => self.shut(Status::Stopped(CloseCode::Forbidden.code())),
            410 | 426 => self.shut(Status::Stopped(CloseCode::TooOld.code())),
            _ => self.poll_lost(retry_after(text)),
        }
    }

    fn poll_events(&mut self, events: Vec<Value>) {
        self.poll.first = false;
        self.backoff.reset();
        if self.poll.failed {
            self.poll.failed = false;
            self.set_timer(TimerId::Upgrade, UPGRADE_SOON_MS);
        }
        self.set_status(Status::Live(Transport::Poll));
        let empty = events.is_empty();
        let mut pause = None;
        // One that does not fit is skipped, as on a socket.
        for event in events.iter().filter_map(events::read) {
            if let Event::Reconnect(reconnect) = &*event {
                pause = Some(reconnect.after_ms);
            }
            self.event(event);
        }
        if pause.is_none() && empty && self.tick.now < self.poll.started + EMPTY_POLL_EVERY_MS {
            pause = Some(EMPTY_POLL_EVERY_MS);
        }
        match pause {
            Some(after_ms) => self.set_timer(TimerId::Retry, after_ms),
            None => self.send_poll(),
        }
    }

    fn poll_lost(&mut self, at_least_ms: u64) {
        self.poll.first = true;
        self.poll.failed = true;
        let after = self.backoff.next(self.tick.random).max(at_least_ms);
        self.retry_after(after);
    }

    pub(super) fn poll_overdue(&mut self) {
        if self.poll.in_flight {
            self.poll.in_flight = false;
            self.out.push(Effect::AbortPoll);
            self.poll_lost(0);
        }
    }

    pub(super) fn wake_poll(&mut self) {
        if self.poll.in_flight {
            if self.tick.now < self.poll.started + POLL_FRESH_MS {
                return;
            }
            self.poll.in_flight = false;
            self.poll.first = true;
            self.out.push(Effect::AbortPoll);
        }
        self.clear_timer(TimerId::Retry);
        self.poll.commands_wait = false;
        self.send_poll();
    }

    pub(super) fn drop_poll(&mut self) {
        if self.poll.in_flight {
            self.poll.in_flight = false;
            self.out.push(Effect::AbortPoll);
        }
        self.clear_timer(TimerId::PollDeadline);
        self.clear_timer(TimerId::Upgrade);
        self.clear_timer(TimerId::Retry);
    }

    pub(super) fn flush_poll(&mut self) {
        if self.poll.posting || self.poll.commands_wait {
            return;
        }
        let (batch, commands) = self.commands.next_batch();
        if batch.is_empty() {
            return;
        }
        self.poll.posting = true;
        self.poll.batch = batch;
        let mut body = String::from("{");
        write_member(&mut body, "tenant", &self.identity.tenant);
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str("\"commands\":[");
        body.push_str(&commands);
        body.push_str("]}");
        self.poll.batch_number += 1;
        self.out.push(Effect::PostCommands { number: self.poll.batch_number, body });
    }

    pub(super) fn commands_done(&mut self, number: u32, status: u16, text: &str) {
        if !self.poll.posting || number != self.poll.batch_number {
            return;
        }
        self.poll.posting = false;
        let batch = core::mem::take(&mut self.poll.batch);
        match status {
            200 => {
                let events = events::in_reply(text).unwrap_or_default();
                events.iter().filter_map(events::read).for_each(|event| self.event(event));
                if batch.iter().any(|id| self.commands.is_waiting(*id)) {
                    self.commands_lost(0);
                } else {
                    self.poll.commands_backoff.reset();
                }
            }
            _ if self.mode != Mode::Poll => {}
            401 => self.shut(Status::NeedToken),
            403 => self.shut(Status::Stopped(CloseCode::Forbidden.code())),
            0 | 408 | 425 | 429 | 500.. => self.commands_lost(retry_after(text)),
            _ => self.refuse_all(&batch, text),
        }
    }

    fn commands_lost(&mut self, at_least_ms: u64) {
        if self.mode != Mode::Poll {
            return;
        }
        self.commands.connection_lost();
        self.poll.commands_wait = true;
        let after = self.poll.commands_backoff.next(self.tick.random);
        self.set_timer(TimerId::Commands, after.max(at_least_ms));
    }

    /// The request itself was refused: repeating it would be refused again. Its body has the members of a
    /// refusal, all but the id.
    fn refuse_all(&mut self, batch: &[u64], text: &str) {
        let mut problem = parse(text).unwrap_or(Value::Null);
        for id in batch {
            problem.set("id", Value::Int(*id as i64));
            let refused = Refused::read(&problem).unwrap_or_else(|| Refused { id: *id, ..Refused::blank() });
            self.event(Box::new(Event::Refused(refused)));
        }
    }
}

/// What an error reply says about when to try again, in milliseconds.
fn retry_after(text: &str) -> u64 {
    parse(text).and_then(|problem| member(&problem, "retry_after_ms")).unwrap_or(0)
}
