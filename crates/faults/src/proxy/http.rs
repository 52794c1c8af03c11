//! As much of HTTP as a middle box needs that breaks it.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Responses;

/// Longest head of a request, in bytes.
const HEAD: usize = 64 * 1024;

/// Reads until the head of a request is complete, and whatever came with it. What does not begin as a request
/// does is another protocol and passes at once.
pub(super) async fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD {
        if client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !head.first().is_some_and(u8::is_ascii_uppercase) {
            break;
        }
    }
    Ok(head)
}

/// Whether it asks for a WebSocket.
pub(super) fn is_upgrade(head: &[u8]) -> bool {
    String::from_utf8_lossy(head).to_lowercase().contains("\r\nupgrade: websocket")
}

/// Answers 403.
pub(super) async fn refuse(client: &mut TcpStream) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
    client.shutdown().await
}

/// The head without what asks for an upgrade.
pub(super) fn without_upgrade(head: &[u8]) -> Vec<u8> {
    rewritten(head, &["upgrade:", "connection:"], "")
}

/// The head as it must be for responses to come in a way.
pub(super) fn for_responses(head: Vec<u8>, responses: Responses) -> Vec<u8> {
    if responses == Responses::Stream {
        return head;
    }
    let mut head = rewritten(&head, &["connection:"], "connection: close\r\n");
    if responses == Responses::Old
        && let Some(at) = head.windows(10).position(|text| text == b" HTTP/1.1\r")
    {
        head[at + 8] = b'0';
    }
    head
}

/// The head without headers that start so, and with more of them. What follows the head stays as it is.
fn rewritten(bytes: &[u8], without: &[&str], more: &str) -> Vec<u8> {
    let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { return bytes.to_vec() };
    let (head, rest) = bytes.split_at(at + 2);
    let mut out = Vec::with_capacity(bytes.len() + more.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let lower = String::from_utf8_lossy(line).to_lowercase();
        if !without.iter().any(|name| lower.starts_with(name)) {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(more.as_bytes());
    out.extend_from_slice(rest);
    out
}
