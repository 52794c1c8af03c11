//! Frames of RFC 6455, section 5.2: what stands before a payload, read and written. Pure.

use protocol::error::CloseCode;
use protocol::limits::FRAME_BYTES;

/// Longest head of a frame that a client sends: two bytes, eight of length, four of mask.
pub(super) const HEAD_BYTES: usize = 14;
/// Longest payload of a control frame.
const CONTROL_BYTES: u64 = 125;

/// The kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    /// The next piece of a message.
    Continuation = 0,
    /// The first or only piece of a text.
    Text = 1,
    /// The first or only piece of anything else.
    Binary = 2,
    /// Goodbye.
    Close = 8,
    /// To be answered by a pong.
    Ping = 9,
    /// The answer.
    Pong = 10,
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether this is the last piece of its message.
    pub(super) last: bool,
    /// The kind.
    pub(super) opcode: Opcode,
    /// Bytes of the head itself.
    pub(super) bytes: usize,
    /// Bytes of the payload, at most [`FRAME_BYTES`].
    pub(super) length: usize,
    /// The payload is to be undone with this, byte by byte.
    pub(super) mask: [u8; 4],
}

/// Reads the head of a client's frame; `None` while it is not complete.
///
/// # Errors
/// `ProtocolError` for what section 5 forbids, `TooBig` as soon as a length says so: nobody waits for, or keeps,
/// a payload that will be refused.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Head>, CloseCode> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let opcode = match first & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(CloseCode::ProtocolError),
    };
    let (last, reserved, masked) = (first & 0x80 != 0, first & 0x70 != 0, second & 0x80 != 0);
    if reserved || !masked {
        return Err(CloseCode::ProtocolError);
    }
    let (length, rest, wide) = match (second & 0x7f, rest) {
        (126, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest, 2),
        (127, [a, b, c, d, e, f, g, h, rest @ ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest, 8),
        (126 | 127, _) => return Ok(None),
        (short, rest) => (u64::from(short), rest, 0),
    };
    if length >> 63 != 0 {
        return Err(CloseCode::ProtocolError);
    }
    let control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
    if control && (!last || length > CONTROL_BYTES) {
        return Err(CloseCode::ProtocolError);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= FRAME_BYTES).ok_or(CloseCode::TooBig)?;
    let [a, b, c, d, ..] = rest else { return Ok(None) };
    Ok(Some(Head { last, opcode, bytes: 2 + wide + 4, length, mask: [*a, *b, *c, *d] }))
}

/// Undoes the mask.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let word = u32::from_ne_bytes(mask);
    let mut pieces = payload.chunks_exact_mut(4);
    for piece in &mut pieces {
        if let Ok(bytes) = <&mut [u8; 4]>::try_from(piece) {
            *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
        }
    }
    for (byte, mask) in pieces.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// The head of a frame that the server sends: whole and not masked. Says how many of the bytes it takes.
pub(super) fn write(opcode: Opcode, length: usize) -> ([u8; HEAD_BYTES], usize) {
    let mut head = [0; HEAD_BYTES];
    head[0] = 0x80 | opcode as u8;
    let used = match length {
        0..=125 => {
            head[1] = length as u8;
            2
        }
        126..=0xffff => {
            head[1] = 126;
            head[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            head[1] = 127;
            head[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    (head, used)
}

/// Whether the payload of a close frame is one: empty, or a code that may be sent and a text in UTF-8
/// (sections 5.5.1 and 7.4).
///
/// # Errors
/// The code to answer with.
pub(super) fn check_close(payload: &[u8]) -> Result<(), CloseCode> {
    match payload {
        [] => Ok(()),
        [_] => Err(CloseCode::ProtocolError),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(CloseCode::ProtocolError);
            }
            std::str::from_utf8(reason).map(drop).map_err(|_| CloseCode::NotUtf8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heads_of_every_width_are_read() {
        let mask = [1, 2, 3, 4];
        let head = |bytes: &[u8]| read(&[bytes, &mask].concat()).unwrap().unwrap();
        let short = head(&[0x81, 0x85]);
        assert_eq!((short.last, short.opcode, short.bytes, short.length), (true, Opcode::Text, 6, 5));
        let wide = head(&[0x02, 0xfe, 1, 0]);
        assert_eq!((wide.last, wide.opcode, wide.bytes, wide.length), (false, Opcode::Binary, 8, 256));
        let widest = head(&[0x80, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!((widest.opcode, widest.bytes, widest.length), (Opcode::Continuation, 14, FRAME_BYTES));
        assert_eq!(widest.mask, mask);
    }

    #[test]
    fn what_is_cut_off_is_waited_for_and_what_is_wrong_is_not() {
        for bytes in [&[][..], &[0x81], &[0x81, 0x85], &[0x81, 0x85, 1, 2, 3], &[0x81, 0xfe, 1], &[0x81, 0xff, 0]] {
            assert_eq!(read(bytes), Ok(None), "{bytes:?}");
        }
        for bytes in [
            &[0x83, 0x80][..],                        // no such opcode
            &[0xc1, 0x80],                            // a reserved bit
            &[0x81, 0x05],                            // not masked
            &[0x09, 0x80],                            // a control frame in pieces
            &[0x89, 0xfe, 0, 126],                    // a control frame too long
            &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], // a length with 64 bits
        ] {
            assert_eq!(read(bytes), Err(CloseCode::ProtocolError), "{bytes:?}");
        }
        let long = [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1];
        assert_eq!(read(&long), Err(CloseCode::TooBig), "before any of it came");
    }

    #[test]
    fn close_frames_are_checked() {
        assert_eq!(check_close(&[]), Ok(()));
        assert_eq!(check_close(&[0x03, 0xe8]), Ok(()));
        assert_eq!(check_close(&[0x0f, 0xa0, b'x']), Ok(()));
        for payload in [&[1][..], &[0x03, 0xec], &[0x03, 0xed], &[0, 0], &[0xff, 0xff]] {
            assert_eq!(check_close(payload), Err(CloseCode::ProtocolError), "{payload:?}");
        }
        assert_eq!(check_close(&[0x03, 0xe8, 0xff]), Err(CloseCode::NotUtf8));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = read(&bytes);
            let _ = check_close(&bytes);
        }

        #[test]
        fn what_is_written_says_its_length(length in 0usize..200_000) {
            let (head, used) = write(Opcode::Text, length);
            let said = match head[1] {
                126 => usize::from(u16::from_be_bytes([head[2], head[3]])),
                127 => usize::try_from(u64::from_be_bytes(head[2..10].try_into().unwrap())).unwrap(),
                short => usize::from(short),
            };
            prop_assert_eq!(said, length);
            prop_assert_eq!(used, if length < 126 { 2 } else if length < 65_536 { 4 } else { 10 });
        }
    }
}
