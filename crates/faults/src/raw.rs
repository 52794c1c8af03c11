//! A WebSocket client that may break every rule of RFC 6455: it writes whatever bytes it is given.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest head of a response, in bytes.
const HEAD: usize = 16 * 1024;

/// Kinds of frames by number (RFC 6455, 5.2).
pub mod opcode {
    /// More of the message before.
    pub const CONTINUATION: u8 = 0;
    /// Text.
    pub const TEXT: u8 = 1;
    /// Bytes.
    pub const BINARY: u8 = 2;
    /// The end.
    pub const CLOSE: u8 = 8;
    /// Are you there?
    pub const PING: u8 = 9;
    /// Yes.
    pub const PONG: u8 = 10;
}

/// The bit of the first byte that says a message ends here.
const FIN: u8 = 0x80;
/// The bit of the second byte that says the payload is masked.
const MASKED: u8 = 0x80;
/// Any mask will do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame, with everything that can be wrong about it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its kind; see [`opcode`].
    pub opcode: u8,
    /// Whether its message ends here.
    pub last: bool,
    /// The three reserved bits, 0-7.
    pub reserved: u8,
    /// Whether the payload is masked, as every client's must be.
    pub masked: bool,
    /// A length other than the payload's to write.
    pub pretended: Option<u64>,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame without fault.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { opcode, last: true, reserved: 0, masked: true, pretended: None, payload: payload.into() }
    }

    /// A text message.
    pub fn text(text: &str) -> Self {
        Self::new(opcode::TEXT, text)
    }

    /// The same with more of its message to come.
    pub fn open(mut self) -> Self {
        self.last = false;
        self
    }

    /// The bytes of it.
    pub fn bytes(&self) -> Vec<u8> {
        let first = if self.last { FIN } else { 0 } | self.reserved << 4 | self.opcode;
        let mut out = header(first, self.pretended.unwrap_or(self.payload.len() as u64), self.masked);
        if self.masked {
            out.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        } else {
            out.extend_from_slice(&self.payload);
        }
        out
    }
}

/// What stands before a payload of this length: the first byte as it is, the length, the mask.
pub fn header(first: u8, length: u64, masked: bool) -> Vec<u8> {
    let flag = if masked { MASKED } else { 0 };
    let mut out = vec![first];
    match length {
        0..=125 => out.push(flag | length as u8),
        126..=0xffff => {
            out.push(flag | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(flag | 127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    if masked {
        out.extend_from_slice(&MASK);
    }
    out
}

/// A frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Text.
    Text(String),
    /// The end, with its code; 1005 without one.
    Close(u16),
    /// Anything else: its opcode and payload.
    Other(u8, Vec<u8>),
}

/// An open connection.
pub struct RawSocket {
    stream: TcpStream,
    read: Vec<u8>,
}

impl RawSocket {
    /// Connects to `/v1/ws` on a loopback port and switches protocols.
    ///
    /// # Errors
    /// When the server does not answer 101.
    pub async fn connect(port: u16, origin: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: {origin}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = Vec::new();
        let end = loop {
            if let Some(at) = read.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            if read.len() > HEAD || stream.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        if !read.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other(String::from_utf8_lossy(&read).into_owned()));
        }
        read.drain(..end);
        Ok(Self { stream, read })
    }

    /// Writes frames in one go.
    ///
    /// # Errors
    /// When the server has gone.
    pub async fn send(&mut self, frames: &[Frame]) -> io::Result<()> {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::bytes).collect();
        self.stream.write_all(&bytes).await
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the server has gone.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next frame; `None` at the end of the stream. Dropping it half-way loses nothing.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn receive(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some((received, used)) = parse(&self.read) {
                self.read.drain(..used);
                return Ok(Some(received));
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Writes bytes for as long as the server takes them, and gives the code it closes with.
    pub async fn flood(&mut self, bytes: &[u8]) -> u16 {
        let Self { stream, read } = self;
        let (mut reader, mut writer) = stream.split();
        let write = async {
            // The server may stop reading long before the end, which is what is asked for.
            let _ = writer.write_all(bytes).await;
            std::future::pending::<()>().await;
        };
        let end = async {
            while let Ok(1..) = reader.read_buf(read).await {
                while let Some((received, used)) = parse(read) {
                    read.drain(..used);
                    if let Received::Close(code) = received {
                        return code;
                    }
                }
            }
            1006
        };
        tokio::select! {
            () = write => 1006,
            code = end => code,
        }
    }

    /// The code the server closes with, whatever comes before; 1006 when it goes without one.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.receive().await {
                Ok(Some(Received::Close(code))) => return code,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return 1006,
            }
        }
    }
}

/// A whole frame at the start of `bytes`, and its length. Servers do not mask.
fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    let end = head + usize::try_from(length).ok()?;
    let payload = bytes.get(head..end)?;
    let received = match first & 0x0f {
        opcode::TEXT => Received::Text(String::from_utf8_lossy(payload).into_owned()),
        opcode::CLOSE => {
            let code = payload.get(..2).and_then(|code| code.try_into().ok()).map(u16::from_be_bytes);
            Received::Close(code.unwrap_or(1005))
        }
        other => Received::Other(other, payload.to_vec()),
    };
    Some((received, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_as_the_standard_says_or_as_told() {
        // The examples of RFC 6455, 5.7.
        let hello = Frame::text("Hello");
        assert_eq!(hello.bytes(), [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
        let bare = Frame { masked: false, ..hello.clone() };
        assert_eq!(bare.bytes(), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(Frame { masked: false, ..hello.open() }.bytes()[0], 0x01);
        let long = Frame { masked: false, ..Frame::new(opcode::BINARY, vec![0; 256]) };
        assert_eq!(long.bytes()[..4], [0x82, 0x7e, 0x01, 0x00]);
        let longer = Frame { masked: false, ..Frame::new(opcode::BINARY, vec![0; 65_536]) };
        assert_eq!(longer.bytes()[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        let odd = Frame { reserved: 7, pretended: Some(3), ..Frame::new(0xf, "") };
        assert_eq!(odd.bytes()[..2], [0xff, 0x83]);
    }

    #[test]
    fn frames_are_read_when_they_are_whole() {
        let bytes = [0x81, 0x02, b'h', b'i', 0x88, 0x02, 0x03, 0xf1];
        assert_eq!(parse(&bytes[..3]), None);
        assert_eq!(parse(&bytes), Some((Received::Text("hi".into()), 4)));
        assert_eq!(parse(&bytes[4..]), Some((Received::Close(1009), 4)));
        assert_eq!(parse(&[0x8a, 0x00]), Some((Received::Other(opcode::PONG, vec![]), 2)));
    }
}
