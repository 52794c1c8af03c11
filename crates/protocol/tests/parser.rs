//! The small parser takes exactly what serde_json takes, gives the same value, and never panics. It differs in
//! three documented ways only: it refuses deep nesting, knows whole numbers only, and accepts numbers too large
//! for a float (as [`Value::Other`]).

use proptest::prelude::*;
use proptest::sample::{Index, select};
use protocol::codec::{MAX_DEPTH, Value, parse};

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => items.iter().map(|item| 1 + depth(item)).max().unwrap_or(0),
        serde_json::Value::Object(members) => members.values().map(|item| 1 + depth(item)).max().unwrap_or(0),
        _ => 0,
    }
}

/// The same value, as far as serde_json keeps it: of members with one key it keeps the last.
fn same(small: &Value, serde: &serde_json::Value) -> bool {
    match (small, serde) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Text(a), serde_json::Value::String(b)) => a == b,
        (Value::Int(a), serde_json::Value::Number(b)) => {
            // serde_json reads -0 as a float.
            b.as_i64() == Some(*a) || (*a == 0 && b.as_f64() == Some(0.0))
        }
        (Value::Other, serde_json::Value::Number(b)) => b.as_i64().is_none(),
        (Value::List(a), serde_json::Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), serde_json::Value::Object(b)) => b.iter().all(|(key, b)| {
            let last = a.iter().rev().find(|(name, _)| name == key);
            last.is_some_and(|(_, a)| same(a, b))
        }),
        _ => false,
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let small = parse(text);
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) if depth(&value) <= MAX_DEPTH => {
            prop_assert!(small.as_ref().is_some_and(|small| same(small, &value)), "{:?} {:?}", small, value);
        }
        // Of doubled members serde_json drops the earlier, deeper ones too, so only this much can be said.
        Ok(_) => prop_assert_eq!(small, None),
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => prop_assert!(small.is_none(), "{:?} but {}", small, error),
    }
    Ok(())
}

/// Pieces that JSON and almost-JSON is made of.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"type\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\\ud83d\"",
    "\"\\ud83dx\"",
    "\"\\ud83d\\n\"",
    "\\u00e9",
    "\\",
    "\\x",
    "\\u12",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "é",
    "😀",
    "true",
    "false",
    "null",
    "nul",
    "True",
    "0",
    "-0",
    "-",
    "01",
    "1",
    "-1",
    "1.",
    "1.5",
    ".5",
    "1e5",
    "1E+5",
    "1e-5",
    "1e",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "NaN",
    "Infinity",
    " ",
    "\n",
    "\t",
    "\r",
    "\u{b}",
    "\u{a0}",
    "\u{feff}",
    "/*x*/",
    "//",
    "'a'",
];

/// Valid JSON, nested up to and beyond the limit.
fn valid() -> impl Strategy<Value = String> {
    let leaf = select(vec!["null", "true", "0", "-12", "1.5e3", "\"a\\n\\u00e9\"", "\"\"", "[]", "{}"])
        .prop_map(str::to_owned);
    leaf.prop_recursive(20, 60, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(" , ")));
        let member = (select(vec!["a", "b", "\\u0061"]), inner).prop_map(|(key, value)| format!("\"{key}\": {value}"));
        let object = prop::collection::vec(member, 0..3).prop_map(|members| format!("{{{}}}", members.join(",")));
        prop_oneof![list, object]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec(select(PIECES), 0..14)) {
        check(&pieces.concat())?;
    }

    #[test]
    fn any_pieces_in_a_list_or_string(pieces in prop::collection::vec(select(PIECES), 0..5)) {
        check(&format!("[{}]", pieces.concat()))?;
        check(&format!("{{\"a\":{}}}", pieces.concat()))?;
        check(&format!("\"{}\"", pieces.concat()))?;
    }

    #[test]
    fn valid_text(text in valid()) {
        check(&text)?;
    }

    #[test]
    fn damaged_text(text in valid(), at in any::<Index>(), piece in select(PIECES), remove in any::<bool>()) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        if remove {
            chars.remove(at);
        }
        let (before, after) = chars.split_at(at);
        let damaged: String = before.iter().copied().chain(piece.chars()).chain(after.iter().copied()).collect();
        check(&damaged)?;
    }

    /// Whatever comes in place of a frame, reading it ends, and no type makes it panic.
    #[test]
    fn any_text_as_any_frame(pieces in prop::collection::vec(select(PIECES), 0..14), valid in valid()) {
        use protocol::codec::from_json;
        for text in [pieces.concat(), valid] {
            let _ = from_json::<protocol::frame::CommandFrame>(&text);
            let _ = from_json::<protocol::event::Event>(&text);
            let _ = from_json::<protocol::site::FrameConfig>(&text);
        }
    }
}

#[test]
fn nesting_is_accepted_to_the_limit_and_no_further() {
    let nested = |depth: usize| format!("{}0{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_some());
    assert!(parse(&nested(MAX_DEPTH + 1)).is_none());
    assert!(parse(&"[".repeat(1_000_000)).is_none());
    assert!(parse(&"{\"a\":".repeat(1_000_000)).is_none());
}
