//! The WebSocket transport of a test client.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use protocol::command::{Command, Pong};
use protocol::event::Event;
use protocol::frame::CommandFrame;
use protocol::ids::ConversationId;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Answer, Client, Credentials, Outgoing, REPAIR, View, answer_of};

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The handshake request of a browser on `origin`.
pub(crate) fn handshake(base: &str, origin: &str, credentials: &Credentials) -> Request<()> {
    let url = format!("{}/v1/ws", base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("a request");
    let mut set = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).expect("a header value");
        request.headers_mut().insert(name, value);
    };
    set("origin", origin);
    if let Credentials::Cookie(cookie, _) = credentials {
        set("cookie", cookie);
    }
    request
}

/// Connects, sends `hello` and starts the task that serves the connection.
pub(super) async fn open(client: &Client, inbox: UnboundedReceiver<Outgoing>) -> Result<JoinHandle<()>, String> {
    let request = handshake(&client.base, &client.origin, &client.credentials);
    let (mut socket, _) = connect_async(request).await.map_err(|error| error.to_string())?;
    let hello = CommandFrame { id: 1, command: Command::Hello(client.hello()) };
    let text = serde_json::to_string(&hello).expect("JSON");
    socket.send(Message::text(text)).await.map_err(|error| error.to_string())?;
    let serving = Serving { socket, view: client.view.clone(), asked: HashMap::new(), repairing: None };
    Ok(tokio::spawn(serving.run(inbox)))
}

struct Serving {
    socket: Socket,
    view: Arc<watch::Sender<View>>,
    asked: HashMap<u64, oneshot::Sender<Answer>>,
    /// The conversation that is being fetched.
    repairing: Option<ConversationId>,
}

impl Serving {
    async fn run(mut self, mut inbox: UnboundedReceiver<Outgoing>) {
        let code = loop {
            tokio::select! {
                frame = self.socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => self.event(text.as_str()).await,
                    Some(Ok(Message::Close(frame))) => {
                        break frame.map_or(1005, |frame| frame.code.into());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break 1006,
                },
                outgoing = inbox.recv() => match outgoing {
                    Some(outgoing) => self.send(outgoing).await,
                    None => return,
                },
            }
        };
        self.view.send_modify(|view| view.closed = Some(code));
    }

    async fn send(&mut self, outgoing: Outgoing) {
        if let Some(answer) = outgoing.answer {
            self.asked.insert(outgoing.id, answer);
        }
        // A failed write is followed by the end of the stream.
        let _ = self.socket.send(Message::text(outgoing.text)).await;
    }

    async fn event(&mut self, text: &str) {
        let event: Event = serde_json::from_str(text).unwrap_or_else(|error| panic!("not an event ({error}): {text}"));
        if let Event::Ping(_) = event {
            self.command(Command::Pong(Pong {})).await;
        }
        let answer = answer_of(&event);
        let mut repair = None;
        self.view.send_modify(|view| repair = view.apply(event));
        if answer.as_ref().is_some_and(|(id, _)| *id == REPAIR)
            && let Some(conversation) = self.repairing.take()
        {
            repair = self.view.borrow().catch_up(conversation);
        }
        // Answered after it is visible, so that whoever waits for an answer sees what came before it.
        if let Some((id, answer)) = answer
            && let Some(asked) = self.asked.remove(&id)
        {
            let _ = asked.send(answer);
        }
        if let Some(Command::Fetch(fetch)) = &repair
            && self.repairing.is_none()
        {
            self.repairing = Some(fetch.conversation);
            self.command(Command::Fetch(fetch.clone())).await;
        }
    }

    async fn command(&mut self, command: Command) {
        let frame = CommandFrame { id: REPAIR, command };
        let text = serde_json::to_string(&frame).expect("JSON");
        let _ = self.socket.send(Message::text(text)).await;
    }
}
