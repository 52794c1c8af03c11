//! Frames of a WebSocket to messages, with every limit that RFC 6455 leaves to us (F23): size of a message
//! however it is cut, number of frames, time of a write. Every violation becomes a close code.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::str::Utf8Error;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_ws::{CloseReason, Item, Message, MessageStream, ProtocolError};
use futures_util::{FutureExt, Sink};
use protocol::error::CloseCode;
use protocol::limits::FRAME_BYTES;
use tokio::time::{Instant, timeout};

/// Longest wait until the connection takes the last frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Frames of any kind a client may send at once, and per second after that. Far above what a person or an
/// outbox does; what commands may cost is limited elsewhere.
const FRAMES: f32 = 1_000.0;
/// Bytes sent before the client must confirm that it read them: what waits for a slow reader stays near this.
const UNCONFIRMED_BYTES: usize = 256 * 1024;

/// A WebSocket whose handshake is done.
pub(super) struct Socket {
    writer: actix_ws::Session,
    reader: MessageStream,
    /// A text message whose last fragment has not come.
    fragments: Option<Vec<u8>>,
    allowance: Allowance,
    unconfirmed: usize,
    write_within: Duration,
}

/// What a client sent.
pub(super) enum Incoming {
    /// A whole text message.
    Text(String),
    /// To be answered by [`Socket::pong`].
    Ping(Bytes),
    /// The answer to a ping of ours.
    Pong,
    /// It closed, or broke the protocol: close with this code.
    Closing(CloseCode),
    /// The connection broke.
    Gone,
}

/// The connection takes no more: it broke, or the client does not read.
#[derive(Debug)]
pub(super) struct Lost;

impl Socket {
    /// Takes over both halves. A write that takes longer than `write_within` means that nobody reads.
    pub(super) fn new(writer: actix_ws::Session, reader: MessageStream, write_within: Duration) -> Self {
        let reader = reader.max_frame_size(FRAME_BYTES);
        Self { writer, reader, fragments: None, allowance: Allowance::new(), unconfirmed: 0, write_within }
    }

    /// The next message. May be dropped at any moment without losing anything.
    pub(super) async fn receive(&mut self) -> Incoming {
        loop {
            let message = match self.reader.recv().await {
                None => return Incoming::Gone,
                Some(Ok(message)) => message,
                Some(Err(error)) => return broken(&error),
            };
            if !self.allowance.take(Instant::now()) {
                return Incoming::Closing(CloseCode::Flood);
            }
            match message {
                Message::Text(_) if self.fragments.is_some() => return Incoming::Closing(CloseCode::ProtocolError),
                Message::Text(text) => return Incoming::Text(text.to_string()),
                Message::Continuation(item) => {
                    if let Some(incoming) = self.fragment(item) {
                        return incoming;
                    }
                }
                Message::Ping(payload) => return Incoming::Ping(payload),
                Message::Pong(_) => return Incoming::Pong,
                Message::Close(_) => return Incoming::Closing(CloseCode::Normal),
                Message::Binary(_) => return Incoming::Closing(CloseCode::Policy),
                Message::Nop => {}
            }
        }
    }

    fn fragment(&mut self, item: Item) -> Option<Incoming> {
        let (bytes, last) = match item {
            Item::FirstText(bytes) => {
                self.fragments = Some(Vec::new());
                (bytes, false)
            }
            Item::FirstBinary(_) => return Some(Incoming::Closing(CloseCode::Policy)),
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let Some(so_far) = &mut self.fragments else {
            return Some(Incoming::Closing(CloseCode::ProtocolError));
        };
        if so_far.len() + bytes.len() > FRAME_BYTES {
            return Some(Incoming::Closing(CloseCode::TooBig));
        }
        so_far.extend_from_slice(&bytes);
        if !last {
            return None;
        }
        let text = String::from_utf8(std::mem::take(so_far));
        self.fragments = None;
        Some(text.map_or(Incoming::Closing(CloseCode::NotUtf8), Incoming::Text))
    }

    /// Sends an encoded event.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), Lost> {
        self.unconfirmed += text.len();
        // Nearly always there is room, and no timer is needed.
        let room = poll_fn(|context| Pin::new(&mut self.writer).poll_ready(context)).now_or_never();
        match room {
            Some(room) => room.map_err(|_| Lost)?,
            None => Box::pin(self.wait_for_room()).await?,
        }
        Pin::new(&mut self.writer).start_send(Message::Text(text.into())).map_err(|_| Lost)
    }

    async fn wait_for_room(&mut self) -> Result<(), Lost> {
        let room = poll_fn(|context| Pin::new(&mut self.writer).poll_ready(context));
        write(self.write_within, room).await
    }

    /// Answers a ping.
    pub(super) async fn pong(&mut self, payload: &[u8]) -> Result<(), Lost> {
        write(self.write_within, self.writer.pong(payload)).await
    }

    /// Whether so much was sent that the client should say it has read it before it is sent more.
    pub(super) fn wants_confirmation(&self) -> bool {
        self.unconfirmed > UNCONFIRMED_BYTES
    }

    /// Asks for it: a ping is answered by every browser once what lies before it is read.
    pub(super) async fn ask_confirmation(&mut self) -> Result<(), Lost> {
        write(self.write_within, self.writer.ping(&[])).await
    }

    /// It came.
    pub(super) fn confirmed(&mut self) {
        self.unconfirmed = 0;
    }

    /// Says goodbye.
    pub(super) async fn close(&mut self, code: CloseCode) {
        let reason = CloseReason { code: code.code().into(), description: None };
        // A client that does not read cannot be told.
        let _ = timeout(CLOSE_WITHIN, self.writer.clone().close(Some(reason))).await;
    }
}

async fn write(within: Duration, writing: impl Future<Output = Result<(), actix_ws::Closed>>) -> Result<(), Lost> {
    match timeout(within, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Lost),
    }
}

fn broken(error: &ProtocolError) -> Incoming {
    match error {
        ProtocolError::Io(error) if error.kind() == ErrorKind::InvalidData => {
            // Reserved bits and bad close frames come as the same kind of error as text that is not UTF-8.
            let text = error.get_ref().is_some_and(|inner| inner.is::<Utf8Error>());
            Incoming::Closing(if text { CloseCode::NotUtf8 } else { CloseCode::ProtocolError })
        }
        ProtocolError::Io(_) => Incoming::Gone,
        ProtocolError::Overflow => Incoming::Closing(CloseCode::TooBig),
        _ => Incoming::Closing(CloseCode::ProtocolError),
    }
}

/// How many frames a client may still send.
struct Allowance {
    left: f32,
    at: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self { left: FRAMES, at: Instant::now() }
    }

    fn take(&mut self, now: Instant) -> bool {
        let earned = now.duration_since(self.at).as_secs_f32() * FRAMES;
        self.left = (self.left + earned).min(FRAMES) - 1.0;
        self.at = now;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_allowed_in_bursts_and_at_a_rate() {
        let mut allowance = Allowance::new();
        let now = allowance.at;
        assert!((0..1_000).all(|_| allowance.take(now)));
        assert!(!allowance.take(now));
        let later = now + Duration::from_millis(100);
        assert!((0..90).all(|_| allowance.take(later)));
        assert!((0..20).any(|_| !allowance.take(later)));
    }
}
