//! A WebSocket over a connection: frames to messages, with every limit that RFC 6455 leaves to us (F23): size of a
//! message however it is cut, number of frames, time of a write. Every violation becomes a close code.
//!
//! An idle socket owns no buffer. All sockets of a worker read into one; only what is not a whole frame yet is kept.
//! What waits to be written is shared with everybody who is sent the same.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::{Buf, BytesMut};
use protocol::error::CloseCode;
use protocol::limits::FRAME_BYTES;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use super::frame::{self, HEAD_BYTES, Head, Opcode};
use super::tcp;

/// Longest wait until the connection takes the last frame.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// After a Close frame the connection is kept this long for the other side to hang up: whoever closes while
/// something unread has arrived takes the Close frame back.
const HANG_UP_WITHIN: Duration = Duration::from_secs(2);
/// Read at once until then, and thrown away.
const HANG_UP_BYTES: usize = 512;
/// Frames of any kind a client may send at once, and per second after that. Far above what a person or an
/// outbox does; what commands may cost is limited elsewhere.
const FRAMES: f32 = 1_000.0;
/// Bytes sent before the client must confirm that it read them: what waits for a slow reader stays near this.
const UNCONFIRMED_BYTES: usize = 256 * 1024;
/// Read at once.
const READ_BYTES: usize = 16 * 1024;
/// Frames written at once.
const GATHERED: usize = 16;
/// Bytes that are written before more is read: a reader that does not take them must not have us hold more.
const GATHERED_BYTES: usize = 32 * 1024;

thread_local! {
    /// What sockets of this worker read into, one after the other.
    static READ: RefCell<[u8; READ_BYTES]> = const { RefCell::new([0; READ_BYTES]) };
}

/// A WebSocket whose handshake is done.
pub(super) struct Socket {
    stream: TcpStream,
    /// What was read and is not a whole frame yet.
    unread: BytesMut,
    /// A text message whose last fragment has not come.
    fragments: Option<Vec<u8>>,
    /// Frames to send, and how many bytes of the first are out.
    unsent: VecDeque<(Opcode, Arc<[u8]>)>,
    sent: usize,
    allowance: Allowance,
    unconfirmed: usize,
    /// Whether it was asked to confirm them.
    asked: bool,
}

/// What a connection is ready for.
enum Ready {
    Read,
    Sent,
}

/// What a client sent.
pub(super) enum Incoming {
    /// A whole text message.
    Text(String),
    /// To be answered by [`Socket::pong`].
    Ping(Arc<[u8]>),
    /// The answer to a ping of ours.
    Pong,
    /// It closed, or broke the protocol: close with this code.
    Closing(CloseCode),
    /// Nothing: all that was to be sent is out.
    Sent,
    /// The connection broke.
    Gone,
}

/// The connection takes no more: it broke, or the client does not read.
#[derive(Debug)]
pub(super) struct Lost;

impl Socket {
    /// Takes over a connection; `unread` is what came behind the handshake.
    pub(super) fn new(stream: TcpStream, unread: BytesMut) -> Self {
        Self {
            stream,
            unread,
            fragments: None,
            unsent: VecDeque::new(),
            sent: 0,
            allowance: Allowance::new(),
            unconfirmed: 0,
            asked: false,
        }
    }

    /// The next message; sends what waits meanwhile. May be dropped at any moment without losing anything.
    pub(super) async fn receive(&mut self) -> Incoming {
        loop {
            match self.take() {
                Ok(Some(incoming)) => return incoming,
                Ok(None) => {}
                Err(code) => return Incoming::Closing(code),
            }
            match poll_fn(|context| self.poll(context)).await {
                Ok(Ready::Read) => {}
                Ok(Ready::Sent) => return Incoming::Sent,
                Err(Lost) => return Incoming::Gone,
            }
        }
    }

    /// Reads when there is something, and sends what waits.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Ready, Lost>> {
        while !self.unsent.is_empty() && self.stream.poll_write_ready(context).map_err(|_| Lost)?.is_ready() {
            if self.write()? {
                return Poll::Ready(Ok(Ready::Sent));
            }
        }
        READ.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)).map_err(|_| Lost)?;
            self.unread.extend_from_slice(buffer.filled());
            Poll::Ready(if buffer.filled().is_empty() { Err(Lost) } else { Ok(Ready::Read) })
        })
    }

    /// The next message of what was read, if it is complete.
    fn take(&mut self) -> Result<Option<Incoming>, CloseCode> {
        while let Some(head) = frame::read(&self.unread)? {
            self.expects(&head)?;
            let end = head.bytes + head.length;
            let Some(payload) = self.unread.get_mut(head.bytes..end) else { return Ok(None) };
            if !self.allowance.take(Instant::now()) {
                return Err(CloseCode::Flood);
            }
            frame::unmask(payload, head.mask);
            let payload = payload.to_vec();
            self.unread.advance(end);
            if self.unread.is_empty() {
                self.unread = BytesMut::new();
            }
            if let Some(incoming) = self.incoming(head, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Refuses a frame that has no place here by its head alone: nobody waits for, or keeps, its payload.
    fn expects(&self, head: &Head) -> Result<(), CloseCode> {
        match (head.opcode, &self.fragments) {
            (Opcode::Binary, _) => Err(CloseCode::Policy),
            (Opcode::Text, Some(_)) | (Opcode::Continuation, None) => Err(CloseCode::ProtocolError),
            (Opcode::Continuation, Some(so_far)) if so_far.len() + head.length > FRAME_BYTES => Err(CloseCode::TooBig),
            _ => Ok(()),
        }
    }

    /// What a frame means; nothing yet when more of its message is to come.
    fn incoming(&mut self, head: Head, payload: Vec<u8>) -> Result<Option<Incoming>, CloseCode> {
        Ok(match head.opcode {
            Opcode::Text if head.last => Some(Incoming::Text(text(payload)?)),
            Opcode::Text => {
                self.fragments = Some(Vec::new());
                self.fragment(&payload, false)?
            }
            // Binary frames have been refused.
            Opcode::Continuation | Opcode::Binary => self.fragment(&payload, head.last)?,
            Opcode::Ping => Some(Incoming::Ping(payload.into())),
            Opcode::Pong => Some(Incoming::Pong),
            Opcode::Close => {
                frame::check_close(&payload)?;
                Some(Incoming::Closing(CloseCode::Normal))
            }
        })
    }

    fn fragment(&mut self, piece: &[u8], last: bool) -> Result<Option<Incoming>, CloseCode> {
        let so_far = self.fragments.as_mut().ok_or(CloseCode::ProtocolError)?;
        let before = so_far.len();
        so_far.extend_from_slice(piece);
        if !last {
            return if may_be_text(so_far, before) { Ok(None) } else { Err(CloseCode::NotUtf8) };
        }
        let whole = self.fragments.take().unwrap_or_default();
        Ok(Some(Incoming::Text(text(whole)?)))
    }

    /// Puts an encoded event behind what is to be sent; [`Socket::flush`] sends it.
    pub(super) fn queue(&mut self, text: Arc<str>) {
        self.unconfirmed += text.len();
        self.unsent.push_back((Opcode::Text, text.into()));
    }

    /// Sends an encoded event.
    pub(super) fn send(&mut self, text: Arc<str>) -> Result<(), Lost> {
        self.queue(text);
        self.flush()
    }

    /// Answers a ping.
    pub(super) fn pong(&mut self, payload: Arc<[u8]>) -> Result<(), Lost> {
        self.unsent.push_back((Opcode::Pong, payload));
        self.flush()
    }

    /// Whether the client is to be sent nothing more for now: the connection does not take it, or so much was sent
    /// that the client should say first that it has read it.
    pub(super) fn is_behind(&self) -> bool {
        !self.unsent.is_empty() || self.unconfirmed > UNCONFIRMED_BYTES
    }

    /// Whether what is queued is to be sent before more is.
    pub(super) fn is_full(&self) -> bool {
        let waiting = || self.unsent.iter().map(|(_, payload)| payload.len()).sum::<usize>();
        self.unsent.len() >= GATHERED || self.unconfirmed > UNCONFIRMED_BYTES || waiting() >= GATHERED_BYTES
    }

    /// It came: the answer to a ping, which every browser sends once what lies before it is read.
    pub(super) fn confirmed(&mut self) {
        self.unconfirmed = 0;
        self.asked = false;
    }

    /// Sends what is queued, as far as the connection takes it; the rest is sent by [`Socket::receive`].
    pub(super) fn flush(&mut self) -> Result<(), Lost> {
        if self.unconfirmed > UNCONFIRMED_BYTES && !self.asked {
            self.asked = true;
            self.unsent.push_back((Opcode::Ping, Arc::new([])));
        }
        self.write().map(drop)
    }

    /// Writes what the connection takes now. True when that was all.
    fn write(&mut self) -> Result<bool, Lost> {
        while !self.unsent.is_empty() {
            let heads: [_; GATHERED] = std::array::from_fn(|index| match self.unsent.get(index) {
                Some((opcode, payload)) => frame::write(*opcode, payload.len()),
                None => ([0; HEAD_BYTES], 0),
            });
            let mut slices = [IoSlice::new(&[]); 2 * GATHERED];
            for ((pair, (head, used)), (_, payload)) in slices.chunks_mut(2).zip(&heads).zip(&self.unsent) {
                pair.copy_from_slice(&[IoSlice::new(&head[..*used]), IoSlice::new(payload)]);
            }
            let mut left = &mut slices[..2 * self.unsent.len().min(GATHERED)];
            IoSlice::advance_slices(&mut left, self.sent);
            match self.stream.try_write_vectored(left) {
                Ok(0) => return Err(Lost),
                Ok(written) => self.advance(self.sent + written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(Lost),
            }
        }
        self.unsent = VecDeque::new();
        Ok(true)
    }

    /// Forgets the frames that are out, of which these are so many bytes.
    fn advance(&mut self, mut out: usize) {
        while let Some((opcode, payload)) = self.unsent.front() {
            let whole = frame::write(*opcode, payload.len()).1 + payload.len();
            if out < whole {
                break;
            }
            out -= whole;
            self.unsent.pop_front();
        }
        self.sent = out;
    }

    /// Says goodbye, and waits a little until the other side hangs up.
    pub(super) async fn close(mut self, code: CloseCode) {
        if code == CloseCode::Slow {
            // It is sent again after the next hello; what is half out must be completed.
            self.unsent.truncate(usize::from(self.sent > 0));
        }
        self.unsent.push_back((Opcode::Close, code.code().to_be_bytes().into()));
        // What is left may wait in the kernel for a client that reads late.
        tcp::finish(&self.stream);
        let written = async {
            while !self.write()? {
                self.stream.writable().await.map_err(|_| Lost)?;
            }
            Ok::<_, Lost>(())
        };
        // A client that does not read at all cannot be told.
        if !matches!(timeout(CLOSE_WITHIN, written).await, Ok(Ok(()))) {
            return;
        }
        let Self { mut stream, mut unread, .. } = self;
        let hang_up = async {
            stream.shutdown().await?;
            loop {
                unread.clear();
                unread.reserve(HANG_UP_BYTES);
                if stream.read_buf(&mut unread).await? == 0 {
                    return std::io::Result::Ok(());
                }
            }
        };
        let _ = timeout(HANG_UP_WITHIN, hang_up).await;
    }
}

/// Whether this may be the beginning of a text, when as many bytes of it as `before` may be.
fn may_be_text(bytes: &[u8], before: usize) -> bool {
    // The last code point may have been cut: it is looked at again from its first byte on.
    let cut = bytes[..before].iter().rev().take(4).position(|byte| byte & 0xc0 != 0x80);
    let from = cut.map_or(0, |back| before - back - 1);
    std::str::from_utf8(&bytes[from..]).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn text(bytes: Vec<u8>) -> Result<String, CloseCode> {
    String::from_utf8(bytes).map_err(|_| CloseCode::NotUtf8)
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
    fn a_text_in_pieces_is_refused_with_the_first_piece_that_spoils_it() {
        let text = "\u{b5}\u{8336}\u{1f375}x".as_bytes();
        for size in 1..text.len() {
            assert!((0..text.len()).step_by(size).all(|at| may_be_text(&text[..text.len().min(at + size)], at)));
        }
        for (bytes, before) in [(&b"\xff"[..], 0), (b"x\x80", 1), (b"\xf4\x90", 1), (b"\xed\xa0", 1), (b"\xc3\xc3", 1)]
        {
            assert!(!may_be_text(bytes, before), "{bytes:?}");
        }
    }

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
