//! One example of every frame that travels, as it stands in `docs/protocol.md`, read and written by both codecs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::any::{Tagged, check_equal};
use protocol::codec::Wire;
use protocol::command::{Command, PostBody};
use protocol::entry::{EntryBody, Item};
use protocol::event::Event;
use protocol::frame::{CommandFrame, Commands, Events, Poll, Problem, UploadReply, VisitorReply, VisitorRequest};
use protocol::site::FrameConfig;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn text(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads an example with both codecs, and writes it back: nothing in it is unknown to the type.
fn read<T>(name: &str) -> T
where
    T: Wire + serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = text(name);
    let serde: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(protocol::codec::from_json(&text).as_ref(), Some(&serde), "{name}");
    check_equal(&serde).unwrap_or_else(|error| panic!("{name}: {error}"));
    let example: serde_json::Value = serde_json::from_str(&text).expect("read above");
    let written = serde_json::to_value(&serde).expect("a wire type");
    assert_eq!(example, written, "{name}");
    serde
}

#[test]
fn every_command() {
    for tag in Command::TAGS {
        let frame: CommandFrame = read(&format!("command_{tag}"));
        assert_eq!(frame.command.tag(), *tag);
    }
}

#[test]
fn every_event() {
    for tag in Event::TAGS {
        let event: Event = read(&format!("event_{tag}"));
        assert_eq!(event.tag(), *tag);
    }
}

#[test]
fn every_entry() {
    for tag in EntryBody::TAGS {
        let item: Item = read(&format!("entry_{tag}"));
        assert_eq!(item.body.map(|body| body.tag()), Some(*tag));
    }
    let placeholder: Item = read("entry_placeholder");
    assert_eq!(placeholder.body, None);
}

#[test]
fn every_post_body() {
    for tag in PostBody::TAGS {
        let body: PostBody = read(&format!("post_{tag}"));
        assert_eq!(body.tag(), *tag);
    }
}

#[test]
fn every_request_and_reply() {
    read::<Poll>("frame_poll");
    read::<Commands>("frame_commands");
    read::<Events>("frame_events");
    read::<VisitorRequest>("frame_visitor_request");
    read::<VisitorReply>("frame_visitor_reply");
    read::<UploadReply>("frame_upload_reply");
    read::<Problem>("frame_problem");
    read::<FrameConfig>("frame_frame_config");
}

/// A newer server may add members and types: they are skipped, not refused.
#[test]
fn what_a_newer_side_adds_is_skipped_by_both_codecs() {
    let command = r#"{"id":1,"command":{"type":"fly","altitude":1.5},"priority":[{"a":null}]}"#;
    let event = r#"{"type":"ack","id":4,"mood":{"a":1e3}}"#;
    let small: CommandFrame = protocol::codec::from_json(command).expect("read");
    let serde: CommandFrame = serde_json::from_str(command).expect("read");
    assert_eq!(small, serde);
    assert_eq!(small.command, Command::Unknown);
    let small: Event = protocol::codec::from_json(event).expect("read");
    let serde: Event = serde_json::from_str(event).expect("read");
    assert_eq!(small, serde);
    assert_eq!(small.tag(), "ack");
}

#[test]
fn every_example_stands_in_the_document() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let document = fs::read_to_string(document).expect("docs/protocol.md");
    let mut count = 0;
    for file in fs::read_dir(folder()).expect("the examples") {
        let path = file.expect("an example").path();
        let example = fs::read_to_string(&path).expect("an example");
        assert!(document.contains(example.trim()), "{} is not in docs/protocol.md", path.display());
        count += 1;
    }
    let least = Command::TAGS.len() + Event::TAGS.len() + EntryBody::TAGS.len() + PostBody::TAGS.len();
    assert!(count >= least);
}
