//! F24: JSON that breaks parsers. Over both transports each is answered once, with a typed error or what it
//! happens to mean, costs little, and the connection goes on.

use protocol::command::{Command, Page};
use protocol::error::ErrorCode;
use protocol::limits::FRAME_BYTES;
use serde_json::Value;

use super::cost::{Cost, TIMES};
use super::frames::the_rest_goes_on;
use crate::wire::{Client, Over, request};
use crate::world::{Plan, World};

/// Most growth of the server's memory over all of it, in KiB.
const GROWTH_KIB: u64 = 32 * 1024;

/// A command with something in the place of its text.
fn typing(preview: &str) -> String {
    format!(
        r#"{{"id":9,"command":{{"type":"typing","conversation":"00000000-0000-7000-8000-000000000000","active":true,"preview":{preview}}}}}"#
    )
}

/// Frames within the limit of size that are not JSON, are JSON that no parser likes, or mean nothing.
fn hostile() -> Vec<String> {
    let deep = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let keys: Vec<String> = (0..5_000).map(|number| format!("\"k{number}\":1")).collect();
    let same: Vec<&str> = vec!["\"id\":1"; 5_000];
    let mut all = vec![
        deep("[", "]", 32_000),
        deep("{\"a\":", "}", 10_000),
        deep("[{\"a\":", "}]", 8_000),
        "[".repeat(FRAME_BYTES),
        "{\"a\":".repeat(FRAME_BYTES / 5),
        format!("{{{}}}", keys.join(",")),
        format!("{{{}}}", same.join(",")),
        format!("{{\"id\":1,\"command\":{{{}}}}}", keys.join(",")),
        format!("{{\"id\":{}}}", "9".repeat(60_000)),
        format!("{{\"id\":1.{}}}", "0".repeat(60_000)),
        format!("[{}]", "0,".repeat(30_000)),
        format!("[{}0]", "0,".repeat(30_000)),
        typing("\"\\ud800\""),
        typing("\"\\udc00\\ud800\""),
        typing("\"\\u0000\""),
        typing(&format!("\"{}\"", "\\u0000".repeat(10_000))),
        typing(&format!("\"{}\"", "\\ud83d\\ude00".repeat(5_000))),
        typing(&format!("\"{}", "\\".repeat(60_000))),
        typing(&"1".repeat(50_000)),
        typing("1e999"),
        typing(&deep("[", "]", 5_000)),
    ];
    all.extend(IDS.iter().map(|id| format!(r#"{{"id":{id},"command":{{"type":"fly"}}}}"#)));
    all.extend(TEXTS.iter().copied().map(str::to_owned));
    all.retain(|text| text.len() <= FRAME_BYTES);
    all
}

/// Numbers that are none, or none that an id may be.
const IDS: &[&str] = &[
    "1e999",
    "-1e999",
    "1E400",
    "-1",
    "-0",
    "0",
    "1.5",
    "1e0",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x1",
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "18446744073709551616",
    "9223372036854775808",
    "\"1\"",
    "null",
    "[1]",
    "{}",
];

/// Short texts, most of them not JSON.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\u{feff}{}",
    "{} {}",
    "{}x",
    "[1,]",
    "{\"a\":1,}",
    "{,}",
    "[,1]",
    "{\"a\" 1}",
    "{\"a\":}",
    "{a:1}",
    "{'a':1}",
    "{\"a\":1 /* c */}",
    "// c\n{}",
    "\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\uZZZZ\"",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\u{0}\"",
    "tru",
    "TRUE",
    "nul",
    "-",
    "--1",
    "[1 2]",
    "[[[]",
    "]",
    "}",
    "{\"a\":[}",
    "\u{85}{}",
    "\u{a0}{}",
    "{\"\":{\"\":{\"\":1}}}",
    "{\"id\":5,\"id\":6,\"command\":{\"type\":\"fly\"}}",
    "{\"id\":5,\"command\":{\"type\":\"fly\",\"type\":\"post\"}}",
    "{\"id\":5,\"command\":{\"type\":\"\\u0066ly\"}}",
    "{\"id\":5,\"command\":[\"fly\"]}",
    "{\"id\":5,\"command\":\"fly\"}",
    "{\"id\":5,\"command\":{\"type\":7}}",
    "{\"id\":5,\"command\":{\"type\":null}}",
    "{\"id\":5,\"command\":{}}",
    "1",
    "\"x\"",
    "true",
];

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A command that is carried out: the connection goes on.
async fn probe(client: &Client) {
    let url = "http://shop.example/".to_owned();
    client.must(Command::Page(Page { url, title: None, referrer: None, language: None })).await;
}

#[tokio::test]
async fn f24_hostile_json_over_a_socket_is_answered_once_and_costs_little() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    probe(&vera).await;
    let warm = Cost::of(&world);
    for text in hostile() {
        // All of them over one connection would be a flood where the machine is fast.
        vera.connect(Over::Socket).await;
        let before = Cost::of(&world);
        for _ in 0..TIMES {
            let known = vera.look(|view| view.refusals.len());
            vera.send_raw(&text);
            probe(&vera).await;
            let refused = vera.look(|view| view.refusals[known..].to_vec());
            // A lone surrogate or a NUL may be taken for what it can be taken for; then the rule says no.
            let codes: Vec<ErrorCode> = refused.iter().map(|refused| refused.code).collect();
            assert!(
                matches!(codes[..], [ErrorCode::Malformed | ErrorCode::NotFound]),
                "{}: answered with {refused:?}",
                shown(&text)
            );
        }
        Cost::was_little_since(&world, before, &vera.reply.token, &shown(&text)).await;
    }
    let grown = Cost::growth_since(&world, warm);
    assert!(grown < GROWTH_KIB, "the server grew by {grown} KiB");
    vera.vanish();
    the_rest_goes_on(&world, &ann).await;
}

#[tokio::test]
async fn f24_hostile_json_over_http_is_a_typed_error_and_costs_little() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let vera = world.visitor().await;
    let http = reqwest::Client::new();
    let post = async |path: &str, body: String| {
        let url = format!("{}{path}", vera.base);
        let response = request(&http, url, &vera.origin, &vera.credentials).body(body).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    };
    let warm = Cost::of(&world);
    for text in hostile() {
        let before = Cost::of(&world);
        for number in 0..TIMES {
            let path = if number % 2 == 0 { "/v1/commands" } else { "/v1/poll" };
            let (status, body) = post(path, text.clone()).await;
            is_a_problem(&text, status, &body, &["malformed", "too_large"]);
            let (status, body) = post("/v1/commands", format!("{{\"commands\":[{text}]}}")).await;
            is_answered(&text, status, &body);
        }
        Cost::was_little_since(&world, before, &vera.reply.token, &shown(&text)).await;
    }
    let huge = [format!("\"{}\"", "x".repeat(8 * 1024 * 1024)), million_keys(), "[".repeat(2_000_000)];
    for text in huge {
        for path in ["/v1/commands", "/v1/poll"] {
            let before = Cost::of(&world);
            for _ in 0..TIMES {
                let (status, body) = post(path, text.clone()).await;
                is_a_problem(&text, status, &body, &["too_large"]);
            }
            Cost::was_little_since(&world, before, &vera.reply.token, &shown(&text)).await;
        }
    }
    let grown = Cost::growth_since(&world, warm);
    assert!(grown < GROWTH_KIB, "the server grew by {grown} KiB");
    the_rest_goes_on(&world, &ann).await;
}

fn million_keys() -> String {
    let keys: Vec<String> = (0..1_000_000).map(|number| format!("\"{number}\":0")).collect();
    format!("{{{}}}", keys.join(","))
}

fn is_a_problem(text: &str, status: u16, body: &str, codes: &[&str]) {
    let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{}: {status} {body}", shown(text)));
    let code = problem["code"].as_str().unwrap_or_default();
    assert!(matches!(status, 400 | 413) && codes.contains(&code), "{}: {status} {body}", shown(text));
}

/// One command of a request is refused alone; what makes the whole request unreadable refuses all of it.
fn is_answered(text: &str, status: u16, body: &str) {
    if status != 200 {
        return is_a_problem(text, status, body, &["malformed", "too_large"]);
    }
    let reply: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{}: {body}", shown(text)));
    let events = reply["events"].as_array().unwrap_or_else(|| panic!("{}: {body}", shown(text)));
    for event in events {
        let code = event["code"].as_str().unwrap_or_default();
        let typed = event["type"] == "refused" && ["malformed", "not_found"].contains(&code);
        assert!(typed, "{}: {event}", shown(text));
    }
}
