//! Groups 1 to 5: lengths, pings, reserved bits and opcodes, fragments.

use faults::raw::opcode::{BINARY, CONTINUATION, PING, PONG, TEXT};

use super::case::{Case, frame};

/// Lengths around every border of the length field.
const LENGTHS: [usize; 7] = [0, 125, 126, 127, 128, 65_535, 65_536];
/// Binary frames are against the protocol's policy, whatever is in them.
const POLICY: &[u16] = &[1008];
const BROKEN: &[u16] = &[1002];

pub(super) fn cases() -> Vec<Case> {
    [lengths(), pings(), reserved(), fragments(), fragments_with_pings(), fragments_without_a_start()]
        .into_iter()
        .flatten()
        .collect()
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, length) in (1..).zip(LENGTHS) {
        cases.push(Case::new(format!("1.1.{number}")).frame(TEXT, &vec![b'*'; length]).answered());
        cases.push(Case::new(format!("1.2.{number}")).frame(BINARY, &vec![0xfe; length]).closed(POLICY));
    }
    let long = vec![b'*'; 65_536];
    cases.push(Case::new("1.1.8").frame(TEXT, &long).chopped(997).answered());
    cases.push(Case::new("1.2.8").frame(BINARY, &long).chopped(997).closed(POLICY));
    cases
}

fn pings() -> Vec<Case> {
    let bytes = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let long = [0xfe; 125];
    let ten = |case: Case| (0..10).fold(case, |case, n| case.frame(PING, format!("payload-{n}").as_bytes()));
    let ten_back = |case: Case| (0..10).fold(case, |case, n| case.ponged(format!("payload-{n}").as_bytes()));
    vec![
        Case::new("2.1").frame(PING, b"").ponged(b""),
        Case::new("2.2").frame(PING, b"Hello, world!").ponged(b"Hello, world!"),
        Case::new("2.3").frame(PING, &bytes).ponged(&bytes),
        Case::new("2.4").frame(PING, &long).ponged(&long),
        Case::new("2.5").frame(PING, &[0xfe; 126]).closed(BROKEN),
        Case::new("2.6").frame(PING, &long).chopped(1).ponged(&long),
        Case::new("2.7").frame(PONG, b""),
        Case::new("2.8").frame(PONG, b"unsolicited"),
        Case::new("2.9").frame(PONG, b"unsolicited").frame(PING, b"ping").ponged(b"ping"),
        ten_back(ten(Case::new("2.10"))),
        ten_back(ten(Case::new("2.11")).chopped(1)),
    ]
}

fn reserved() -> Vec<Case> {
    let with_bits = |bits: u8, opcode: u8, payload: &[u8]| frame(0x80 | bits << 4 | opcode, payload);
    let before = |id: &str| Case::new(id).frame(TEXT, b"Hello, world!").answered();
    let mut cases = vec![
        Case::new("3.1").bytes(with_bits(1, TEXT, b"*")).closed(BROKEN),
        before("3.2").bytes(with_bits(2, TEXT, b"*")).frame(PING, b"").closed(BROKEN),
        before("3.3").bytes(with_bits(3, TEXT, b"*")).frame(PING, b"").closed(BROKEN),
        before("3.4").bytes(with_bits(4, TEXT, b"*")).frame(PING, b"").chopped(1).closed(BROKEN),
        Case::new("3.5").bytes(with_bits(5, BINARY, &[0xfe; 8])).closed(BROKEN),
        Case::new("3.6").bytes(with_bits(6, PING, b"Hello, world!")).closed(BROKEN),
        Case::new("3.7").bytes(with_bits(7, 0x8, b"")).closed(BROKEN),
    ];
    for (number, opcode) in (1..).zip([3, 4, 5, 6, 7]) {
        cases.push(unknown(&format!("4.1.{number}"), opcode, number));
    }
    for (number, opcode) in (1..).zip([0xB, 0xC, 0xD, 0xE, 0xF]) {
        cases.push(unknown(&format!("4.2.{number}"), opcode, number));
    }
    cases
}

/// A frame with an opcode that nobody defined: alone, with content, and after a text.
fn unknown(id: &str, opcode: u8, number: u8) -> Case {
    let case = match number {
        1 | 2 => Case::new(id),
        _ => Case::new(id).frame(TEXT, b"Hello, world!").answered(),
    };
    let payload: &[u8] = if number.is_multiple_of(2) { b"reserved opcode payload" } else { b"" };
    let case = case.frame(opcode, payload).frame(PING, b"").closed(BROKEN);
    if number >= 4 { case.chopped(1) } else { case }
}

fn fragments() -> Vec<Case> {
    let two = |id: &str| Case::new(id).part(TEXT, b"fragment1").frame(CONTINUATION, b"fragment2").answered();
    let pinged = |id: &str| {
        let case = Case::new(id).part(TEXT, b"fragment1").frame(PING, b"ping payload");
        case.frame(CONTINUATION, b"fragment2").ponged(b"ping payload").answered()
    };
    vec![
        Case::new("5.1").part(PING, b"fragment1").frame(CONTINUATION, b"fragment2").closed(BROKEN),
        Case::new("5.2").part(PONG, b"fragment1").frame(CONTINUATION, b"fragment2").closed(BROKEN),
        two("5.3"),
        two("5.4").chopped(20),
        two("5.5").chopped(1),
        pinged("5.6"),
        pinged("5.7").chopped(20),
        pinged("5.8").chopped(1),
    ]
}

fn fragments_without_a_start() -> Vec<Case> {
    let lonely = |id: &str, last: bool| {
        let case = Case::new(id);
        let payload = b"non-continuation payload";
        let case = if last { case.frame(CONTINUATION, payload) } else { case.part(CONTINUATION, payload) };
        case.frame(TEXT, b"Hello, world!").closed(BROKEN)
    };
    let again = |id: &str, last: bool| {
        let case = Case::new(id);
        (0..2).fold(case, |case, _| {
            let payload = b"fragment1";
            let case = if last { case.frame(CONTINUATION, payload) } else { case.part(CONTINUATION, payload) };
            case.part(TEXT, b"fragment2").frame(CONTINUATION, b"fragment3")
        })
    };
    vec![
        lonely("5.9", true),
        lonely("5.10", true).chopped(20),
        lonely("5.11", true).chopped(1),
        lonely("5.12", false),
        lonely("5.13", false).chopped(20),
        lonely("5.14", false).chopped(1),
        Case::new("5.15")
            .part(TEXT, b"fragment1")
            .frame(CONTINUATION, b"fragment2")
            .part(CONTINUATION, b"fragment3")
            .frame(TEXT, b"fragment4")
            .answered()
            .closed(BROKEN),
        again("5.16", false).closed(BROKEN),
        again("5.17", true).closed(BROKEN),
        Case::new("5.18").part(TEXT, b"fragment1").frame(TEXT, b"fragment2").closed(BROKEN),
    ]
}

fn fragments_with_pings() -> Vec<Case> {
    let case = |id: &str| {
        Case::new(id)
            .part(TEXT, b"fragment1")
            .part(CONTINUATION, b"fragment2")
            .frame(PING, b"pongme 1!")
            .part(CONTINUATION, b"fragment3")
            .part(CONTINUATION, b"fragment4")
            .frame(PING, b"pongme 2!")
            .frame(CONTINUATION, b"fragment5")
            .ponged(b"pongme 1!")
            .ponged(b"pongme 2!")
            .answered()
    };
    vec![case("5.19"), case("5.20").chopped(1)]
}
