//! F28: a limit of memory, while two thousand sockets read nothing and others flood.

use std::time::{Duration, Instant};

use faults::raw::{Frame, RawSocket, opcode};
use futures_util::future::join_all;
use protocol::ids::ConversationId;
use protocol::limits::FRAME_BYTES;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::cost::Cost;
use super::kills::raise_file_limit;
use crate::basics::eventually_within;
use crate::checker::check;
use crate::connections::stalled;
use crate::people::{Visitor, cmid, in_conversation, message};
use crate::wire::Over;
use crate::world::{Plan, World};

/// Sockets that say hello and then read nothing.
const SLOW: usize = 2_000;
/// Visitors they belong to; each has a conversation that grows.
const VISITORS: usize = 20;
/// Messages of nearly the longest length in each of the conversations.
const MESSAGES: usize = 50;
/// Requests that announce the largest body and send one byte of it.
const ANNOUNCED: usize = 400;
/// Sockets that begin the largest message and leave it there.
const HALF_SAID: usize = 200;
/// Sockets that flood.
const FLOODS: usize = 20;
/// Frames of a flood.
const FLOOD: usize = 20_000;
/// More memory than the idle server has may not be taken; what asks for more gets none, and the server would end.
const ROOM_KIB: u64 = 256 * 1024;
/// Most growth of the resident memory.
const GROWTH_KIB: u64 = 160 * 1024;
/// How a flood ends: as one, or with the hello it begins with, where the machine is so busy that a hello waits too long.
const FLOOD_ENDS: [u16; 2] = [4029, 1011];
/// How soon nobody is slow any more.
const CLOSED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f28_a_memory_limit_holds_under_slow_readers_and_floods_and_the_others_chat_on() {
    raise_file_limit();
    // Nobody accepts what the writers ask, and Ann must not be sent away for that.
    let policy = json!({ "offer_deadline_ms": 600_000 });
    let world = World::with(Plan { policy, ..Plan::default() }.unlimited()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let writers = writers(&world).await;
    let open = world.open_files();
    let slow = stall(&world, &writers).await;
    let before = Cost::of(&world);
    world.limit_memory(before.data_kib() + ROOM_KIB);
    let hostile = async {
        let announced = announce(&world, &vera).await;
        let half = half_say(&world, &vera).await;
        let floods = (0..FLOODS).map(|number| flood(&world, &vera, number));
        let (codes, ()) = tokio::join!(join_all(floods), write(&writers));
        assert!(codes.iter().all(|code| FLOOD_ENDS.contains(code)), "{codes:?}");
        (announced, half)
    };
    let chat = async {
        let mut worst = Duration::ZERO;
        for number in 0..40 {
            let sent = Instant::now();
            let text = format!("is it slow today? {number}");
            vera.insists(message(None, cmid(), &text)).await;
            worst = worst.max(sent.elapsed());
            ann.sees(conversation, &text).await;
        }
        worst
    };
    let (held, worst) = tokio::join!(hostile, chat);
    let grown = Cost::growth_since(&world, before);
    eprintln!("grown by {grown} KiB; the slowest ack took {worst:?}");
    assert!(grown < GROWTH_KIB, "the server grew by {grown} KiB");
    // As slow, as silent where the system's buffers took all that there was, or by the system, whose own limit for a
    // window that stays shut is close to ours.
    let closed = || async { (world.open_files() <= open + 20).then_some(()) };
    eventually_within(CLOSED_WITHIN, "whoever reads nothing is closed", closed).await;
    assert!(vera.look(|view| view.closed.is_none()) && ann.look(|view| view.closed.is_none()), "nobody else is");
    drop((held, slow));
    let mut late = world.visitor().await;
    late.connect(Over::Poll).await;
    late.asks("is there room for me?").await;
    assert!(!world.has_ended());
    assert!(!world.log().contains("panicked") && !world.log().contains("memory allocation"), "{}", world.log());
    check(&world, conversation, &[], &[&vera, &ann]).await;
}

/// Visitors with a conversation each, connected.
async fn writers(world: &World) -> Vec<(Visitor, ConversationId)> {
    let one = || async {
        let mut visitor = world.visitor().await;
        visitor.connect(Over::Socket).await;
        let conversation = visitor.asks("hello").await;
        (visitor, conversation)
    };
    join_all((0..VISITORS).map(|_| one())).await
}

async fn stall(world: &World, writers: &[(Visitor, ConversationId)]) -> Vec<TcpStream> {
    let mut slow = Vec::with_capacity(SLOW);
    while slow.len() < SLOW {
        slow.extend(join_all(writers.iter().map(|(writer, _)| stalled(world, &writer.reply.token))).await);
    }
    slow
}

/// Every conversation grows at once.
async fn write(writers: &[(Visitor, ConversationId)]) {
    let padding = "x".repeat(7_900);
    let grow = async |(writer, conversation): &(Visitor, ConversationId)| {
        for number in 0..MESSAGES {
            writer.insists(message(Some(*conversation), cmid(), &format!("{number} {padding}"))).await;
        }
    };
    join_all(writers.iter().map(grow)).await;
}

async fn announce(world: &World, vera: &Visitor) -> Vec<TcpStream> {
    let head = format!(
        "POST /v1/commands HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 1048576\r\n\r\n{{",
        vera.reply.token
    );
    let mut streams = Vec::with_capacity(ANNOUNCED);
    for _ in 0..ANNOUNCED {
        let mut stream = TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        streams.push(stream);
    }
    streams
}

async fn half_say(world: &World, vera: &Visitor) -> Vec<RawSocket> {
    let most = Frame::new(opcode::TEXT, vec![b' '; FRAME_BYTES - 1]).open().bytes();
    let mut sockets = Vec::with_capacity(HALF_SAID);
    for _ in 0..HALF_SAID {
        let mut socket = greeted(world, vera).await;
        socket.send_bytes(&most).await.expect("it is taken");
        sockets.push(socket);
    }
    sockets
}

/// The code a flood is closed with.
async fn flood(world: &World, vera: &Visitor, number: usize) -> u16 {
    let frame = match number % 3 {
        0 => Frame::new(opcode::PING, [b'?'; 125]),
        1 => Frame::new(opcode::PONG, ""),
        _ => Frame::text("x"),
    };
    greeted(world, vera).await.flood(&frame.bytes().repeat(FLOOD)).await
}

async fn greeted(world: &World, vera: &Visitor) -> RawSocket {
    let mut socket = RawSocket::connect(world.port(), &world.origin()).await.expect("a socket");
    let hello =
        json!({ "id": 1, "command": { "type": "hello", "protocol": 1, "token": vera.reply.token, "resume": [] } });
    socket.send(&[Frame::text(&hello.to_string())]).await.expect("sent");
    socket
}
