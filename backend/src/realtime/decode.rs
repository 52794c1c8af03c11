//! Text to command. Everything about a frame that can be wrong is found here, and nothing here panics,
//! recurses without bound, or takes longer than the text is long (F24, R5).

use protocol::codec::{Value, Wire, parse};
use protocol::command::Command;
use protocol::error::ErrorCode;
use protocol::frame::CommandFrame;
use protocol::limits::FRAME_BYTES;

use crate::error::Refusal;

/// Most members of one JSON object (R5).
const KEYS: usize = 64;

/// A frame that is not a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The command's id when it could be made out, else 0.
    pub(super) id: u64,
    /// What is wrong with it.
    pub(super) refusal: Refusal,
}

/// Reads one frame.
pub(super) fn decode(text: &str) -> Result<CommandFrame, Unreadable> {
    if text.len() > FRAME_BYTES {
        let limit = Some(FRAME_BYTES as u64);
        let refusal = Refusal { limit, ..Refusal::new(ErrorCode::TooLarge, "the frame is too large") };
        return Err(Unreadable { id: 0, refusal });
    }
    decode_value(&parse_bounded(text).map_err(|refusal| Unreadable { id: 0, refusal })?)
}

/// Parses JSON text within the limits of depth and width.
pub(super) fn parse_bounded(text: &str) -> Result<Value, Refusal> {
    let value = parse(text).ok_or_else(|| malformed("frame", "not JSON, or nested too deep"))?;
    if widest(&value) > KEYS {
        return Err(malformed("frame", "an object has too many members"));
    }
    Ok(value)
}

/// Reads one frame that is already parsed.
pub(super) fn decode_value(value: &Value) -> Result<CommandFrame, Unreadable> {
    let id = match value.get("id") {
        Some(Value::Int(id)) => u64::try_from(*id).unwrap_or(0),
        _ => 0,
    };
    let unreadable = |field, message| Unreadable { id, refusal: malformed(field, message) };
    if id == 0 {
        return Err(unreadable("id", "a number above 0 is required"));
    }
    let command = value.get("command").and_then(Command::read);
    match command {
        Some(Command::Unknown) => Err(unreadable("command.type", "no such command")),
        Some(command) => Ok(CommandFrame { id, command }),
        None => Err(unreadable("command", "a member is missing or mistyped")),
    }
}

/// A refusal of something that is not what the protocol says.
pub(super) fn malformed(field: &'static str, message: &'static str) -> Refusal {
    Refusal::field(field, ErrorCode::Malformed, message)
}

/// The largest number of members of any object. Recursion is bounded by the parser's depth.
fn widest(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(widest).max().unwrap_or(0),
        Value::Object(members) => {
            members.iter().map(|(_, member)| widest(member)).max().unwrap_or(0).max(members.len())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (u64, ErrorCode, Option<&'static str>) {
        let unreadable = decode(text).unwrap_err();
        (unreadable.id, unreadable.refusal.code, unreadable.refusal.field)
    }

    #[test]
    fn reads_a_command() {
        let frame = decode(r#"{"id":7,"command":{"type":"pong","later":1}}"#).unwrap();
        assert_eq!(frame.id, 7);
        assert!(matches!(frame.command, Command::Pong(_)));
    }

    #[test]
    fn names_what_is_wrong_and_keeps_the_id() {
        let malformed = ErrorCode::Malformed;
        for (text, expected) in [
            ("", (0, malformed, Some("frame"))),
            ("{", (0, malformed, Some("frame"))),
            (r#"{"command":{"type":"pong"}}"#, (0, malformed, Some("id"))),
            (r#"{"id":0,"command":{"type":"pong"}}"#, (0, malformed, Some("id"))),
            (r#"{"id":-1,"command":{"type":"pong"}}"#, (0, malformed, Some("id"))),
            (r#"{"id":1e999,"command":{"type":"pong"}}"#, (0, malformed, Some("id"))),
            (r#"{"id":3}"#, (3, malformed, Some("command"))),
            (r#"{"id":3,"command":{"type":"post"}}"#, (3, malformed, Some("command"))),
            (r#"{"id":3,"command":{"type":"fly"}}"#, (3, malformed, Some("command.type"))),
            (r#"{"id":3,"command":"pong"}"#, (3, malformed, Some("command"))),
        ] {
            assert_eq!(refused(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_bombs() {
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(refused(&deep).2, Some("frame"));
        let keys: Vec<_> = (0..5_000).map(|n| format!("\"{n}\":1")).collect();
        assert_eq!(refused(&format!("{{{}}}", keys.join(","))).2, Some("frame"));
        let long = format!(r#"{{"id":1,"command":{{"type":"pong","x":"{}"}}}}"#, "x".repeat(FRAME_BYTES));
        assert_eq!(refused(&long), (0, ErrorCode::TooLarge, None));
        for text in [r#"{"id":1,"command":"\ud800"}"#, "{\"id\":1,\"command\":\"\0\"}", "\u{feff}{}"] {
            assert_eq!(refused(text).2, Some("frame"), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_text(text in "\\PC{0,200}") {
            let _ = decode(&text);
        }

        #[test]
        fn never_panics_on_things_like_json(text in r#"[\[\]{}:,"\\ude0-9a-f.+ -]{0,200}"#) {
            let _ = decode(&text);
        }

        #[test]
        fn a_cut_or_changed_frame_is_refused_or_read_but_never_panics(at in 0usize..200, c in any::<char>()) {
            let id = "0192f0c1-2b3c-7d4e-8f50-616263646566";
            let text = format!(
                r#"{{"id":1,"command":{{"type":"post","cmid":"{id}","conversation":"{id}","body":{{"type":"message","text":"hé"}}}}}}"#
            );
            let cut: String = text.chars().take(at).collect();
            let changed: String = text.chars().enumerate().map(|(n, old)| if n == at { c } else { old }).collect();
            let _ = decode(&cut);
            let _ = decode(&changed);
        }
    }
}
