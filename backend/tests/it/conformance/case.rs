//! What is sent, and what has to come of it.

use faults::raw::Frame;
use faults::raw::opcode::{CONTINUATION, TEXT};

/// What the server did, as far as it answers what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A whole text arrived and was no command.
    Answer,
    /// A ping came back.
    Pong(Vec<u8>),
}

/// How a connection has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It goes on until the client closes it, with 1000.
    Open,
    /// The server closes it with one of these codes.
    Closed(&'static [u16]),
}

impl End {
    /// Whether the client has to close.
    pub(super) fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// What the client saw up to the end: answers in order, and the close code (1006 without one).
pub(super) struct Outcome {
    pub(super) seen: Vec<Seen>,
    pub(super) code: u16,
}

/// One case.
pub(super) struct Case {
    pub(super) id: String,
    /// Bytes, each written with one call.
    pub(super) parts: Vec<Vec<u8>>,
    /// Answers in order.
    pub(super) expected: Vec<Seen>,
    pub(super) end: End,
}

impl Case {
    /// A case without answers that leaves the connection open.
    pub(super) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), parts: Vec::new(), expected: Vec::new(), end: End::Open }
    }

    /// Sends a frame.
    pub(super) fn frame(mut self, opcode: u8, payload: &[u8]) -> Self {
        self.parts.push(frame(0x80 | opcode, payload));
        self
    }

    /// Sends a frame that is not the last of its message.
    pub(super) fn part(mut self, opcode: u8, payload: &[u8]) -> Self {
        self.parts.push(frame(opcode, payload));
        self
    }

    /// Sends bytes as they are.
    pub(super) fn bytes(mut self, bytes: Vec<u8>) -> Self {
        self.parts.push(bytes);
        self
    }

    /// Sends a text in frames of so many bytes.
    pub(super) fn fragments(mut self, payload: &[u8], size: usize) -> Self {
        let count = payload.len().div_ceil(size);
        for (index, chunk) in payload.chunks(size).enumerate() {
            let opcode = if index == 0 { TEXT } else { CONTINUATION };
            let last = if index + 1 == count { 0x80 } else { 0 };
            self.parts.push(frame(last | opcode, chunk));
        }
        self
    }

    /// Writes everything so far in pieces of so many bytes, across the borders of frames.
    pub(super) fn chopped(mut self, size: usize) -> Self {
        let bytes = self.parts.concat();
        self.parts = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        self
    }

    /// The next thing seen has to be the answer to a text.
    pub(super) fn answered(mut self) -> Self {
        self.expected.push(Seen::Answer);
        self
    }

    /// The next thing seen has to be this pong.
    pub(super) fn ponged(mut self, payload: &[u8]) -> Self {
        self.expected.push(Seen::Pong(payload.to_vec()));
        self
    }

    /// The server has to close with one of these codes.
    pub(super) fn closed(mut self, codes: &'static [u16]) -> Self {
        self.end = End::Closed(codes);
        self
    }

    /// Whether that is what had to come.
    pub(super) fn judge(&self, outcome: &Outcome) -> Result<(), String> {
        let codes: &[u16] = match self.end {
            End::Open => &[1000],
            End::Closed(codes) => codes,
        };
        if !codes.contains(&outcome.code) {
            return Err(format!("closed with {} instead of {codes:?}; saw {:?}", outcome.code, outcome.seen));
        }
        // What came before a fault is answered too: stricter than the standard asks (RFC 6455, section 7.1.7).
        if outcome.seen == self.expected {
            return Ok(());
        }
        Err(format!("saw {:?} instead of {:?}", outcome.seen, self.expected))
    }
}

/// A frame as a client sends it, with any first byte.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let (last, reserved, opcode) = (first & 0x80 != 0, first >> 4 & 7, first & 0x0f);
    Frame { last, reserved, ..Frame::new(opcode, payload) }.bytes()
}
