//! Just enough HTTP/1.1 for our own server: requests with a body on a connection that stays open, replies with
//! a length.

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dial::Dialer;

/// Largest reply taken.
const LARGEST: usize = 64 * 1024 * 1024;

/// A connection for requests.
pub(super) struct Http {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// A reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Status line and headers.
    pub(super) head: String,
    pub(super) body: String,
}

impl Http {
    /// Connects.
    pub(super) async fn open(dialer: &Dialer) -> anyhow::Result<Self> {
        Ok(Self { stream: dialer.dial().await?, bytes: Vec::new() })
    }

    /// Posts `body` to `path`; `headers` end with a line break each.
    pub(super) async fn post(
        &mut self,
        dialer: &Dialer,
        path: &str,
        headers: &str,
        body: &str,
    ) -> anyhow::Result<Reply> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            dialer.host,
            dialer.origin,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.reply().await.with_context(|| format!("POST {path}"))
    }

    async fn reply(&mut self) -> anyhow::Result<Reply> {
        self.bytes.clear();
        let (head, body_at) = loop {
            if let Some(at) = self.bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break (std::str::from_utf8(self.bytes.get(..at).unwrap_or_default())?.to_owned(), at + 4);
            }
            self.more().await?;
        };
        let status = head.get(9..12).and_then(|code| code.parse().ok()).context("not an HTTP reply")?;
        let length = header(&head, "content-length").map_or(Ok(0), str::parse)?;
        if header(&head, "transfer-encoding").is_some() {
            bail!("a reply without a length");
        }
        while self.bytes.len() < body_at + length {
            self.more().await?;
        }
        let body = std::str::from_utf8(self.bytes.get(body_at..body_at + length).unwrap_or_default())?.to_owned();
        Ok(Reply { status, head, body })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.bytes.len() > LARGEST {
            bail!("a reply of more than {LARGEST} bytes");
        }
        self.bytes.reserve(1024);
        let read = self.stream.read_buf(&mut self.bytes).await?;
        if read == 0 { bail!("the server closed the connection") } else { Ok(()) }
    }
}

impl Reply {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    line.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}
