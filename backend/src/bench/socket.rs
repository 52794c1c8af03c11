//! A WebSocket that is read step by step: for getting ready, where nothing is measured but the connecting.

use std::collections::VecDeque;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use protocol::command::{Command, Pong};
use protocol::frame::CommandFrame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dial::Dialer;
use super::frame::{self, Frame, Parser};
use super::scan;

/// An open WebSocket.
pub(super) struct Socket {
    stream: TcpStream,
    parser: Parser,
    /// Events that came and were not asked for yet.
    events: VecDeque<String>,
    next_id: u64,
}

impl Socket {
    /// Connects and switches protocols; `headers` end with a line break each.
    pub(super) async fn open(dialer: &Dialer, path: &str, headers: &str) -> anyhow::Result<Self> {
        let mut stream = dialer.dial().await?;
        let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n",
            dialer.host, dialer.origin
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::with_capacity(512);
        let head = loop {
            if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 || bytes.len() > 16 * 1024 {
                bail!("the server did not switch to the WebSocket protocol");
            }
        };
        if !bytes.starts_with(b"HTTP/1.1 101") {
            let line = String::from_utf8_lossy(&bytes);
            let status = line.lines().next().unwrap_or_default().to_owned();
            bail!("the server refused a WebSocket: {status}{}", hint(&line));
        }
        let mut socket = Self { stream, parser: Parser::default(), events: VecDeque::new(), next_id: 0 };
        socket.take(bytes.get(head..).unwrap_or_default()).await?;
        Ok(socket)
    }

    /// Sends a command; returns its number.
    pub(super) async fn send(&mut self, command: Command) -> anyhow::Result<u64> {
        self.next_id += 1;
        let text = protocol::codec::to_json(&CommandFrame { id: self.next_id, command });
        self.write(frame::TEXT, text.as_bytes()).await?;
        Ok(self.next_id)
    }

    /// Sends a command and waits for its acknowledgement; other events are kept.
    pub(super) async fn ask(&mut self, command: Command) -> anyhow::Result<String> {
        let id = self.send(command).await?;
        let mut others = VecDeque::new();
        let answer = loop {
            let event = self.next().await?;
            match scan::kind(&event) {
                "ack" if scan::number(&event, "id") == Some(id) => break event,
                "refused" => bail!("refused: {event}{}", hint(&event)),
                _ => others.push_back(event),
            }
        };
        others.append(&mut self.events);
        self.events = others;
        Ok(answer)
    }

    /// The next event. May be dropped at any moment without losing one.
    pub(super) async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            self.stream.readable().await?;
            let mut bytes = [0; 4096];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(read) => self.take(bytes.get(..read).unwrap_or_default()).await?,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What is needed to go on reading another way. Events that were kept are dropped: getting ready is over.
    pub(super) fn into_parts(self) -> (TcpStream, Parser) {
        (self.stream, self.parser)
    }

    async fn take(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let (mut pings, mut closed) = (Vec::new(), None);
        let events = &mut self.events;
        self.parser.feed(bytes, |frame| match frame {
            Frame::Text(text) => events.push_back(text.to_owned()),
            Frame::Ping(payload) => pings.push((frame::PONG, payload.to_vec())),
            Frame::Pong => {}
            Frame::Close(code) => closed = Some(code),
        })?;
        if self.events.iter().any(|event| scan::kind(event) == "ping") {
            self.events.retain(|event| scan::kind(event) != "ping");
            pings.push((frame::TEXT, pong(u64::MAX >> 12).into_bytes()));
        }
        for (opcode, payload) in pings {
            self.write(opcode, &payload).await?;
        }
        closed.map_or(Ok(()), |code| Err(anyhow::anyhow!("the server closed a connection with code {code}")))
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
        let mut bytes = Vec::with_capacity(payload.len() + 14);
        frame::encode(opcode, payload, rand::random(), &mut bytes);
        self.stream.write_all(&bytes).await.context("the server closed the connection")
    }
}

/// The answer to a heartbeat.
pub(super) fn pong(id: u64) -> String {
    protocol::codec::to_json(&CommandFrame { id, command: Command::Pong(Pong {}) })
}

/// What to do about a refusal that a limit caused, or an origin that is not the installation's.
pub(super) fn hint(said: &str) -> &'static str {
    if said.contains("429") || said.contains("rate_limited") {
        "\nThe server limits how often one may ask. For a measurement start it with FRONTDESK_RATE_LIMITS=off."
    } else if said.starts_with("HTTP/1.1 403") {
        "\nThe server takes this only from pages of its own. Say its FRONTDESK_PUBLIC_URL with --origin."
    } else {
        ""
    }
}
