//! F23: frames that break RFC 6455 or are too many. Each ends with the right close code, costs little, leaves
//! nothing behind, and harms nobody else.

use faults::raw::{Frame, RawSocket, Received, opcode};
use protocol::limits::FRAME_BYTES;
use serde_json::json;

use super::cost::{Cost, TIMES};
use crate::people::Visitor;
use crate::wire::Over;
use crate::world::{Plan, World};

/// Most growth of the server's memory over all of it, in KiB.
const GROWTH_KIB: u64 = 32 * 1024;
/// Frames of a flood.
const FLOOD: usize = 100_000;

const PROTOCOL: &[u16] = &[1002];
const TOO_BIG: &[u16] = &[1009];
const NOT_UTF8: &[u16] = &[1007];
/// Too many frames, whatever is in them.
const TOO_MANY: &[u16] = &[4029];

/// A case: what it is called, what is sent after hello, and the codes it may be closed with.
type Case = (String, Vec<u8>, &'static [u16]);

fn bytes(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(Frame::bytes).collect()
}

fn cases() -> Vec<Case> {
    let text = |payload: &str| Frame::text(payload);
    let more = |payload: &[u8]| Frame::new(opcode::CONTINUATION, payload);
    let close = |payload: &[u8]| Frame::new(opcode::CLOSE, payload);
    let half = vec![b' '; FRAME_BYTES / 2 + 1];
    let mut cases: Vec<(String, Vec<Frame>, &'static [u16])> = vec![
        ("a frame too large".into(), vec![text(&" ".repeat(FRAME_BYTES + 1))], TOO_BIG),
        ("fragments too large together".into(), vec![Frame::new(1, half.clone()).open(), more(&half)], TOO_BIG),
        ("an announced length of 2^63".into(), vec![Frame { pretended: Some(1 << 63), ..text("") }], PROTOCOL),
        ("a frame that is not masked".into(), vec![Frame { masked: false, ..text("{}") }], PROTOCOL),
        ("text that is not UTF-8".into(), vec![Frame::new(opcode::TEXT, [b'"', 0xff, b'"'])], NOT_UTF8),
        (
            "text that is not UTF-8, in fragments".into(),
            vec![Frame::new(opcode::TEXT, [0xe2, 0x82]).open(), more(&[0x28])],
            NOT_UTF8,
        ),
        ("a surrogate in UTF-8".into(), vec![Frame::new(opcode::TEXT, [0xed, 0xa0, 0x80])], NOT_UTF8),
        ("a ping of 126 bytes".into(), vec![Frame::new(opcode::PING, [0; 126])], PROTOCOL),
        ("a ping in fragments".into(), vec![Frame::new(opcode::PING, "a").open()], PROTOCOL),
        ("a close in fragments".into(), vec![close(&[3, 232]).open()], PROTOCOL),
        ("a continuation of nothing".into(), vec![more(b"x")], PROTOCOL),
        ("a message inside another".into(), vec![text("{").open(), text("}")], PROTOCOL),
        ("a close of one byte".into(), vec![close(&[3])], PROTOCOL),
        ("a close with a reason that is not UTF-8".into(), vec![close(&[3, 232, 0xff])], NOT_UTF8),
        ("bytes".into(), vec![Frame::new(opcode::BINARY, [1, 2, 3])], &[1008]),
    ];
    cases.extend((1..8).map(|bits| {
        (format!("reserved bits {bits:03b}"), vec![Frame { reserved: bits, ..Frame::text("{}") }], PROTOCOL)
    }));
    let unknown = (3..8).chain(11..16);
    cases.extend(unknown.map(|kind| (format!("opcode {kind}"), vec![Frame::new(kind, "x")], PROTOCOL)));
    cases.extend([0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000].map(|code| {
        (format!("a close with code {code}"), vec![Frame::new(opcode::CLOSE, code.to_be_bytes())], PROTOCOL)
    }));
    let mut cases: Vec<Case> = cases.into_iter().map(|(name, frames, codes)| (name, bytes(&frames), codes)).collect();
    let flood = |first: Option<Frame>, frame: Frame| {
        let mut flood = first.map(|frame| frame.bytes()).unwrap_or_default();
        flood.extend(frame.bytes().repeat(FLOOD));
        flood
    };
    let begun = || Some(Frame::text("{").open());
    cases.push(("a flood of fragments of one byte".into(), flood(begun(), more(b" ").open()), TOO_MANY));
    cases.push(("a flood of empty fragments".into(), flood(begun(), more(b"").open()), TOO_MANY));
    cases.push(("a flood of pings".into(), flood(None, Frame::new(opcode::PING, "are you there?")), TOO_MANY));
    cases.push(("a flood of pongs".into(), flood(None, Frame::new(opcode::PONG, "")), TOO_MANY));
    cases.push(("a flood of nonsense".into(), flood(None, Frame::text("x")), TOO_MANY));
    cases
}

pub(super) async fn greeted(world: &World, token: &str) -> RawSocket {
    let mut socket = RawSocket::connect(world.port(), &world.origin()).await.expect("a socket");
    let hello = json!({ "id": 1, "command": { "type": "hello", "protocol": 1, "token": token, "resume": [] } });
    socket.send(&[Frame::text(&hello.to_string())]).await.expect("sent");
    loop {
        match socket.receive().await.expect("a frame") {
            Some(Received::Text(text)) if text.contains("\"welcome\"") => return socket,
            Some(Received::Text(_) | Received::Other(..)) => {}
            other => panic!("no welcome: {other:?}"),
        }
    }
}

#[tokio::test]
async fn f23_hostile_frames_are_closed_with_the_right_code_and_cost_little() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let vera = world.visitor().await;
    let warm = Cost::of(&world);
    for (name, bytes, codes) in cases() {
        let before = Cost::of(&world);
        for _ in 0..TIMES {
            let mut socket = greeted(&world, &vera.reply.token).await;
            let closed = tokio::time::timeout(crate::basics::DEADLINE, socket.flood(&bytes)).await;
            let code = closed.unwrap_or_else(|_| panic!("{name}: not closed"));
            assert!(codes.contains(&code), "{name}: closed with {code}, not {codes:?}");
        }
        Cost::was_little_since(&world, before, &vera.reply.token, &name).await;
    }
    let grown = Cost::growth_since(&world, warm);
    assert!(grown < GROWTH_KIB, "the server grew by {grown} KiB");
    the_rest_goes_on(&world, &ann).await;
}

/// Nothing panicked, nothing was stored, and others chat.
pub(super) async fn the_rest_goes_on(world: &World, ann: &crate::people::Agent) {
    let log = world.log();
    assert!(!log.contains("panicked"), "something panicked:\n{log}");
    assert_eq!(world.count("select count(*) from entry").await, 0);
    let mut other: Visitor = world.visitor().await;
    other.connect(Over::Socket).await;
    let conversation = other.asks("is anybody there?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.says(conversation, "yes").await;
    other.sees("yes").await;
}

#[tokio::test]
async fn f23_a_command_in_fragments_of_one_byte_is_a_command() {
    let world = World::start().await;
    let vera = world.visitor().await;
    let mut socket = greeted(&world, &vera.reply.token).await;
    let command = json!({ "id": 7, "command": { "type": "page", "url": "http://shop.example/" } }).to_string();
    let last = command.len() - 1;
    for (index, byte) in command.bytes().enumerate() {
        let kind = if index == 0 { opcode::TEXT } else { opcode::CONTINUATION };
        let frame = Frame::new(kind, [byte]);
        // Pings may stand between fragments.
        let ping = Frame::new(opcode::PING, "");
        let frames = if index % 10 == 0 { vec![frame.open(), ping] } else { vec![frame.open()] };
        if index < last {
            socket.send(&frames).await.expect("sent");
        }
    }
    socket.send(&[Frame::new(opcode::CONTINUATION, [command.as_bytes()[last]])]).await.expect("sent");
    let answered = async {
        loop {
            match socket.receive().await.expect("a frame").expect("an open socket") {
                Received::Text(text) if text.contains("\"ack\"") && text.contains("\"id\":7") => return,
                Received::Close(code) => panic!("closed with {code}"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(crate::basics::DEADLINE, answered).await.expect("an answer");
}
