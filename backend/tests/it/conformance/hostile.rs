//! Frames of somebody who means harm (F23): the connection ends with its code, the server stays small and goes on.

use faults::raw::header;
use faults::raw::opcode::TEXT;
use protocol::command::{Command, Page};
use protocol::frame::CommandFrame;

use super::case::{Case, Seen, frame};
use super::raw::{Frame, Raw};
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("F23 unmasked").bytes([header(0x81, 5, false), b"hello".to_vec()].concat()).closed(&[1002]),
        Case::new("F23 unmasked ping").bytes(header(0x89, 0, false)).closed(&[1002]),
        Case::new("F23 length 2^63").bytes(header(0x81, 1 << 63, true)).closed(&[1002]),
    ]
}

#[tokio::test]
async fn a_message_comes_through_unchanged_however_it_is_cut() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(BOTH[0]).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello").await;
    let mut raw = Raw::greeted(&world, &vera.reply.token).await;
    let words = "Tee \u{1F375} \u{3ba}\u{3cc}\u{3c3}\u{3bc}\u{3b5} \u{8336} \"quoted\" \\ ";
    for size in [1, 2, 3, 7, 64, 1_300] {
        let long: String = words.chars().cycle().take((size * 60).min(4_000)).collect();
        let text = format!("{size}: {}", long.trim_end());
        let command = crate::people::message(Some(conversation), crate::people::cmid(), &text);
        let json = serde_json::to_string(&CommandFrame { id: 7, command }).expect("JSON");
        let case = Case::new("").fragments(json.as_bytes(), size).chopped(5 * size);
        for part in case.parts {
            raw.write(&part).await.expect("taken");
        }
        vera.sees(&text).await;
    }
}

#[tokio::test]
async fn a_thousand_messages_of_every_size_are_answered_in_order() {
    // 9.7 and 9.8: there and back, one after the other.
    let world = World::with(Plan::default().unlimited()).await;
    let vera = world.visitor().await;
    for size in [64, 256, 1_024, 4_096] {
        let mut raw = Raw::greeted(&world, &vera.reply.token).await;
        for id in 2..=251 {
            let page = Page { url: "http://shop.example/".to_owned(), title: None, referrer: None, language: None };
            let mut json = serde_json::to_string(&CommandFrame { id, command: Command::Page(page) }).expect("JSON");
            json.truncate(json.len() - 1);
            json.push_str(&format!(",\"padding\":\"{}\"}}", "*".repeat(size)));
            raw.write(&frame(0x80 | TEXT, json.as_bytes())).await.expect("taken");
            let answer = loop {
                match raw.next().await {
                    Frame::Text(text) if text.contains("\"type\":\"ack\"") => break text,
                    Frame::Text(text) => assert!(!text.contains("\"refused\""), "{text}"),
                    other => panic!("{other:?} instead of an answer"),
                }
            };
            assert!(answer.contains(&format!("\"id\":{id}")), "{answer} for {id}");
        }
        let outcome = raw.read_to_the_end(true).await.expect("an end");
        assert_eq!((outcome.seen, outcome.code), (Vec::<Seen>::new(), 1000), "{size}");
    }
}
