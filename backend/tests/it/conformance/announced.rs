//! Frames that announce more than is allowed (groups 9.1 to 9.4, F23): the head alone is enough to refuse them, so
//! that nobody can make the server keep what will be thrown away.

use faults::raw::header;
use faults::raw::opcode::{BINARY, CLOSE, CONTINUATION, PING, TEXT};
use protocol::limits::FRAME_BYTES;

use super::case::Case;

const BROKEN: &[u16] = &[1002];
const POLICY: &[u16] = &[1008];
const TOO_LARGE: &[u16] = &[1009];
const KIB: u64 = 1024;

/// The head of a masked frame, and nothing of its payload.
fn announced(first: u8, length: u64) -> Vec<u8> {
    header(first, length, true)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |id: String, first, length| Case::new(id).bytes(announced(first, length));
    let mut cases = Vec::new();
    for (number, kib) in (2..).zip([256, 1024, 4096, 8192, 16_384]) {
        cases.push(case(format!("9.1.{number}"), 0x80 | TEXT, kib * KIB).closed(TOO_LARGE));
        cases.push(case(format!("9.2.{number}"), 0x80 | BINARY, kib * KIB).closed(TOO_LARGE));
    }
    for (number, kib) in (7..).zip([256, 1024, 4096]) {
        cases.push(case(format!("9.3.{number}"), TEXT, kib * KIB).closed(TOO_LARGE));
        cases.push(case(format!("9.4.{number}"), BINARY, kib * KIB).closed(TOO_LARGE));
    }
    for length in [FRAME_BYTES as u64 + 1, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 40, u64::MAX >> 1] {
        cases.push(case(format!("F23 announced {length}"), 0x80 | TEXT, length).closed(TOO_LARGE));
    }
    for length in [1 << 63, u64::MAX] {
        cases.push(case(format!("F23 announced {length}"), 0x80 | TEXT, length).closed(BROKEN));
    }
    let begun = || Case::new("F23 announced rest of a message").part(TEXT, &vec![b'*'; FRAME_BYTES]);
    cases.push(begun().bytes(announced(0x80 | CONTINUATION, 1)).closed(TOO_LARGE));
    cases.push(begun().bytes(announced(0x80 | TEXT, 1)).closed(BROKEN));
    cases.push(case("F23 announced rest of nothing".into(), CONTINUATION, 1).closed(BROKEN));
    cases.push(case("F23 announced bytes".into(), 0x80 | BINARY, 1).closed(POLICY));
    for (what, opcode) in [("ping", PING), ("close", CLOSE)] {
        cases.push(case(format!("F23 announced long {what}"), 0x80 | opcode, 126).closed(BROKEN));
    }
    cases
}
