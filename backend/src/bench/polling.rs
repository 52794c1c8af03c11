//! A visitor over long-poll: one request that waits for news, and one connection beside it for commands.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::bail;
use protocol::PROTOCOL_VERSION;
use protocol::command::Hello;
use protocol::event::Event;
use protocol::frame::{Events, Poll};
use protocol::ids::{Cmid, ConversationId, Epoch};
use protocol::limits::COMMANDS_PER_POST;
use protocol::state::Cursor;
use tokio::sync::Notify;
use uuid::Uuid;

use super::board::Board;
use super::dial::Dialer;
use super::http::Http;
use super::socket::hint;

/// Commands that wait for the request before them.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: RefCell<VecDeque<String>>,
    bell: Notify,
}

impl Outbox {
    /// Adds a command.
    pub(super) fn put(&self, command: String) {
        self.waiting.borrow_mut().push_back(command);
        self.bell.notify_one();
    }

    /// Takes the first commands.
    pub(super) fn take(&self, most: usize) -> Vec<String> {
        let mut waiting = self.waiting.borrow_mut();
        let most = most.min(waiting.len());
        waiting.drain(..most).collect()
    }
}

/// Headers of a visitor's request.
pub(super) fn headers(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n")
}

/// Posts commands and returns the events of the reply.
pub(super) async fn post(
    http: &mut Http,
    dialer: &Dialer,
    headers: &str,
    commands: &[String],
) -> anyhow::Result<Vec<Event>> {
    let body = format!("{{\"commands\":[{}]}}", commands.join(","));
    let reply = http.post(dialer, "/v1/commands", headers, &body).await?;
    events(reply.status, &reply.body)
}

fn events(status: u16, body: &str) -> anyhow::Result<Vec<Event>> {
    if status != 200 {
        bail!("the server answered {status}: {body}{}", hint(body));
    }
    Ok(serde_json::from_str::<Events>(body)?.events)
}

/// Sends what is put into the outbox, as many at once as there are.
pub(super) async fn send(board: Rc<Board>, outbox: Rc<Outbox>, mut http: Http, dialer: Rc<Dialer>, token: String) {
    let headers = headers(&token);
    loop {
        let commands = outbox.take(COMMANDS_PER_POST);
        if commands.is_empty() {
            outbox.bell.notified().await;
            continue;
        }
        match post(&mut http, &dialer, &headers, &commands).await {
            Ok(events) => {
                for event in events {
                    match event {
                        Event::Ack(ack) => ack.cmid.into_iter().for_each(|cmid| board.acked(cmid.0)),
                        Event::Refused(refused) => {
                            board.refused(refused.cmid.map(|cmid| cmid.0), refused.code.as_str());
                        }
                        _ => {}
                    }
                }
            }
            Err(error) => return board.ended(format!("{error:#}")),
        }
    }
}

/// A visitor's place in everything that comes by poll.
pub(super) struct Poller {
    http: Http,
    dialer: Rc<Dialer>,
    headers: String,
    client: Cmid,
    generation: u64,
    epoch: Option<Epoch>,
    cursor: Option<(ConversationId, u64)>,
    version: Option<String>,
}

impl Poller {
    /// A visitor with a token who has nothing yet.
    pub(super) fn new(http: Http, dialer: Rc<Dialer>, token: &str) -> Self {
        Self {
            http,
            dialer,
            headers: headers(token),
            client: Cmid(Uuid::new_v4()),
            generation: 0,
            epoch: None,
            cursor: None,
            version: None,
        }
    }

    /// One poll; returns the client-made ids of new entries, in order.
    pub(super) async fn poll(&mut self) -> anyhow::Result<Vec<Uuid>> {
        self.generation += 1;
        let resume = match (self.cursor, self.epoch) {
            (Some((conversation, seq)), Some(epoch)) => vec![Cursor { conversation, epoch, seq }],
            _ => Vec::new(),
        };
        let hello =
            Hello { protocol: PROTOCOL_VERSION, token: None, tenant: None, resume, state: self.version.clone() };
        let body = protocol::codec::to_json(&Poll { hello, generation: self.generation, client: self.client });
        let reply = self.http.post(&self.dialer, "/v1/poll", &self.headers, &body).await?;
        let mut new = Vec::new();
        for event in events(reply.status, &reply.body)? {
            match event {
                Event::Welcome(welcome) => self.epoch = Some(welcome.epoch),
                Event::Visitor(state) => self.version = Some(state.version),
                Event::Entries(entries) => {
                    let known = self.cursor.filter(|(id, _)| *id == entries.conversation).map_or(0, |(_, seq)| seq);
                    let items = entries.items.iter().filter(|item| item.seq > known);
                    new.extend(items.filter_map(|item| item.cmid).map(|cmid| cmid.0));
                    let newest = entries.items.last().map_or(known, |item| item.seq.max(known));
                    self.cursor = Some((entries.conversation, newest));
                }
                _ => {}
            }
        }
        Ok(new)
    }

    /// Polls for ever; what comes is seen on connection `on`.
    pub(super) async fn watch(mut self, board: Rc<Board>, on: usize) {
        loop {
            match self.poll().await {
                Ok(new) => new.into_iter().for_each(|cmid| board.seen(on, cmid)),
                Err(error) => return board.ended(format!("{error:#}")),
            }
        }
    }

    /// Polls for ever; returns how it ended.
    pub(super) async fn hold(mut self) -> String {
        loop {
            if let Err(error) = self.poll().await {
                return format!("{error:#}");
            }
        }
    }
}
