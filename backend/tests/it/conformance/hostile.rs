//! Frames of somebody who means harm (F23): the connection ends with its code, the server stays small and goes on.

use std::time::Instant;

use protocol::command::{Command, Page};
use protocol::frame::CommandFrame;

use super::case::{CONTINUATION, Case, PING, Seen, TEXT, frame, header};
use super::raw::{Frame, Raw};
use crate::basics::DEADLINE;
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

/// More memory than that a hostile connection must not cost.
const GROWTH: u64 = 8 * 1024 * 1024;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("F23 unmasked").bytes([header(0x81, 5, false), b"hello".to_vec()].concat()).closed(&[1002]),
        Case::new("F23 unmasked ping").bytes(header(0x89, 0, false)).closed(&[1002]),
        Case::new("F23 length 2^63").bytes([header(0x81, 1 << 63, true), vec![0; 4]].concat()).closed(&[1002, 1009]),
    ]
}

async fn small(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.pid())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

#[tokio::test]
async fn floods_of_frames_end_the_connection_and_cost_nothing() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut vera = world.visitor().await;
    let start = frame(TEXT, b"{");
    let floods: [(&str, Vec<u8>, Vec<u8>); 4] = [
        ("continuations of one byte", start.clone(), frame(CONTINUATION, b" ")),
        ("continuations of nothing", start, frame(CONTINUATION, b"")),
        ("pings", Vec::new(), frame(0x80 | PING, &[7; 125])),
        ("texts that are no commands", Vec::new(), frame(0x80 | TEXT, b"{}")),
    ];
    let before = small(&world).await;
    for (what, first, again) in floods {
        let mut raw = Raw::greeted(&world, &vera.reply.token).await;
        let begin = Instant::now();
        let mut taken = raw.write(&first).await.is_ok();
        let hundred = again.repeat(100);
        for _ in 0..1_000 {
            taken = taken && raw.write(&hundred).await.is_ok();
        }
        let outcome = raw.read_to_the_end(false).await.expect("the end of a flood");
        // Whoever floods may be hung up on before the goodbye is read.
        assert!([1006, 1009, 4029].contains(&outcome.code), "{what}: {}", outcome.code);
        assert!(outcome.seen.len() < 2_000, "{what}: {} answers", outcome.seen.len());
        assert!(begin.elapsed() < DEADLINE, "{what} took {:?}", begin.elapsed());
    }
    let grown = small(&world).await.saturating_sub(before);
    assert!(grown < GROWTH, "the server grew by {grown} bytes");
    vera.connect(Over::Socket).await;
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
