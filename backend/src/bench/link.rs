//! A live WebSocket. All links read into one buffer and keep nothing while they are idle, so that tens of
//! thousands of them cost little.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::rc::Rc;

use tokio::net::TcpStream;

use super::frame::{self, Frame, Parser};
use super::{scan, socket};

/// Bytes read at once.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static SCRATCH_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// One connection, shared by who reads and who writes.
pub(super) struct Link {
    stream: TcpStream,
    out: RefCell<Vec<u8>>,
    flushing: Cell<bool>,
    next_id: Cell<u64>,
    mask: Cell<u32>,
}

impl Link {
    /// A link over a connection whose handshake is done.
    pub(super) fn new(stream: TcpStream) -> Rc<Self> {
        let mask = Cell::new(rand::random());
        // Numbers below were used while getting ready.
        Rc::new(Self { stream, out: RefCell::default(), flushing: Cell::new(false), next_id: Cell::new(1_000), mask })
    }

    /// A number for the next command.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.set(self.next_id.get() + 1);
        self.next_id.get()
    }

    /// Sends text. What the kernel does not take at once follows when it does.
    pub(super) fn send(self: &Rc<Self>, text: &str) {
        self.put(frame::TEXT, text.as_bytes());
    }

    fn put(self: &Rc<Self>, opcode: u8, payload: &[u8]) {
        let mut out = self.out.borrow_mut();
        // A sequence with period 2^32: nobody between here and the server has to be fooled.
        self.mask.set(self.mask.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        frame::encode(opcode, payload, self.mask.get().to_be_bytes(), &mut out);
        if self.flushing.get() {
            return;
        }
        match self.stream.try_write(&out) {
            Ok(written) if written == out.len() => out.clear(),
            Ok(written) => {
                out.drain(..written);
                self.flush_later();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.flush_later(),
            // The reading side sees the end too, and tells.
            Err(_) => out.clear(),
        }
    }

    fn flush_later(self: &Rc<Self>) {
        self.flushing.set(true);
        let link = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while link.stream.writable().await.is_ok() {
                let mut out = link.out.borrow_mut();
                match link.stream.try_write(&out) {
                    Ok(written) => drop(out.drain(..written)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => out.clear(),
                }
                if out.is_empty() {
                    break;
                }
            }
            link.flushing.set(false);
        });
    }

    /// Reads until the end, which it returns; heartbeats are answered here.
    pub(super) async fn read(self: Rc<Self>, mut parser: Parser, mut each: impl FnMut(&str)) -> String {
        loop {
            if let Err(error) = self.stream.readable().await {
                return error.to_string();
            }
            let ended = SCRATCH_BUFFER.with_borrow_mut(|scratch| self.read_now(&mut parser, scratch, &mut each));
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Reads what is there.
    fn read_now(
        self: &Rc<Self>,
        parser: &mut Parser,
        scratch: &mut [u8],
        each: &mut impl FnMut(&str),
    ) -> Option<String> {
        loop {
            let read = match self.stream.try_read(scratch) {
                Ok(0) => return Some("closed without a word".to_owned()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => return Some(error.to_string()),
            };
            let mut closed = None;
            let fed = parser.feed(scratch.get(..read).unwrap_or_default(), |frame| match frame {
                Frame::Text(text) if scan::kind(text) == "ping" => self.send(&socket::pong(self.next_id())),
                Frame::Text(text) => each(text),
                Frame::Ping(payload) => self.put(frame::PONG, payload),
                Frame::Pong => {}
                Frame::Close(code) => closed = Some(format!("closed with code {code}")),
            });
            if let Err(error) = fed {
                return Some(error.to_string());
            }
            if closed.is_some() {
                return closed;
            }
            if read < scratch.len() {
                // Most likely that was all; if not, readiness is still there.
                return None;
            }
        }
    }
}
