//! Group 6: text that is UTF-8, and text that is not, whole and cut anywhere.

use faults::raw::opcode::{CONTINUATION, TEXT};

use super::case::Case;

const NOT_UTF8: &[u16] = &[1007];
/// "Hello-µ@ßöäüàá-UTF-8!!"
const MIXED: &str = "Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!!";
/// A Greek word, a surrogate, and more text.
const BROKEN: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
const KOSME: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = cut();
    cases.extend(table("6.5", true, &[&KOSME[..2], &KOSME[..5], &KOSME[..7], &KOSME[..9], KOSME]));
    for end in 1..=KOSME.len() {
        cases.push(text(&format!("6.6.{end}"), &KOSME[..end], [2, 5, 7, 9, 11].contains(&end)));
    }
    cases.extend(sequences());
    cases.extend(continuations());
    cases.extend(overlong());
    cases.extend(surrogates());
    cases.extend(noncharacters());
    cases
}

fn text(id: &str, bytes: &[u8], good: bool) -> Case {
    let case = Case::new(id).frame(TEXT, bytes);
    if good { case.answered() } else { case.closed(NOT_UTF8) }
}

fn table(group: &str, good: bool, rows: &[&[u8]]) -> Vec<Case> {
    rows.iter().enumerate().map(|(index, bytes)| text(&format!("{group}.{}", index + 1), bytes, good)).collect()
}

/// Cut into frames, and into segments of the network.
fn cut() -> Vec<Case> {
    let mixed = MIXED.as_bytes();
    let empty = |id: &str| Case::new(id).part(TEXT, b"").part(CONTINUATION, b"");
    // The rest is not waited for.
    let fragments =
        |id: &str| Case::new(id).part(TEXT, &BROKEN[..11]).part(CONTINUATION, &BROKEN[11..14]).closed(NOT_UTF8);
    // A code point too large, cut after its second byte.
    let four = |id: &str| {
        let case = Case::new(id).part(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4");
        case.part(CONTINUATION, b"\x90").closed(NOT_UTF8)
    };
    vec![
        Case::new("6.1.1").frame(TEXT, b"").answered(),
        empty("6.1.2").frame(CONTINUATION, b"").answered(),
        Case::new("6.1.3").part(TEXT, b"").part(CONTINUATION, b"middle").frame(CONTINUATION, b"").answered(),
        Case::new("6.2.1").frame(TEXT, mixed).answered(),
        // Between two code points, and inside one.
        Case::new("6.2.2").part(TEXT, &mixed[..12]).frame(CONTINUATION, &mixed[12..]).answered(),
        Case::new("6.2.3").fragments(mixed, 1).answered(),
        Case::new("6.2.4").fragments(KOSME, 1).answered(),
        Case::new("6.2.5").part(TEXT, &mixed[..7]).frame(CONTINUATION, &mixed[7..]).answered(),
        Case::new("6.3.1").frame(TEXT, BROKEN).closed(NOT_UTF8),
        Case::new("6.3.2").fragments(BROKEN, 1).closed(NOT_UTF8),
        fragments("6.4.1"),
        four("6.4.2"),
        fragments("6.4.3").chopped(9),
        four("6.4.4").chopped(5),
    ]
}

/// First and last of every length, and the borders between.
fn sequences() -> Vec<Case> {
    [
        table("6.7", true, &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        table("6.8", false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        table("6.9", true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        table("6.10", false, &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        table("6.11", true, &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
        vec![text("6.11.5", b"\xf4\x90\x80\x80", false)],
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Continuation bytes without a start, starts without continuation.
fn continuations() -> Vec<Case> {
    let mut cases = Vec::new();
    let alternating: Vec<u8> = [0x80, 0xbf].into_iter().cycle().take(7).collect();
    cases.push(text("6.12.1", b"\x80", false));
    cases.push(text("6.12.2", b"\xbf", false));
    for length in 2..=6 {
        cases.push(text(&format!("6.12.{}", length + 1), &alternating[..length], false));
    }
    cases.push(text("6.12.8", &(0x80..=0xbf).collect::<Vec<u8>>(), false));
    let starts = [0xc0..=0xdf_u8, 0xe0..=0xef, 0xf0..=0xf7, 0xf8..=0xfb, 0xfc..=0xfd];
    for (index, range) in starts.into_iter().enumerate() {
        let spaced: Vec<u8> = range.flat_map(|byte| [byte, b' ']).collect();
        cases.push(text(&format!("6.13.{}", index + 1), &spaced, false));
    }
    let unfinished: [&[u8]; 10] = [
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    cases.extend(table("6.14", false, &unfinished));
    cases.push(text("6.15.1", &unfinished.concat(), false));
    cases.extend(table("6.16", false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]));
    cases
}

/// Longer than needed: a slash, the largest of each length, and NUL.
fn overlong() -> Vec<Case> {
    [
        table(
            "6.17",
            false,
            &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"],
        ),
        table(
            "6.18",
            false,
            &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"],
        ),
        table(
            "6.19",
            false,
            &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Halves of UTF-16 pairs, single and in pairs.
fn surrogates() -> Vec<Case> {
    let single: [&[u8]; 7] = [
        b"\xed\xa0\x80",
        b"\xed\xad\xbf",
        b"\xed\xae\x80",
        b"\xed\xaf\xbf",
        b"\xed\xb0\x80",
        b"\xed\xbe\x80",
        b"\xed\xbf\xbf",
    ];
    let mut cases = table("6.20", false, &single);
    let (high, low) = (&single[..4], [single[4], single[6]]);
    let pairs: Vec<Vec<u8>> = high.iter().flat_map(|high| low.map(|low| [*high, low].concat())).collect();
    let pairs: Vec<&[u8]> = pairs.iter().map(Vec::as_slice).collect();
    cases.extend(table("6.21", false, &pairs));
    cases
}

/// Code points that mean nothing are text all the same.
fn noncharacters() -> Vec<Case> {
    let mut cases = Vec::new();
    let planes = (0..=16_u32).flat_map(|plane| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF]);
    for (index, code) in planes.enumerate() {
        let text_of = char::from_u32(code).expect("no surrogate").to_string();
        cases.push(text(&format!("6.22.{}", index + 1), text_of.as_bytes(), true));
    }
    for (index, code) in (0xFFF9..=0xFFFF_u32).enumerate() {
        let text_of = char::from_u32(code).expect("no surrogate").to_string();
        cases.push(text(&format!("6.23.{}", index + 1), text_of.as_bytes(), true));
    }
    cases
}
