//! The long-poll transport of a test client: one poll at a time, commands beside it.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::command::Command;
use protocol::event::Event;
use protocol::frame::{CommandFrame, Events, Poll};
use protocol::ids::Cmid;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{Client, Credentials, Failure, Outgoing, REPAIR, View, answer_of, hello_of};

/// Starts polling, and posting what is sent.
pub(super) fn open(client: &Client, mut inbox: UnboundedReceiver<Outgoing>) -> JoinHandle<()> {
    let polling = Arc::new(Polling {
        http: reqwest::Client::new(),
        base: client.base.clone(),
        origin: client.origin.clone(),
        credentials: client.credentials.clone(),
        view: client.view.clone(),
        page: client.page,
        generation: client.generation.clone(),
        posting: Mutex::new(()),
    });
    tokio::spawn(async move {
        // Dropping the set ends everything in it.
        let mut tasks = JoinSet::new();
        tasks.spawn(polling.clone().poll());
        while let Some(outgoing) = inbox.recv().await {
            tasks.spawn(polling.clone().post(outgoing));
        }
    })
}

/// A request of a browser on `origin`, with credentials, to a `/v1` path.
pub(crate) fn request(
    http: &reqwest::Client,
    url: String,
    origin: &str,
    credentials: &Credentials,
) -> reqwest::RequestBuilder {
    let request = http
        .post(url)
        .timeout(Duration::from_secs(45))
        .header("origin", origin)
        .header("sec-fetch-site", "same-origin")
        .header("x-frontdesk", "1")
        .header("content-type", "application/json");
    match credentials {
        Credentials::None => request,
        Credentials::Token(token) => request.bearer_auth(token),
        Credentials::Cookie(cookie, _) => request.header("cookie", cookie),
    }
}

struct Polling {
    http: reqwest::Client,
    base: String,
    origin: String,
    credentials: Credentials,
    view: Arc<watch::Sender<View>>,
    page: Cmid,
    generation: Arc<AtomicU64>,
    posting: Mutex<()>,
}

impl Polling {
    async fn poll(self: Arc<Self>) {
        let mut first = true;
        let mut empty = 0_u32;
        loop {
            let reply = self.exchange("/v1/poll", self.body(first)).await;
            match reply {
                Ok((200, text)) => {
                    let events: Events = serde_json::from_str(&text).expect("events");
                    empty = if events.events.is_empty() { empty + 1 } else { 0 };
                    assert!(empty < 50, "the long-poll is not held: empty answers in a row");
                    if first && !events.events.iter().any(|it| matches!(it, Event::Welcome(_))) {
                        // The first answer stands for the welcome of a socket.
                        self.view.send_modify(|view| view.welcomes += 1);
                    }
                    first = false;
                    self.apply(events.events).await;
                }
                Ok((status, text)) if status < 500 => {
                    return self.view.send_modify(|view| {
                        view.closed = Some(status);
                        view.poll_refused = Some((status, text));
                    });
                }
                Ok(_) | Err(_) => return self.view.send_modify(|view| view.closed = Some(1006)),
            }
        }
    }

    fn body(&self, first: bool) -> String {
        let (cursors, version) = {
            let view = self.view.borrow();
            (view.cursors(), view.version())
        };
        let mut hello = hello_of(&self.credentials, cursors, version.filter(|_| !first));
        hello.token = None;
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        serde_json::to_string(&Poll { hello, generation, client: self.page }).expect("JSON")
    }

    async fn exchange(&self, path: &str, body: String) -> reqwest::Result<(u16, String)> {
        let url = format!("{}{path}", self.base);
        let credentials = self.view.borrow().renewed(&self.credentials);
        let request = request(&self.http, url, &self.origin, &credentials);
        let response = request.body(body).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn apply(&self, events: Vec<Event>) {
        let mut repairs = Vec::new();
        self.view.send_modify(|view| {
            repairs = events.into_iter().filter_map(|event| view.apply(event)).collect();
        });
        let mut asked = HashSet::new();
        for repair in repairs {
            let Command::Fetch(fetch) = &repair else { continue };
            let conversation = fetch.conversation;
            if asked.insert(conversation) {
                let frame = CommandFrame { id: REPAIR, command: repair };
                let text = serde_json::to_string(&frame).expect("JSON");
                self.commands(&text).await;
            }
        }
    }

    /// Commands keep their order: one request at a time.
    async fn post(self: Arc<Self>, outgoing: Outgoing) {
        let events = {
            let _turn = self.posting.lock().await;
            self.commands(&outgoing.text).await
        };
        let found = events.iter().filter_map(answer_of).find(|(id, _)| *id == outgoing.id);
        if let Some(answer) = outgoing.answer {
            let _ = answer.send(found.map_or(Err(Failure::Gone), |(_, answer)| answer));
        }
    }

    /// Boxed: taking events in may send commands, whose replies are events.
    fn commands<'a>(&'a self, frame: &'a str) -> Pin<Box<dyn Future<Output = Vec<Event>> + Send + 'a>> {
        Box::pin(self.post_frame(frame))
    }

    async fn post_frame(&self, frame: &str) -> Vec<Event> {
        let frame: Value = serde_json::from_str(frame).unwrap_or(Value::Null);
        let mut body = json!({ "commands": [frame] });
        if let Credentials::Cookie(_, Some(tenant)) = &self.credentials {
            body["tenant"] = json!(tenant.to_string());
        }
        match self.exchange("/v1/commands", body.to_string()).await {
            Ok((200, text)) => {
                let events: Events = serde_json::from_str(&text).expect("events");
                self.apply(events.events.clone()).await;
                events.events
            }
            Ok((status, text)) => {
                self.view.send_modify(|view| view.poll_refused = Some((status, text)));
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }
}
