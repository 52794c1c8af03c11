//! Group 7: the end of a connection.

use faults::raw::opcode::{CLOSE, CONTINUATION, PING, TEXT};

use super::case::Case;

/// A close that is answered.
const CLOSED: &[u16] = &[1000];
const BROKEN: &[u16] = &[1002];

pub(super) fn cases() -> Vec<Case> {
    [order(), payloads(), codes()].into_iter().flatten().collect()
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// Nothing counts after a close frame.
fn order() -> Vec<Case> {
    let normal = close(1000, b"");
    vec![
        Case::new("7.1.1").frame(TEXT, b"Hello World!").frame(CLOSE, &normal).answered().closed(CLOSED),
        Case::new("7.1.2").frame(CLOSE, &normal).frame(CLOSE, &normal).closed(CLOSED),
        Case::new("7.1.3").frame(CLOSE, &normal).frame(PING, b"").closed(CLOSED),
        Case::new("7.1.4").frame(CLOSE, &normal).frame(TEXT, b"Hello World!").closed(CLOSED),
        Case::new("7.1.5")
            .part(TEXT, b"fragment1")
            .frame(CLOSE, &normal)
            .frame(CONTINUATION, b"fragment2")
            .closed(CLOSED),
        Case::new("7.1.6")
            .frame(TEXT, &[b'*'; 65_536])
            .frame(TEXT, b"Hello World!")
            .frame(CLOSE, &normal)
            .frame(PING, b"")
            .answered()
            .answered()
            .closed(CLOSED),
    ]
}

fn payloads() -> Vec<Case> {
    vec![
        Case::new("7.3.1").frame(CLOSE, b"").closed(CLOSED),
        Case::new("7.3.2").frame(CLOSE, b"a").closed(BROKEN),
        Case::new("7.3.3").frame(CLOSE, &close(1000, b"")).closed(CLOSED),
        Case::new("7.3.4").frame(CLOSE, &close(1000, b"Hello World!")).closed(CLOSED),
        Case::new("7.3.5").frame(CLOSE, &close(1000, &[b'*'; 123])).closed(CLOSED),
        Case::new("7.3.6").frame(CLOSE, &close(1000, &[b'*'; 124])).closed(BROKEN),
        Case::new("7.5.1").frame(CLOSE, &close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")).closed(&[1007]),
    ]
}

fn codes() -> Vec<Case> {
    let mut cases = Vec::new();
    let valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for (number, code) in (1..).zip(valid) {
        cases.push(Case::new(format!("7.7.{number}")).frame(CLOSE, &close(code, b"")).closed(CLOSED));
    }
    let reserved = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999];
    for (number, code) in (1..).zip(reserved) {
        cases.push(Case::new(format!("7.9.{number}")).frame(CLOSE, &close(code, b"")).closed(BROKEN));
    }
    for (number, code) in (1..).zip([5000, 65_535]) {
        // Nobody says what they mean.
        cases.push(Case::new(format!("7.13.{number}")).frame(CLOSE, &close(code, b"")).closed(BROKEN));
    }
    cases
}
