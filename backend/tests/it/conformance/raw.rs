//! A client of bytes: it sends what it is told, right or wrong, and reads frames strictly.

use std::time::Duration;

use faults::raw::opcode::{CLOSE, PING, PONG, TEXT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::case::{Outcome, Seen, frame};
use crate::basics::DEADLINE;
use crate::world::World;

/// The key of RFC 6455, section 1.3, and what has to be answered to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How long a connection that has to end may take.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16),
    /// The stream ended.
    End,
}

/// An open connection.
pub(super) struct Raw {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Raw {
    /// Connects and switches protocols.
    pub(super) async fn open(world: &World) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
        let mut raw = Self { stream, bytes: Vec::new() };
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n",
            world.origin()
        );
        raw.write(request.as_bytes()).await.expect("a request is taken");
        let head = loop {
            if let Some(at) = raw.bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break raw.bytes.drain(..at + 4).collect::<Vec<u8>>();
            }
            assert!(raw.more().await, "the server hung up before it answered");
        };
        let head = String::from_utf8(head).expect("an answer");
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains(ACCEPT), "the key was not understood: {head}");
        raw
    }

    /// Connects, says hello as a visitor, and has read everything the greeting consists of.
    pub(super) async fn greeted(world: &World, token: &str) -> Self {
        let mut raw = Self::open(world).await;
        let hello = format!(
            "{{\"id\":1,\"command\":{{\"type\":\"hello\",\"protocol\":1,\"token\":\"{token}\",\"resume\":[]}}}}"
        );
        raw.write(&frame(0x80 | TEXT, hello.as_bytes())).await.expect("a hello is taken");
        loop {
            match raw.next().await {
                Frame::Text(text) if text.contains("\"type\":\"visitor_state\"") => return raw,
                Frame::Text(text) => assert!(text.contains("\"type\":\"welcome\""), "{text}"),
                other => panic!("{other:?} instead of a welcome"),
            }
        }
    }

    /// Writes bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        timeout(DEADLINE, self.stream.write_all(bytes)).await.expect("the server reads")
    }

    /// The next frame. A frame that a server must not send is a panic.
    pub(super) async fn next(&mut self) -> Frame {
        loop {
            if let Some((frame, length)) = parse(&self.bytes) {
                self.bytes.drain(..length);
                return frame;
            }
            if !self.more().await {
                assert!(self.bytes.is_empty(), "the stream ended in a frame: {:?}", self.bytes);
                return Frame::End;
            }
        }
    }

    /// Reads until the connection has ended; closes it first when the server is not to. After a close frame nothing
    /// may follow but the end. `None` when it does not end.
    pub(super) async fn read_to_the_end(self, close: bool) -> Option<Outcome> {
        timeout(ENDS_WITHIN, self.read_all(close)).await.ok()
    }

    async fn read_all(mut self, close: bool) -> Outcome {
        if close {
            // It may have ended already, which is then seen below.
            let _ = self.write(&frame(0x80 | CLOSE, &1000_u16.to_be_bytes())).await;
        }
        let (mut seen, mut code) = (Vec::new(), 1006);
        loop {
            match self.next().await {
                Frame::End => return Outcome { seen, code },
                other if code != 1006 => panic!("{other:?} after a close frame with {code}"),
                Frame::Close(with) => {
                    code = with;
                    // Both have said goodbye, and nobody has to wait for the other to hang up.
                    let _ = self.stream.shutdown().await;
                }
                Frame::Pong(payload) => seen.push(Seen::Pong(payload)),
                Frame::Text(text) if text.contains("\"type\":\"refused\"") => {
                    assert!(text.contains("\"malformed\""), "{text}");
                    seen.push(Seen::Answer);
                }
                Frame::Text(_) | Frame::Ping(_) => {}
            }
        }
    }

    /// Reads what is there; false at the end.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let read = timeout(DEADLINE, self.stream.read(&mut buffer)).await;
        match read.expect("the server answers or hangs up") {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                self.bytes.extend_from_slice(&buffer[..read]);
                true
            }
        }
    }
}

/// The first frame and its length, if it is whole.
fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let [first, second, ..] = *bytes else { return None };
    assert!(second & 0x80 == 0, "a server must not mask");
    assert!(first & 0x70 == 0, "reserved bits");
    let number = |range: std::ops::Range<usize>| {
        Some(bytes.get(range)?.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (start, length) = match second {
        126 => (4, number(2..4)?),
        127 => (10, number(2..10)?),
        short => (2, usize::from(short)),
    };
    let payload = bytes.get(start..start + length)?.to_vec();
    assert!(first & 0x80 != 0, "our server sends whole messages");
    let frame = match first & 0x0F {
        TEXT => Frame::Text(String::from_utf8(payload).expect("UTF-8")),
        control => {
            assert!(length <= 125, "a control frame of {length} bytes");
            match control {
                PING => Frame::Ping(payload),
                PONG => Frame::Pong(payload),
                CLOSE if payload.is_empty() => Frame::Close(1005),
                CLOSE => Frame::Close(u16::from_be_bytes([payload[0], *payload.get(1).expect("a code")])),
                other => panic!("opcode {other}"),
            }
        }
    };
    Some((frame, start + length))
}
