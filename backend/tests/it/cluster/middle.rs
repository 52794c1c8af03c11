//! F15: HAProxy cuts what is idle. F16: HAProxy without upgrades, with responses held back, with one request a
//! connection, with connections shared between people, and before it clients of HTTP/1.0. What stands here is the
//! real thing; the proxy of the `faults` crate does what it cannot be asked to do.

use std::time::{Duration, Instant};

use faults::checker::Sent;
use futures_util::{SinkExt, StreamExt};
use protocol::command::{Command, Hello, Pong};
use protocol::event::Event;
use protocol::frame::{CommandFrame, Events, Poll};
use protocol::ids::{Cmid, ConversationId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::haproxy::{Entrance, Haproxy, Passed};
use crate::basics::{DEADLINE, eventually};
use crate::browser::Driver;
use crate::checker::{acked, check};
use crate::people::{Agent, Visitor, cmid, in_conversation, message};
use crate::senders::Sender;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::{BOTH, Client, Credentials, Over, handshake};
use crate::world::{Plan, World};

/// Cuts what is silent for half a minute, in either direction, and every response that takes longer.
const HALF_A_MINUTE: [&str; 3] = ["timeout client 30s", "timeout server 30s", "timeout tunnel 30s"];

/// The same after two seconds, which is less than any heartbeat.
const IMPATIENT: [&str; 3] = ["timeout client 2s", "timeout server 2s", "timeout tunnel 2s"];

/// How long nobody says a word: longer than the proxy waits, and than a poll is held after the first ten seconds,
/// when everybody is told once more where things stand.
const LISTENS: Duration = Duration::from_secs(36);

/// A poll that took longer was held until there was no more time for it.
const HELD: Duration = Duration::from_secs(24);

/// A server behind HAProxy, Ann on a line of her own, and Vera in conversation with her.
async fn behind(entrances: Vec<Entrance>) -> (World, Haproxy, Visitor, Agent, ConversationId) {
    let world = World::with(Plan::default().unlimited().with("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1")).await;
    let haproxy = Haproxy::before(&[world.port()], entrances);
    haproxy.sees(1).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    (world, haproxy, vera, ann, conversation)
}

/// A tab that comes in by an entrance.
fn by(haproxy: &Haproxy, entrance: &str, mut tab: Visitor) -> Visitor {
    tab.base = haproxy.url(entrance);
    tab
}

/// Connections and polls that HAProxy ended because nothing moved.
fn cuts(haproxy: &Haproxy) -> usize {
    let realtime = |path: &str| matches!(path, "/v1/ws" | "/v1/poll");
    haproxy.passed().iter().filter(|passed| passed.cut && realtime(&passed.path)).count()
}

/// Listens on an idle connection for that long; gives every silence between two frames. Says nothing but answers to pings.
async fn silences(client: &Client, listens: Duration) -> Vec<Duration> {
    let request = handshake(&client.base, &client.origin, &client.credentials);
    let (mut socket, _) = connect_async(request).await.expect("a handshake");
    let mut hello = client.hello();
    hello.resume.clear();
    let frame = |id, command| Message::text(serde_json::to_string(&CommandFrame { id, command }).expect("JSON"));
    socket.send(frame(1, Command::Hello(hello))).await.expect("it is sent");
    let begun = Instant::now();
    let (mut last, mut silences) = (begun, Vec::new());
    while let Ok(came) = timeout(listens.saturating_sub(begun.elapsed()), socket.next()).await {
        let text = match came {
            Some(Ok(Message::Text(text))) => text,
            other => panic!("cut after {:?}, {:?} after the last frame: {other:?}", begun.elapsed(), last.elapsed()),
        };
        silences.push(last.elapsed());
        last = Instant::now();
        if let Event::Ping(_) = serde_json::from_str(&text).expect("an event") {
            socket.send(frame(2, Command::Pong(Pong {}))).await.expect("it is open");
        }
    }
    silences
}

#[tokio::test]
async fn f15_a_proxy_that_cuts_what_is_silent_for_half_a_minute_or_longer_breaks_nothing() {
    let (world, haproxy, vera, ann, conversation) = behind(vec![Entrance::new("patient", &HALF_A_MINUTE)]).await;
    let mut socket = by(&haproxy, "patient", vera.another_tab());
    let mut poll = by(&haproxy, "patient", vera.another_tab());
    let bystander = by(&haproxy, "patient", world.visitor().await);
    socket.connect(Over::Socket).await;
    poll.connect(Over::Poll).await;
    // The silence is the fault, and it takes its time.
    let silences = silences(&bystander, LISTENS).await;
    // Twice as patient a proxy, the one of the table, has even less to cut.
    let longest = silences.iter().max().expect("a frame").as_secs_f64();
    assert!((20.0..27.0).contains(&longest), "the heartbeat comes after {longest} s");
    for (name, tab) in [("socket", &socket), ("poll", &poll)] {
        assert_eq!(tab.look(|view| view.closed), None, "the {name} broke");
    }
    let held = |passed: &Passed| passed.status == 200 && passed.path == "/v1/poll" && passed.took > HELD;
    assert!(haproxy.passed().iter().any(held), "no poll was held to its end: {:?}", haproxy.passed());
    ann.says(conversation, "are you still there?").await;
    socket.sees("are you still there?").await;
    poll.sees("are you still there?").await;
    let sent = [socket.says("yes").await, poll.says("we are").await].map(|ack| acked("vera", &[ack]));
    check(&world, conversation, &sent, &[&socket, &poll, &vera, &ann]).await;
}

#[tokio::test]
async fn f15_a_proxy_that_cuts_sooner_is_outlived_by_resuming() {
    let (world, haproxy, vera, ann, conversation) = behind(vec![Entrance::new("impatient", &IMPATIENT)]).await;
    let mut sent = Vec::new();
    for over in BOTH {
        let mut far = by(&haproxy, "impatient", vera.another_tab());
        far.connect(over).await;
        for round in 0..3 {
            far.until("the proxy cuts what is idle", |view| view.closed.map(|_| ())).await;
            let meanwhile = format!("in the gap {over:?} {round}");
            ann.says(conversation, &meanwhile).await;
            // Sending finds the connection gone, and opens the next.
            let name = format!("vera {over:?} {round}");
            sent.extend(Sender::new(&mut far, &name, [over; 2], conversation).times(3).await);
            far.sees(&meanwhile).await;
        }
        check(&world, conversation, &sent, &[&far, &ann]).await;
    }
}

#[tokio::test]
async fn f15_a_browser_behind_a_proxy_that_cuts_every_two_seconds_chats_on() {
    let (shop, entrance) = (Shop::open().await, Entrance::new("impatient", &IMPATIENT));
    let plan = Plan { shop: shop.origin(), public_port: Some(entrance.port), ..Plan::default() };
    let world = World::with(plan.with("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1")).await;
    let haproxy = Haproxy::before(&[world.port()], vec![entrance]);
    haproxy.sees(1).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let driver = Driver::start().await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.starts("my network is in a hurry").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    for round in 0..3 {
        let before = cuts(&haproxy);
        eventually("the proxy cuts her off", || async { (cuts(&haproxy) > before).then_some(()) }).await;
        vera.says(&format!("from me {round}")).await;
        ann.sees(conversation, &format!("from me {round}")).await;
        ann.says(conversation, &format!("from Ann {round}")).await;
        vera.sees(&format!("from Ann {round}")).await;
    }
    vera.has_sent_everything().await;
    vera.shows_exactly(&ann.look(|view| view.texts(conversation))).await;
    check(&world, conversation, &[], &[&ann]).await;
}

/// What HAProxy is told to do, and whether a WebSocket passes through it.
const MIDDLE_BOXES: [(&str, bool, &[&str]); 5] = [
    ("stripped", false, &["http-request del-header Upgrade"]),
    ("refused", false, &["http-request deny deny_status 403 if { req.hdr(Upgrade) -m found }"]),
    (
        "whole",
        false,
        &[
            "http-request deny if { req.hdr(Upgrade) -m found }",
            "option http-buffer-request",
            "http-response wait-for-body time 60s",
        ],
    ),
    ("closed", true, &["option httpclose"]),
    ("shared", true, &["http-reuse always", "option http-keep-alive"]),
];

#[tokio::test]
async fn f16_whatever_haproxy_makes_of_requests_everything_passes() {
    let entrances = MIDDLE_BOXES.iter().map(|(name, _, settings)| Entrance::new(name, settings)).collect();
    let (world, haproxy, vera, ann, conversation) = behind(entrances).await;
    let mut sent = Vec::new();
    for (name, passes, _) in MIDDLE_BOXES {
        let mut far = by(&haproxy, name, vera.another_tab());
        let tried = far.try_connect(Over::Socket).await;
        assert_eq!(tried.is_ok(), passes, "a WebSocket through {name}: {tried:?}");
        let transports = if passes { &BOTH[..] } else { &BOTH[1..] };
        for over in transports {
            far.connect(*over).await;
            let who = format!("vera {name} {over:?}");
            sent.extend(Sender::new(&mut far, &who, [*over; 2], conversation).times(5).await);
            let reply = format!("do you hear me through {name}, {over:?}?");
            ann.says(conversation, &reply).await;
            far.sees(&reply).await;
            // Pages go the same way while the poll is held.
            let page = reqwest::get(format!("{}/frame/{}", far.base, world.acme.site)).await.expect("an answer");
            assert_eq!(page.status(), 200, "{name}");
        }
        check(&world, conversation, &sent, &[&far, &ann]).await;
    }
}

/// A request as a client of HTTP/1.0 sends it; gives status line and body.
async fn in_http_1_0(tab: &Client, path: &str, body: &str) -> (String, String) {
    let Credentials::Token(token) = &tab.credentials else { panic!("a visitor") };
    let address = tab.base.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nOrigin: {}\r\nX-Frontdesk: 1\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        tab.origin,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    let read = timeout(DEADLINE * 2, stream.read_to_string(&mut answer)).await;
    read.expect("the end in time").expect("an answer in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let chunked = head.to_lowercase().contains("transfer-encoding");
    assert!(!chunked, "HTTP/1.0 knows no chunks: {head}");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[tokio::test]
async fn f16_a_client_of_http_1_0_sends_and_polls_through_haproxy() {
    let (world, haproxy, vera, ann, conversation) = behind(vec![Entrance::new("plain", &[])]).await;
    let mut far = by(&haproxy, "plain", vera.another_tab());
    let page = Cmid(uuid::Uuid::new_v4());
    let mut sent: Vec<Sent> = Vec::new();
    for round in 1..=4 {
        let command = message(Some(conversation), cmid(), &format!("old words {round}"));
        let body = serde_json::json!({ "commands": [CommandFrame { id: round, command }] });
        let (status, answer) = in_http_1_0(&far, "/v1/commands", &body.to_string()).await;
        assert!(status.contains(" 200 "), "{status} {answer}");
        let events: Events = serde_json::from_str(&answer).expect("events");
        let ack =
            events.events.into_iter().find_map(|event| if let Event::Ack(ack) = event { Some(ack) } else { None });
        sent.push(acked("vera", &[ack.expect("an ack")]));
        let reply = format!("old ears {round}");
        let poll = async {
            let hello = Hello { token: None, ..far.hello() };
            let body = serde_json::to_string(&Poll { hello, generation: round, client: page }).expect("JSON");
            in_http_1_0(&far, "/v1/poll", &body).await
        };
        // Once with the reply there already, and then while the poll is held.
        let ((status, answer), _) = tokio::join!(poll, ann.says(conversation, &reply));
        assert!(status.contains(" 200 "), "{status} {answer}");
        for event in serde_json::from_str::<Events>(&answer).expect("events").events {
            far.takes(event);
        }
    }
    far.connect(Over::Poll).await;
    far.sees("old ears 4").await;
    check(&world, conversation, &sent, &[&far, &ann]).await;
}
