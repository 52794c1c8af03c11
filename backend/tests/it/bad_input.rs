//! Wrong, oversized and malformed commands over both transports: a typed refusal that names field and limit,
//! the connection goes on, and nothing is stored half.

use futures_util::{SinkExt, StreamExt};
use protocol::command::{Close, Command, LeaveMessage, Page, Rate, Start, Typing};
use protocol::error::ErrorCode;
use protocol::event::{Event, Refused};
use protocol::limits::{COMMANDS_PER_POST, EMAIL_BYTES, FRAME_BYTES, MESSAGE_CHARS, NAME_CHARS, RATING_COMMENT_CHARS};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::basics::DEADLINE;
use crate::people::{Visitor, cmid, message};
use crate::wire::{BOTH, Client, Credentials, Failure, Over, Socket, handshake, request};
use crate::world::{Plan, World};

async fn unlimited() -> World {
    World::with(Plan::default().unlimited()).await
}

/// What is stored, in numbers.
async fn stored(world: &World) -> [i64; 4] {
    [
        world.count("select count(*) from conversation").await,
        world.count("select count(*) from entry").await,
        world.count("select count(*) from outbox").await,
        world.count("select count(*) from attachment").await,
    ]
}

async fn refused(client: &Client, command: Command) -> Refused {
    let shown = format!("{command:?}");
    match client.ask(command).await {
        Err(Failure::Refused(refused)) => refused,
        other => panic!("{shown} was not refused: {other:?}"),
    }
}

fn start(name: Option<&str>, email: Option<&str>, text: Option<&str>) -> Command {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Command::Start(Start {
        cmid: cmid(),
        name: owned(name),
        email: owned(email),
        text: owned(text),
        page: None,
        department: None,
    })
}

fn leave(name: &str, email: &str, text: &str) -> Command {
    Command::LeaveMessage(LeaveMessage {
        cmid: cmid(),
        conversation: None,
        name: name.to_owned(),
        email: email.to_owned(),
        text: text.to_owned(),
        page: None,
        department: None,
    })
}

/// Commands that break a rule, with the field and limit the refusal must name.
fn rule_breakers() -> Vec<(Command, &'static str, Option<u64>)> {
    let long = "x".repeat(MESSAGE_CHARS + 1);
    let name = "n".repeat(NAME_CHARS + 1);
    let address = format!("{}@example.com", "a".repeat(EMAIL_BYTES));
    let limit = |limit: usize| Some(limit as u64);
    vec![
        (message(None, cmid(), ""), "text", None),
        (message(None, cmid(), " \n\t "), "text", None),
        (message(None, cmid(), &long), "text", limit(MESSAGE_CHARS)),
        (start(Some(&name), None, None), "name", limit(NAME_CHARS)),
        (start(None, Some("not an address"), None), "email", None),
        (start(None, Some("a@b\r\nBcc: c@d.example"), None), "email", None),
        (start(None, None, Some(&long)), "text", limit(MESSAGE_CHARS)),
        (leave("", "vera@example.com", "hello"), "name", None),
        (leave("Vera", "", "hello"), "email", None),
        (leave("Vera", &address, "hello"), "email", limit(EMAIL_BYTES)),
        (leave("Vera", "vera@example.com", ""), "text", None),
    ]
}

#[tokio::test]
async fn a_broken_rule_is_named_with_its_field_and_limit() {
    let world = unlimited().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    for over in BOTH {
        let mut vera = world.visitor().await;
        vera.connect(over).await;
        let before = stored(&world).await;
        for (command, field, limit) in rule_breakers() {
            let shown = format!("{command:?}");
            let refused = refused(&vera, command).await;
            assert_eq!(refused.code, ErrorCode::Invalid, "{shown}: {refused:?}");
            assert_eq!(refused.field.as_deref(), Some(field), "{shown}: {refused:?}");
            assert_eq!(refused.limit, limit, "{shown}: {refused:?}");
        }
        assert_eq!(stored(&world).await, before, "nothing was stored");
        vera.asks("the connection goes on").await;
    }
}

#[tokio::test]
async fn ratings_out_of_range_and_endless_comments_are_refused() {
    let world = unlimited().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let before = stored(&world).await;
    for score in [0, 6, 255] {
        let refused = refused(&vera, Command::Rate(Rate { conversation, score, comment: None })).await;
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("score")), "{refused:?}");
    }
    let comment = Some("c".repeat(RATING_COMMENT_CHARS + 1));
    let refused = refused(&vera, Command::Rate(Rate { conversation, score: 5, comment })).await;
    assert_eq!(refused.field.as_deref(), Some("comment"), "{refused:?}");
    assert_eq!(refused.limit, Some(RATING_COMMENT_CHARS as u64));
    assert_eq!(stored(&world).await, before);
}

#[tokio::test]
async fn what_is_only_shown_is_cut_and_not_refused() {
    let world = unlimited().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let page = Page {
        url: format!("http://shop.example/{}", "u".repeat(3_000)),
        title: Some("t".repeat(3_000)),
        referrer: Some("javascript:alert(1)".to_owned()),
        language: Some("l".repeat(300)),
    };
    vera.must(Command::Page(page)).await;
    let preview = Some("p".repeat(3_000));
    vera.must(Command::Typing(Typing { conversation, active: true, preview })).await;
    let seen = ann.until("a typing preview", |view| view.typing.iter().find_map(|it| it.preview.clone())).await;
    assert_eq!(seen.chars().count(), protocol::limits::PREVIEW_CHARS);
    ann.looks_at_visitor(conversation).await;
    let profile = ann.look(|view| view.profile.clone()).expect("a profile");
    assert!(profile.page_url.is_none_or(|url| url.chars().count() <= protocol::limits::URL_CHARS));
    assert!(profile.page_title.is_none_or(|title| title.chars().count() <= protocol::limits::TITLE_CHARS));
    let referrer = profile.referrer.unwrap_or_default();
    assert!(!referrer.starts_with("javascript:"), "a link that runs script was kept: {referrer}");
}

/// Frames that are not commands, with the id and field the refusal must name.
fn not_commands() -> Vec<(String, u64, &'static str)> {
    let keys: Vec<String> = (0..500).map(|number| format!("\"k{number}\":1")).collect();
    let id = Uuid::new_v4();
    vec![
        ("hello".to_owned(), 0, "frame"),
        ("{".to_owned(), 0, "frame"),
        ("[]".to_owned(), 0, "id"),
        ("null".to_owned(), 0, "id"),
        (format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000)), 0, "frame"),
        (format!("{{{}}}", keys.join(",")), 0, "frame"),
        (r#"{"id":0,"command":{"type":"pong"}}"#.to_owned(), 0, "id"),
        (r#"{"id":"7","command":{"type":"pong"}}"#.to_owned(), 0, "id"),
        (r#"{"id":71}"#.to_owned(), 71, "command"),
        (r#"{"id":72,"command":{"type":"fly"}}"#.to_owned(), 72, "command.type"),
        (r#"{"id":73,"command":{"type":"post"}}"#.to_owned(), 73, "command"),
        (r#"{"id":74,"command":{"type":"close","conversation":"../../etc/passwd"}}"#.to_owned(), 74, "command"),
        (format!(r#"{{"id":75,"command":{{"type":"rate","conversation":"{id}","score":-1}}}}"#), 75, "command"),
        (format!(r#"{{"id":76,"command":{{"type":"read","conversation":"{id}","seq":1.5}}}}"#), 76, "command"),
        (r#"{"id":77,"command":{"type":"start","cmid":"not-an-id"}}"#.to_owned(), 77, "command"),
    ]
}

#[tokio::test]
async fn a_frame_that_is_no_command_is_refused_and_the_socket_goes_on() {
    let world = unlimited().await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let before = stored(&world).await;
    for (text, id, field) in not_commands() {
        let known = vera.look(|view| view.refusals.len());
        vera.send_raw(&text);
        let refused = vera.until(&format!("a refusal of {text:.80}"), |view| view.refusals.get(known).cloned()).await;
        assert_eq!(refused.code, ErrorCode::Malformed, "{text:.80}: {refused:?}");
        assert_eq!((refused.id, refused.field.as_deref()), (id, Some(field)), "{text:.80}: {refused:?}");
    }
    assert_eq!(stored(&world).await, before);
    vera.must(leave("Vera", "vera@example.com", "the socket goes on")).await;
}

#[tokio::test]
async fn commands_that_are_none_are_refused_alone_over_http() {
    let world = unlimited().await;
    let vera = world.visitor().await;
    let good = json!({ "id": 9, "command": { "type": "leave_message", "cmid": Uuid::new_v4(), "name": "Vera",
        "email": "vera@example.com", "text": "the rest goes on" } });
    let bad = json!({ "id": 8, "command": { "type": "fly" } });
    let reply = post(&vera, "/v1/commands", json!({ "commands": [bad, good, 5] }).to_string()).await;
    assert_eq!(reply.0, 200, "{}", reply.1);
    let events: Value = serde_json::from_str(&reply.1).expect("JSON");
    let of = |id: u64| {
        let found = events["events"].as_array().expect("events").iter().find(|event| event["id"] == id);
        found.unwrap_or_else(|| panic!("no answer to {id}: {events}")).clone()
    };
    assert_eq!((&of(8)["type"], &of(8)["code"]), (&json!("refused"), &json!("malformed")));
    assert_eq!(of(9)["type"], "ack");
    assert_eq!(of(0)["code"], "malformed");
    assert_eq!(world.count("select count(*) from conversation").await, 1);
}

async fn post(client: &Client, path: &str, body: String) -> (u16, String) {
    let http = reqwest::Client::new();
    let url = format!("{}{path}", client.base);
    let sent = request(&http, url, &client.origin, &client.credentials).body(body).send().await;
    let response = sent.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

#[tokio::test]
async fn requests_that_are_none_get_a_problem_document() {
    let world = unlimited().await;
    let vera = world.visitor().await;
    let many: Vec<Value> = vec![json!({ "id": 1, "command": { "type": "pong" } }); COMMANDS_PER_POST + 1];
    let cases = [
        ("/v1/commands", "nonsense".to_owned(), 400, "malformed", Some("frame"), None),
        ("/v1/commands", "{}".to_owned(), 400, "malformed", Some("commands"), None),
        ("/v1/commands", json!({ "tenant": "x", "commands": [] }).to_string(), 400, "malformed", Some("tenant"), None),
        (
            "/v1/commands",
            json!({ "commands": many }).to_string(),
            413,
            "too_large",
            Some("commands"),
            Some(COMMANDS_PER_POST as u64),
        ),
        ("/v1/commands", "x".repeat(2 * 1024 * 1024), 413, "too_large", None, Some(1024 * 1024)),
        ("/v1/poll", "[]".to_owned(), 400, "malformed", Some("poll"), None),
        ("/v1/poll", " ".repeat(FRAME_BYTES + 1), 413, "too_large", None, Some(FRAME_BYTES as u64)),
        ("/v1/visitor", "{}".to_owned(), 400, "malformed", None, None),
        ("/v1/visitor", json!({ "site": "no-such-site" }).to_string(), 404, "not_found", None, None),
    ];
    for (path, body, status, code, field, limit) in cases {
        let shown: String = body.chars().take(60).collect();
        let (got, text) = post(&vera, path, body).await;
        assert_eq!(got, status, "{path} {shown}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path} {shown}: {text}"));
        assert_eq!(problem["code"], code, "{path} {shown}: {text}");
        if let Some(field) = field {
            assert_eq!(problem["field"], field, "{path} {shown}: {text}");
        }
        if let Some(limit) = limit {
            assert_eq!(problem["limit"], limit, "{path} {shown}: {text}");
        }
    }
    assert_eq!(stored(&world).await, [0; 4]);
}

/// A bare socket that has not said hello.
async fn bare(world: &World) -> Socket {
    let request = handshake(&world.url(), &world.origin(), &Credentials::None);
    connect_async(request).await.expect("a socket").0
}

/// The code a socket is closed with, whatever comes before.
async fn close_code(socket: &mut Socket) -> u16 {
    timeout(DEADLINE, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map_or(1005, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return 1006,
            }
        }
    })
    .await
    .expect("the socket is closed")
}

#[tokio::test]
async fn a_socket_that_breaks_the_protocol_is_closed_with_the_code_of_the_page() {
    let world = unlimited().await;
    let vera = world.visitor().await;
    let hello = |token: &str| {
        json!({ "id": 1, "command": { "type": "hello", "protocol": 1, "token": token, "resume": [] } }).to_string()
    };
    let good = hello(&vera.reply.token);
    let cases: Vec<(&str, Vec<Message>, u16)> = vec![
        ("no hello", vec![], 4400),
        ("a command before hello", vec![Message::text(r#"{"id":1,"command":{"type":"start"}}"#)], 4400),
        ("nonsense before hello", vec![Message::text("nonsense")], 4400),
        ("a wrong token", vec![Message::text(hello("eyJhbGciOiJub25lIn0.e30."))], 4401),
        (
            "no credentials",
            vec![Message::text(r#"{"id":1,"command":{"type":"hello","protocol":1,"resume":[]}}"#)],
            4401,
        ),
        ("a binary frame", vec![Message::text(good.clone()), Message::binary(vec![1, 2, 3])], 1008),
        ("a frame too large", vec![Message::text(good.clone()), Message::text("x".repeat(FRAME_BYTES + 1))], 1009),
    ];
    for (what, frames, expected) in cases {
        let mut socket = bare(&world).await;
        for frame in frames {
            socket.send(frame).await.expect("sent");
        }
        assert_eq!(close_code(&mut socket).await, expected, "{what}");
    }
    assert_eq!(stored(&world).await, [0; 4]);
}

#[tokio::test]
async fn a_flood_is_refused_with_a_time_and_then_cut() {
    let world = World::start().await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let nowhere = protocol::ids::ConversationId(Uuid::new_v4());
    for number in 0..400_u64 {
        let frame = protocol::frame::CommandFrame {
            id: 1_000 + number,
            command: Command::Close(Close { conversation: nowhere }),
        };
        vera.send_raw(&serde_json::to_string(&frame).expect("JSON"));
    }
    let refused = vera
        .until("a refusal for rate", |view| view.refusals.iter().find(|it| it.code == ErrorCode::RateLimited).cloned())
        .await;
    assert!(refused.retry_after_ms.is_some_and(|ms| ms > 0), "{refused:?}");
    vera.until("the close code of a flood", |view| (view.closed == Some(4029)).then_some(())).await;
    let mut again = vera.another_tab();
    again.connect(Over::Socket).await;
}

#[tokio::test]
async fn a_handshake_of_another_origin_is_refused() {
    let world = World::start().await;
    let ann = world.agent("Ann").await;
    let origins = ["http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1.evil.example"];
    for origin in origins {
        for credentials in [Credentials::None, ann.credentials.clone()] {
            let tried = connect_async(handshake(&world.url(), origin, &credentials)).await;
            let status = match tried {
                Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
                other => panic!("a socket from {origin}: {other:?}"),
            };
            assert_eq!(status, 403, "{origin}");
        }
    }
    let mut without = handshake(&world.url(), "x", &ann.credentials);
    without.headers_mut().remove("origin");
    assert!(connect_async(without).await.is_err(), "a cookie without an origin");
}

#[tokio::test]
async fn a_body_that_trickles_is_ended_and_others_are_served_meanwhile() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::start().await;
    let vera = world.visitor().await;
    let mut slow = tokio::net::TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
    let head = format!(
        "POST /v1/commands HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\nx-frontdesk: 1\r\n\
         origin: {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{",
        vera.reply.token,
        world.origin()
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    let (mut reader, mut writer) = slow.split();
    let trickle = async {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            if writer.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = vec![0; 1024];
    let read = tokio::select! {
        read = timeout(DEADLINE, reader.read(&mut answer)) => read.expect("within the deadline").expect("an answer"),
        () = trickle => unreachable!("it trickles for ever"),
    };
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let mut other = world.visitor().await;
    other.connect(Over::Poll).await;
}

#[tokio::test]
async fn text_is_kept_as_text_whatever_it_is() {
    let world = unlimited().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera: Visitor = world.visitor().await;
    vera.connect(Over::Poll).await;
    let texts = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "'; drop table entry; --",
        "{{7*7}} ${7*7} <%= 7*7 %>",
        "\u{202e}gnp.exe\u{202c} \u{200b} \u{feff}ok",
        "🏳️‍🌈 汉字 العربية é",
        "line one\nline two\ttab",
        "\\u0000 \\x00 %00",
    ];
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    for text in texts {
        vera.says(text).await;
    }
    ann.until("all of it", |view| (view.texts(conversation).len() > texts.len()).then_some(())).await;
    vera.until("its own words", |view| (view.texts(conversation).len() > texts.len()).then_some(())).await;
    let (seen, own) = (ann.look(|view| view.texts(conversation)), vera.look(|view| view.texts(conversation)));
    assert_eq!(seen, own, "both see the same");
    for (text, seen) in texts.iter().zip(&seen[1..]) {
        // The server may drop what cannot be shown; it never escapes or interprets.
        let bare = |text: &str| text.chars().filter(char::is_ascii).collect::<String>();
        assert_eq!(bare(text), bare(seen), "{text:?} became {seen:?}");
    }
}

#[test]
fn a_refusal_is_an_event_of_the_protocol() {
    let text = r#"{"type":"refused","id":3,"code":"invalid","message":"m","field":"text","limit":8000}"#;
    let event: Event = serde_json::from_str(text).expect("an event");
    assert!(matches!(event, Event::Refused(refused) if refused.limit == Some(8000)));
}
