//! Frames of a WebSocket (RFC 6455, section 5), seen from a client: it masks what it sends, and what it gets is
//! neither masked nor cut into fragments.

use anyhow::bail;

/// Largest frame taken: the lists of an agent can be long.
const LARGEST: usize = 64 * 1024 * 1024;

/// Opcode of a text frame.
pub(super) const TEXT: u8 = 0x1;
/// Opcode of a pong.
pub(super) const PONG: u8 = 0xA;

/// What the server sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// An event.
    Text(&'a str),
    /// To be answered with the same bytes.
    Ping(&'a [u8]),
    /// An answer.
    Pong,
    /// Goodbye, with a code; 1005 when there was none.
    Close(u16),
}

/// Cuts a stream of bytes into frames.
#[derive(Default)]
pub(super) struct Parser {
    /// The start of a frame whose end has not come; empty nearly always.
    rest: Vec<u8>,
}

impl Parser {
    /// Hands every frame that `bytes` completes to `each`.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Frame<'_>)) -> anyhow::Result<()> {
        if self.rest.is_empty() {
            let used = cut(bytes, &mut each)?;
            self.rest.extend_from_slice(bytes.get(used..).unwrap_or_default());
            return Ok(());
        }
        self.rest.extend_from_slice(bytes);
        let used = cut(&self.rest, &mut each)?;
        self.rest.drain(..used);
        if self.rest.is_empty() {
            // A connection that is idle again keeps nothing.
            self.rest = Vec::new();
        }
        Ok(())
    }
}

fn cut(bytes: &[u8], each: &mut impl FnMut(Frame<'_>)) -> anyhow::Result<usize> {
    let mut used = 0;
    while let Some((frame, length)) = first(bytes.get(used..).unwrap_or_default())? {
        used += length;
        each(frame);
    }
    Ok(used)
}

/// The first frame and its length, if it is complete.
fn first(bytes: &[u8]) -> anyhow::Result<Option<(Frame<'_>, usize)>> {
    let (Some(&head), Some(&second)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if head & 0xF0 != 0x80 || second & 0x80 != 0 {
        bail!("the server sent a frame this client does not expect: {head:#04x} {second:#04x}");
    }
    let number = |range: std::ops::Range<usize>| {
        Some(bytes.get(range)?.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)))
    };
    let (start, length) = match second {
        126 => (4, number(2..4)),
        127 => (10, number(2..10)),
        short => (2, Some(usize::from(short))),
    };
    let Some(length) = length else { return Ok(None) };
    if length > LARGEST {
        bail!("the server sent a frame of {length} bytes");
    }
    let Some(payload) = bytes.get(start..start + length) else { return Ok(None) };
    let frame = match head & 0x0F {
        TEXT => Frame::Text(std::str::from_utf8(payload)?),
        0x8 => Frame::Close(
            payload.get(..2).map_or(1005, |code| code.iter().fold(0, |sum, byte| (sum << 8) | u16::from(*byte))),
        ),
        0x9 => Frame::Ping(payload),
        PONG => Frame::Pong,
        other => bail!("the server sent a frame with opcode {other}"),
    };
    Ok(Some((frame, start + length)))
}

/// Appends a frame with this content to `out`, masked with `mask`.
pub(super) fn encode(opcode: u8, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | u8::try_from(short).unwrap_or_default()),
        length @ 126..=0xFFFF => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(length).unwrap_or_default().to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    for chunk in out.get_mut(start..).unwrap_or_default().chunks_mut(4) {
        for (byte, key) in chunk.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a server sends it.
    fn sent(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        encode(opcode, payload, [0; 4], &mut frame);
        let mask_at = frame.len() - payload.len() - 4;
        frame.drain(mask_at..mask_at + 4);
        frame[1] &= 0x7F;
        frame
    }

    #[test]
    fn frames_of_every_length_come_whole_however_they_are_cut() {
        for length in [0, 1, 125, 126, 300, 65_535, 65_536, 70_000] {
            let text = "x".repeat(length);
            let bytes: Vec<u8> = [sent(TEXT, text.as_bytes()), sent(0x9, b"hi"), sent(0x8, &[0x03, 0xF4])].concat();
            for step in [1, 7, bytes.len()] {
                let (mut parser, mut seen) = (Parser::default(), Vec::new());
                for part in bytes.chunks(step) {
                    parser.feed(part, |frame| seen.push(format!("{frame:?}"))).unwrap();
                }
                let expected = [Frame::Text(&text), Frame::Ping(b"hi"), Frame::Close(1012)].map(|it| format!("{it:?}"));
                assert_eq!(seen, expected, "{length} by {step}");
                assert!(parser.rest.is_empty());
            }
        }
    }

    #[test]
    fn what_a_server_must_not_send_is_an_error() {
        for bytes in [&[0x01, 0x00][..], &[0x82, 0x00], &[0x81, 0x80], &[0xC1, 0x00], &[0x81, 0x01, 0xFF]] {
            assert!(Parser::default().feed(bytes, |_| {}).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_mask_is_undone_by_itself() {
        let mut frame = Vec::new();
        encode(TEXT, b"hello", [1, 2, 3, 4], &mut frame);
        assert_eq!(&frame[..6], &[0x81, 0x85, 1, 2, 3, 4]);
        let plain: Vec<u8> = frame[6..].iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        assert_eq!(plain, b"hello");
    }
}
