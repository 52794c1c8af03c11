//! Groups 9 and 10, with our limit of 64 KiB: what is longer is refused as soon as it is known to be longer, what is
//! not is taken in any number of pieces.

use faults::raw::opcode::{BINARY, CONTINUATION, TEXT};
use protocol::limits::FRAME_BYTES;

use super::case::Case;

const TOO_LARGE: &[u16] = &[1009];
/// Binary frames are refused for being binary, unless their length alone says that they are too large.
const BINARY_REFUSED: &[u16] = &[1008];
const KIB: usize = 1024;

pub(super) fn cases() -> Vec<Case> {
    [whole(), in_frames(), chopped(), vec![ten()]].into_iter().flatten().collect()
}

fn whole() -> Vec<Case> {
    vec![
        Case::new("9.1.1").frame(TEXT, &vec![b'*'; FRAME_BYTES]).answered(),
        Case::new("9.1.1 and one byte").frame(TEXT, &vec![b'*'; FRAME_BYTES + 1]).closed(TOO_LARGE),
        Case::new("9.2.1").frame(BINARY, &vec![0; FRAME_BYTES]).closed(BINARY_REFUSED),
        Case::new("9.2.1 and one byte").frame(BINARY, &vec![0; FRAME_BYTES + 1]).closed(TOO_LARGE),
    ]
}

/// A long message in frames of 64 bytes to 64 KiB. What comes after 64 KiB is not needed for the answer.
fn in_frames() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, size) in (1..).zip([64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB]) {
        let mut case = Case::new(format!("9.3.{number}")).part(TEXT, &vec![b'*'; size]);
        let mut sent = size;
        while sent <= FRAME_BYTES {
            case = case.part(CONTINUATION, &vec![b'*'; size]);
            sent += size;
        }
        cases.push(case.closed(TOO_LARGE));
    }
    for (number, size) in (1..).zip([64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB]) {
        cases.push(Case::new(format!("9.4.{number}")).part(BINARY, &vec![0; size]).closed(BINARY_REFUSED));
    }
    cases
}

/// The longest text that is allowed, in segments of 64 bytes to 2 KiB.
fn chopped() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, size) in (1..).zip([64, 128, 256, 512, 1024, 2048]) {
        let longest = vec![b'*'; FRAME_BYTES];
        cases.push(Case::new(format!("9.5.{number}")).frame(TEXT, &longest).chopped(size).answered());
    }
    cases
}

fn ten() -> Case {
    Case::new("10.1.1").fragments(&vec![b'*'; FRAME_BYTES], 1300).answered()
}
