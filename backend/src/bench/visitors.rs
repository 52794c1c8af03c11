//! Visitors getting ready: they get a token each, connect, and begin a conversation.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures_util::future::try_join_all;
use protocol::PROTOCOL_VERSION;
use protocol::command::{Command, Hello, Start};
use protocol::event::Event;
use protocol::frame::{CommandFrame, VisitorReply, VisitorRequest};
use protocol::ids::{Cmid, ConversationId};
use uuid::Uuid;

use super::dial::Dialer;
use super::histogram::Histogram;
use super::http::Http;
use super::nodes::Nodes;
use super::options::Transport;
use super::polling::{self, Poller};
use super::scan;
use super::socket::{Socket, hint};

/// Requests for tokens, and connections being opened, at the same time.
const AT_ONCE: u32 = 64;

/// How a visitor is connected.
pub(super) enum Line {
    /// A WebSocket that was welcomed.
    Socket(Socket),
    /// A poll that was answered, and a connection for commands.
    Poll { poller: Poller, commands: Http },
    /// A poll that was answered, and nothing else.
    Idle(Poller),
}

/// How the connecting went.
#[derive(Default)]
pub(super) struct Connecting {
    /// From dialling to the welcome, each.
    pub(super) each: Histogram,
    /// All together.
    pub(super) took: Duration,
}

/// Gets a token for every visitor, over connections that are closed afterwards.
pub(super) async fn tokens(nodes: &Nodes, site: &str, count: u32) -> anyhow::Result<Vec<String>> {
    let left = Cell::new(count);
    let body =
        protocol::codec::to_json(&VisitorRequest { site: site.to_owned(), token: None, origin: None, identity: None });
    let headers = "Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\n";
    let (left, body) = (&left, &body);
    let worker = |number: u32| async move {
        let dialer = nodes.of_visitor(number as usize);
        let mut tokens = Vec::new();
        let mut http = Http::open(dialer).await?;
        while take_one(left) {
            let reply = http.post(dialer, "/v1/visitor", headers, body).await?;
            if reply.status != 200 {
                bail!("no token for a visitor: {} {}{}", reply.status, reply.body, hint(&reply.head));
            }
            tokens.push(serde_json::from_str::<VisitorReply>(&reply.body)?.token);
        }
        Ok(tokens)
    };
    let all = try_join_all((0..AT_ONCE.min(count)).map(worker)).await?;
    Ok(all.into_iter().flatten().collect())
}

fn take_one(left: &Cell<u32>) -> bool {
    let some = left.get() > 0;
    left.set(left.get().saturating_sub(1));
    some
}

/// Connects a visitor for every token, each to its node, hands each line to `connected`, and measures it.
pub(super) async fn connect(
    nodes: &Nodes,
    tokens: &[String],
    transport: Transport,
    commands: bool,
    connected: impl Fn(usize, Line),
) -> anyhow::Result<Connecting> {
    let left = Cell::new(u32::try_from(tokens.len())?);
    let began = Instant::now();
    let (connected, left_now) = (&connected, &left);
    let worker = || async move {
        let mut each = Vec::new();
        while take_one(left_now) {
            let index = left_now.get() as usize;
            let token = tokens.get(index).context("a token each")?;
            let dialer = nodes.of_visitor(index);
            let began = Instant::now();
            let line = match transport {
                Transport::Ws => Line::Socket(socket(dialer, token).await?),
                Transport::Poll => poll(dialer, token, commands).await?,
            };
            each.push(began.elapsed());
            connected(index, line);
        }
        anyhow::Ok(each)
    };
    let all = try_join_all((0..AT_ONCE.min(left.get())).map(|_| worker())).await?;
    let mut connecting = Connecting { took: began.elapsed(), ..Connecting::default() };
    for took in all.into_iter().flatten() {
        connecting.each.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(connecting)
}

async fn socket(dialer: &Dialer, token: &str) -> anyhow::Result<Socket> {
    let mut socket = Socket::open(dialer, "/v1/ws", "").await?;
    let token = Some(token.to_owned());
    let hello = Hello { protocol: PROTOCOL_VERSION, token, tenant: None, resume: Vec::new(), state: None };
    socket.send(Command::Hello(hello)).await?;
    let event = socket.next().await?;
    if scan::kind(&event) != "welcome" {
        bail!("a visitor is refused: {event}{}", hint(&event));
    }
    Ok(socket)
}

async fn poll(dialer: &Rc<Dialer>, token: &str, commands: bool) -> anyhow::Result<Line> {
    let mut poller = Poller::new(Http::open(dialer).await?, Rc::clone(dialer), token);
    poller.poll().await?;
    if !commands {
        return Ok(Line::Idle(poller));
    }
    Ok(Line::Poll { poller, commands: Http::open(dialer).await? })
}

/// Begins a conversation.
pub(super) async fn begin(line: &mut Line, dialer: &Dialer, token: &str) -> anyhow::Result<ConversationId> {
    let start = Start {
        cmid: Cmid(Uuid::new_v4()),
        name: Some("Bench".to_owned()),
        email: None,
        text: Some("Is anybody there?".to_owned()),
        page: None,
        department: None,
    };
    let ack = match line {
        Line::Socket(socket) => serde_json::from_str(&socket.ask(Command::Start(start)).await?)?,
        Line::Poll { commands, .. } => {
            let frame = protocol::codec::to_json(&CommandFrame { id: 1, command: Command::Start(start) });
            let mut events = polling::post(commands, dialer, &polling::headers(token), &[frame]).await?;
            events.pop().context("an answer")?
        }
        Line::Idle(_) => bail!("a visitor who only waits begins nothing"),
    };
    match ack {
        Event::Ack(ack) => ack.conversation.context("a conversation"),
        other => bail!("a conversation was refused: {other:?}"),
    }
}
