//! Messages between visitors and agents: who is ready sends, everything is followed until it was seen.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use protocol::command::{Close, Command};
use protocol::frame::CommandFrame;
use protocol::ids::ConversationId;
use tokio::time::{sleep, timeout};

use super::board::{Board, Sender, Way};
use super::dial::Dialer;
use super::link::Link;
use super::nodes::Nodes;
use super::options::{From, Load, Shape};
use super::polling::{self, Outbox};
use super::process::{self, Processes};
use super::report::{Finished, Messages};
use super::visitors::{self, Line};
use super::{Place, agents, pace};
use crate::store::inspect;

/// How long what was sent may take to be answered and seen after the last was sent.
const SETTLED_WITHIN: Duration = Duration::from_secs(15);
/// How long conversations are begun one after the other: agents take none meanwhile, and an offer lapses.
const IN_TURN_FOR: Duration = Duration::from_secs(2);

/// CPU time over the measured time.
pub(super) struct Cpu {
    pub(super) server: Option<Duration>,
    pub(super) own: Option<Duration>,
}

/// Runs the load.
pub(super) async fn run(place: Place, load: &Load) -> anyhow::Result<Finished> {
    let nodes = &place.nodes;
    let mut staff = Vec::new();
    for (number, login) in place.agents.iter().enumerate() {
        staff.push(agents::start_work(nodes.of_agent(number), login).await?);
    }
    let tokens = visitors::tokens(nodes, &place.site, load.visitors).await?;
    let lines = RefCell::new(Vec::new());
    let connecting =
        visitors::connect(nodes, &tokens, load.transport, true, |index, line| lines.borrow_mut().push((index, line)))
            .await?;
    let mut lines = lines.into_inner();
    lines.sort_by_key(|(index, _)| *index);
    let mut lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    let conversations = begin(nodes, &mut lines, &tokens).await?;
    let holders = agents::take(&mut staff, &conversations).await?;
    if let Some(database) = &place.database {
        // A server that has run for a minute has done so itself; before, plans are made for empty tables.
        inspect::take_statistics(database).await?;
    }

    let board = Board::new(load.shape.rate.is_none(), load.shape.count);
    let staff: Vec<Rc<Link>> =
        staff.into_iter().enumerate().map(|(index, agent)| listen(&board, index, agent.socket)).collect();
    for (index, (line, token)) in lines.into_iter().zip(&tokens).enumerate() {
        let conversation = *conversations.get(index).context("a conversation each")?;
        let holder = *holders.get(index).context("a holder each")?;
        let tail = tail(conversation, load.shape.size);
        let reads_on = staff.len() + index;
        let way = join(&board, reads_on, line, nodes.of_visitor(index), token);
        if load.from != From::Agent {
            board.join(Sender { way, reads_on, tail: tail.clone() });
        }
        if load.from != From::Visitor {
            let link = Rc::clone(staff.get(holder).context("a link each")?);
            board.join(Sender { way: Way::Link(link), reads_on: holder, tail });
        }
    }
    let cpu = drive(&board, &load.shape, place.server.as_ref(), true).await;
    let held = conversations.iter().zip(&holders).filter_map(|(id, holder)| Some((*id, staff.get(*holder)?)));
    if board.tally().ended.is_empty() {
        say_goodbye(&board, held).await;
    }
    let mut messages = Messages::new(&board, &load.shape, &connecting, &cpu, true);
    messages.transport = Some(load.transport);
    messages.from = Some(load.from);
    messages.visitors = Some(load.visitors);
    messages.nodes = Some(nodes.count());
    messages.across = Some(holders.iter().enumerate().filter(|(at, holder)| nodes.are_apart(*at, **holder)).count());
    messages.server_rss_bytes = place.server.as_ref().and_then(Processes::rss);
    Ok(messages.finish(load.json))
}

/// Lets every visitor begin a conversation, on several nodes one after the other at first: agents are offered them in that
/// order and in turn, so that most have an agent on another node.
async fn begin(nodes: &Nodes, lines: &mut [Line], tokens: &[String]) -> anyhow::Result<Vec<ConversationId>> {
    let begun = lines.iter_mut().zip(tokens).enumerate();
    let mut begun = begun.map(|(index, (line, token))| visitors::begin(line, nodes.of_visitor(index), token));
    let (mut conversations, began) = (Vec::new(), Instant::now());
    while nodes.count() > 1 && began.elapsed() < IN_TURN_FOR {
        let Some(next) = begun.next() else { break };
        conversations.push(next.await?);
    }
    conversations.extend(try_join_all(begun).await?);
    Ok(conversations)
}

/// Reads on a WebSocket from now on.
pub(super) fn listen(board: &Rc<Board>, on: usize, socket: super::socket::Socket) -> Rc<Link> {
    let (stream, parser) = socket.into_parts();
    let link = Link::new(stream);
    let (reading, board) = (Rc::clone(&link), Rc::clone(board));
    tokio::task::spawn_local(async move {
        let ended = reading.read(parser, |event| board.take(on, event)).await;
        board.ended(ended);
    });
    link
}

/// Lets a visitor read, and returns how the visitor writes.
fn join(board: &Rc<Board>, on: usize, line: Line, dialer: &Rc<Dialer>, token: &str) -> Way {
    match line {
        Line::Socket(socket) => Way::Link(listen(board, on, socket)),
        Line::Poll { poller, commands } => {
            let outbox = Rc::new(Outbox::default());
            let sending =
                polling::send(Rc::clone(board), Rc::clone(&outbox), commands, Rc::clone(dialer), token.to_owned());
            tokio::task::spawn_local(sending);
            tokio::task::spawn_local(poller.watch(Rc::clone(board), on));
            Way::Outbox(outbox)
        }
        Line::Idle(poller) => {
            tokio::task::spawn_local(poller.watch(Rc::clone(board), on));
            Way::Outbox(Rc::default())
        }
    }
}

/// What follows the client-made id in a post.
pub(super) fn tail(conversation: ConversationId, size: usize) -> String {
    let text = "the quick brown fox jumps over the lazy dog ".chars().cycle().take(size.saturating_sub(1));
    let text: String = text.chain(std::iter::once('.')).collect();
    format!(",\"conversation\":\"{conversation}\",\"body\":{{\"type\":\"message\",\"text\":\"{text}\"}}}}}}")
}

/// Sends as the shape says, then waits until everything is answered and, if somebody reads, seen.
pub(super) async fn drive(board: &Rc<Board>, shape: &Shape, server: Option<&Processes>, read: bool) -> Cpu {
    match shape.rate {
        Some(rate) => drop(tokio::task::spawn_local(pace::keep(Rc::clone(board), rate))),
        None => (0..board.senders()).for_each(|sender| board.fire(sender, board.now())),
    }
    let over = || timeout(Duration::from_secs(shape.warmup), board.over.notified());
    let broken = over().await.is_ok();
    let own = process::own();
    let before = (server.and_then(Processes::cpu), own.cpu());
    board.measure();
    if !broken {
        let longest = if shape.count.is_some() { Duration::MAX } else { Duration::from_secs(shape.duration) };
        let _ = timeout(longest, board.over.notified()).await;
    }
    let cpu = Cpu { server: since(server.and_then(Processes::cpu), before.0), own: since(own.cpu(), before.1) };
    board.drain();
    let began = Instant::now();
    while !board.is_settled(read) && began.elapsed() < SETTLED_WITHIN && board.tally().ended.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    cpu
}

fn since(now: Option<Duration>, before: Option<Duration>) -> Option<Duration> {
    Some(now?.saturating_sub(before?))
}

/// Closes the conversations: an installation that was measured is not left with strangers in it.
async fn say_goodbye<'a>(board: &Board, held: impl Iterator<Item = (ConversationId, &'a Rc<Link>)>) {
    let (before, mut asked) = (board.tally().others, 0);
    for (conversation, link) in held {
        let command = Command::Close(Close { conversation });
        link.send(&protocol::codec::to_json(&CommandFrame { id: link.next_id(), command }));
        asked += 1;
    }
    let began = Instant::now();
    while board.tally().others - before < asked && began.elapsed() < SETTLED_WITHIN {
        sleep(Duration::from_millis(5)).await;
    }
}
