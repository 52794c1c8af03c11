//! The transports over real sockets: every limit, every close code, resume, fall-back, drain.

/// A server with one tenant, and raw clients.
mod world;

use std::time::Duration;

use protocol::codec::to_json;
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::Event;
use protocol::limits::FRAME_BYTES;

use self::world::{Client, Frame, World};
use super::Pace;
use super::hub::Connections;
use super::mailbox::CAPACITY_BYTES;
use crate::bus::{Deliver, Note, Topic};

const TEXT: u8 = 1;
const FIN: u8 = 0x80;

/// What is wrong, the frames (first byte, payload) that show it, and the answer.
type Case<'a> = (&'a str, Vec<(u8, &'a [u8])>, CloseCode);

fn closed(code: CloseCode) -> Option<Frame> {
    Some(Frame::Close(code.code()))
}

#[actix_web::test]
async fn a_visitor_is_welcomed_writes_and_sees_it() {
    let world = World::new(Pace::default()).await;
    let mut visitor = world.visitor(&[]).await;
    assert!(matches!(visitor.event().await, Event::Welcome(welcome) if welcome.token.is_none()));
    assert!(matches!(visitor.event().await, Event::Visitor(state) if state.conversations.is_empty()));
    visitor.command(2, &World::message("hello")).await;
    let (mut acked, mut seen) = (None, None);
    while acked.is_none() || seen.is_none() {
        match visitor.event().await {
            Event::Ack(ack) => acked = Some(ack),
            Event::Entries(entries) if entries.items.iter().any(|item| item.is_message()) => seen = Some(entries),
            Event::Refused(refused) => panic!("{refused:?}"),
            _ => {}
        }
    }
    let (acked, seen) = (acked.unwrap(), seen.unwrap());
    assert_eq!((acked.id, acked.conversation), (2, Some(seen.conversation)));
    assert!(seen.items.iter().any(|item| Some(item.seq) == acked.seq && item.cmid == acked.cmid));
}

#[actix_web::test]
async fn an_answer_does_not_wait_for_what_the_session_reads_by_itself() {
    let world = World::new(Pace::default()).await;
    let turns = world.reads_hang().await;
    let mut visitor = world.visitor(&[]).await;
    assert!(matches!(visitor.event().await, Event::Welcome(_)));
    visitor.command(2, &World::message("hello")).await;
    match visitor.event().await {
        Event::Ack(ack) => assert_eq!(ack.id, 2),
        other => panic!("{other:?}"),
    }
    drop(turns);
    assert!(matches!(visitor.event().await, Event::Visitor(_)));
}

#[actix_web::test]
async fn framing_violations_get_their_close_codes() {
    let world = World::new(Pace::default()).await;
    let long = vec![b'x'; FRAME_BYTES + 1];
    let half = vec![b'x'; FRAME_BYTES / 2 + 1];
    let cases: [Case; 9] = [
        ("binary", vec![(FIN | 2, b"x")], CloseCode::Policy),
        ("binary in fragments", vec![(2, b"x")], CloseCode::Policy),
        ("not UTF-8", vec![(FIN | TEXT, b"\xff\xfe")], CloseCode::NotUtf8),
        ("not UTF-8 in fragments", vec![(TEXT, b"\xc3"), (FIN, b"\x28")], CloseCode::NotUtf8),
        ("too big", vec![(FIN | TEXT, &long)], CloseCode::TooBig),
        ("too big in fragments", vec![(TEXT, &half), (FIN, &half)], CloseCode::TooBig),
        ("a message inside another", vec![(TEXT, b"x"), (FIN | TEXT, b"x")], CloseCode::ProtocolError),
        ("reserved bit", vec![(FIN | 0x40 | TEXT, b"x")], CloseCode::ProtocolError),
        ("unknown opcode", vec![(FIN | 5, b"x")], CloseCode::ProtocolError),
    ];
    for (name, frames, code) in cases {
        for greeted in [false, true] {
            let mut client = if greeted { world.visitor(&[]).await } else { world.client().await };
            for (head, payload) in &frames {
                client.frame(*head, payload).await;
            }
            assert_eq!(client.last().await, closed(code), "{name}, greeted: {greeted}");
        }
    }
    world.wait_for(Connections { websockets: 0, polls: 0 }).await;
}

#[actix_web::test]
async fn fragments_make_one_command_and_pings_between_them_are_answered() {
    let world = World::new(Pace::default()).await;
    let mut client = world.client().await;
    let hello = world.hello(1);
    let (first, rest) = hello.as_bytes().split_at(10);
    client.frame(TEXT, first).await;
    client.frame(FIN | 9, b"here?").await;
    assert_eq!(client.next().await, Some(Frame::Pong(b"here?".to_vec())));
    for byte in rest {
        client.frame(0, &[*byte]).await;
    }
    client.frame(FIN, b"").await;
    assert!(matches!(client.event().await, Event::Welcome(_)));
}

#[actix_web::test]
async fn the_first_frame_must_be_a_hello_and_only_the_first() {
    let world = World::new(Pace { hello_within: Duration::from_millis(300), ..Pace::default() }).await;
    let mut silent = world.client().await;
    assert_eq!(silent.last().await, closed(CloseCode::HelloExpected));

    for text in ["", "{}", "null", r#"{"id":1,"command":{"type":"pong"}}"#] {
        let mut client = world.client().await;
        client.text(text).await;
        assert!(matches!(client.event().await, Event::Refused(_)), "{text}");
        assert_eq!(client.last().await, closed(CloseCode::HelloExpected), "{text}");
    }

    let mut forger = world.client().await;
    forger.text(&world.hello_with("x.y.z")).await;
    assert!(matches!(forger.event().await, Event::Refused(it) if it.code == ErrorCode::Unauthenticated));
    assert_eq!(forger.last().await, closed(CloseCode::Unauthenticated));

    let mut twice = world.visitor(&[]).await;
    twice.text(&world.hello(9)).await;
    let refused = twice.refusal().await;
    assert_eq!((refused.id, refused.code), (9, ErrorCode::WrongState));
}

#[actix_web::test]
async fn a_bad_command_is_refused_by_id_and_the_connection_lives_on() {
    let world = World::new(Pace::default()).await;
    let mut visitor = world.visitor(&[]).await;
    let deep = format!(r#"{{"id":3,"command":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    for (text, id) in [
        (r#"{"id":2,"command":{"type":"fly"}}"#, 2),
        (deep.as_str(), 0),
        (r#"{"id":4,"command":{"type":"read","conversation":"x","seq":1}}"#, 4),
        (r#"{"id":1e999}"#, 0),
    ] {
        visitor.text(text).await;
        let refused = visitor.refusal().await;
        assert_eq!((refused.id, refused.code), (id, ErrorCode::Malformed), "{text:.60}");
    }
    visitor.command(5, &World::message("still here")).await;
    assert_eq!(visitor.answer(5).await, Ok(()));
}

#[actix_web::test]
async fn a_flood_is_cut_off() {
    let world = World::new(Pace::default()).await;
    let mut pings = world.visitor(&[]).await;
    for _ in 0..2_000 {
        pings.frame(FIN | 9, b"").await;
    }
    assert_eq!(pings.last().await, closed(CloseCode::Flood));
    let mut rubbish = world.visitor(&[]).await;
    for _ in 0..200 {
        rubbish.text("rubbish").await;
    }
    assert_eq!(rubbish.last().await, closed(CloseCode::Flood));
}

#[actix_web::test]
async fn who_does_not_answer_a_ping_is_cut_off_and_who_does_stays() {
    let pace =
        Pace { ping_every: Duration::from_millis(200), pong_within: Duration::from_millis(300), ..Pace::default() };
    let world = World::new(pace).await;
    let mut silent = world.visitor(&[]).await;
    let mut lively = world.visitor(&[]).await;
    for round in 0..3 {
        while !matches!(lively.event().await, Event::Ping(_)) {}
        lively.text(&format!(r#"{{"id":{},"command":{{"type":"pong"}}}}"#, round + 2)).await;
    }
    assert_eq!(silent.last().await, closed(CloseCode::Silent));
    world.wait_for(Connections { websockets: 1, polls: 0 }).await;
}

#[actix_web::test]
async fn a_reader_too_slow_is_let_go_while_others_are_served() {
    let world = World::new(Pace { write_within: Duration::from_millis(500), ..Pace::default() }).await;
    let mut slow = world.visitor(&[]).await;
    let mut fast = world.visitor(&[]).await;
    slow.state_version().await;
    fast.state_version().await;
    let big = Note::Frame(format!("\"{}\"", "x".repeat(40_000)).into());
    let topic = Topic::Visitors(world.tenant);
    let reading = tokio::spawn(async move {
        while fast.next().await.is_some_and(|frame| frame != Frame::Text("\"end\"".to_owned())) {}
        fast
    });
    // Less than a mailbox holds: what ends the slow one is that it confirms nothing.
    for _ in 0..CAPACITY_BYTES / 2 / 40_000 {
        world.hub.deliver(topic, &big);
    }
    world.hub.deliver(topic, &Note::Frame("\"end\"".into()));
    let fast = tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
    world.wait_for(Connections { websockets: 1, polls: 0 }).await;
    drop(fast);
    assert_eq!(slow.last().await, closed(CloseCode::Slow));
}

#[actix_web::test]
async fn an_overflowing_mailbox_closes_with_slow() {
    let world = World::new(Pace::default()).await;
    let mut visitor = world.visitor(&[]).await;
    visitor.state_version().await;
    // The connection runs on another thread: it takes some of them, but not as fast as they come.
    let frame = Note::Frame(format!("\"{}\"", "x".repeat(1_000)).into());
    for _ in 0..100 * CAPACITY_BYTES / 1_000 {
        world.hub.deliver(Topic::Visitors(world.tenant), &frame);
    }
    assert_eq!(visitor.last().await, closed(CloseCode::Slow));
}

#[actix_web::test]
async fn a_revocation_reaches_sockets_and_polls() {
    let world = World::new(Pace::default()).await;
    let mut visitor = world.visitor(&[]).await;
    let version = visitor.state_version().await;
    let poll = world.spawn_poll(1, &[&version]);
    world.wait_for_poll().await;
    world.hub.deliver(world.topic(), &Note::Revoked(CloseCode::Unauthenticated));
    assert_eq!(visitor.last().await, closed(CloseCode::Unauthenticated));
    assert_eq!(poll.await.unwrap().0, 401);
}

#[actix_web::test]
async fn draining_sends_everybody_away_politely() {
    let world = World::new(Pace::default()).await;
    let mut visitor = world.visitor(&[]).await;
    let version = visitor.state_version().await;
    let poll = world.spawn_poll(1, &[&version]);
    world.wait_for_poll().await;
    world.hub.drain();
    assert!(matches!(visitor.event().await, Event::Reconnect(it) if it.after_ms < 10_000));
    assert_eq!(visitor.last().await, closed(CloseCode::Restart));
    let (status, events) = poll.await.unwrap();
    assert_eq!(status, 200);
    assert!(matches!(events.last(), Some(Event::Reconnect(_))), "{events:?}");
    tokio::time::timeout(Duration::from_secs(5), world.hub.idle()).await.unwrap();
    assert_eq!(world.poll(2, &[]).await.0, 503);
}

#[actix_web::test]
async fn a_socket_resumes_where_a_poll_stopped() {
    let world = World::new(Pace::default()).await;
    let sent = world.commands(&[World::message("one"), World::message("two")]).await;
    assert_eq!(sent.iter().filter(|event| matches!(event, Event::Ack(_))).count(), 2, "{sent:?}");
    let (status, events) = world.poll(1, &[]).await;
    assert_eq!(status, 200);
    assert!(matches!(events.first(), Some(Event::Welcome(_))));
    let conversation = events
        .iter()
        .find_map(|event| match event {
            Event::Visitor(state) => state.conversations.first().map(|it| (it.id, it.last_seq)),
            _ => None,
        })
        .unwrap();
    let (id, last) = conversation;
    let mut resumed = world.visitor(&[(id, 1)]).await;
    let entries = resumed.entries().await;
    assert_eq!((entries.from, entries.last_seq), (2, last));
    assert_eq!(entries.items.iter().map(|item| item.seq).collect::<Vec<_>>(), (2..=last).collect::<Vec<_>>());
    let mut ahead = world.visitor(&[(id, last + 1)]).await;
    while !matches!(ahead.event().await, Event::Reset(_)) {}
    assert_eq!(ahead.entries().await.from, 1);
}

#[actix_web::test]
async fn a_poll_is_held_until_there_is_news_and_a_newer_one_ends_it() {
    let world = World::new(Pace::default()).await;
    let (_, events) = world.poll(1, &[]).await;
    let version = events
        .iter()
        .find_map(|event| match event {
            Event::Visitor(state) => Some(state.version.clone()),
            _ => None,
        })
        .unwrap();
    let older = world.spawn_poll(2, &[&version]);
    world.wait_for_poll().await;
    let held = world.spawn_poll(3, &[&version]);
    assert_eq!(older.await.unwrap(), (200, Vec::new()));
    assert_eq!(world.poll(1, &[&version]).await, (200, Vec::new()), "a late poll is a no-op");
    world.commands(&[World::message("news")]).await;
    let (_, events) = held.await.unwrap();
    assert!(matches!(events.first(), Some(Event::Welcome(_))));
    assert!(events.iter().any(|event| matches!(event, Event::Entries(_))), "{events:?}");
}

#[actix_web::test]
async fn a_poll_without_news_ends_after_its_time() {
    let world = World::new(Pace { poll_hold: Duration::from_millis(100), ..Pace::default() }).await;
    let (_, events) = world.poll(1, &[]).await;
    let Some(Event::Visitor(state)) = events.get(1) else { panic!("{events:?}") };
    let (status, events) = world.poll(2, &[&state.version]).await;
    assert_eq!(status, 200);
    assert!(matches!(events.as_slice(), [Event::Welcome(_)]), "{events:?}");
}

#[actix_web::test]
async fn one_bad_command_in_a_request_is_refused_alone() {
    let world = World::new(Pace::default()).await;
    let good = to_json(&World::frame(2, &World::message("good")));
    let (status, body) = world.post("/v1/commands", &format!(r#"{{"commands":[{{"id":1}},{good},7]}}"#)).await;
    let events = world::events(&body);
    assert_eq!(status, 200);
    let refused: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Refused(refused) => Some((refused.id, refused.code)),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [(1, ErrorCode::Malformed), (0, ErrorCode::Malformed)]);
    assert!(events.iter().any(|event| matches!(event, Event::Ack(ack) if ack.id == 2)));
    assert_eq!(world.post("/v1/commands", "[").await.0, 400);
    let many = format!(r#"{{"commands":[{}]}}"#, vec!["1"; 33].join(","));
    assert_eq!(world.post("/v1/commands", &many).await.0, 413);
    let large = format!(r#"{{"commands":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    assert_eq!(world.post("/v1/commands", &large).await.0, 413);
}

#[actix_web::test]
async fn foreign_pages_are_refused() {
    let world = World::new(Pace::default()).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        assert_eq!(Client::handshake(&world, &[("Origin", origin)]).await.unwrap_err(), 403, "{origin}");
    }
    let ours = world.app.config.public_origin();
    assert!(Client::handshake(&world, &[("Origin", &ours)]).await.is_ok());
    let cookie = [("Cookie", "frontdesk=x")];
    assert_eq!(Client::handshake(&world, &cookie).await.unwrap_err(), 403, "a cookie needs an origin");
    for headers in [
        vec![],
        vec![("Cookie", "frontdesk=x"), ("Origin", ours.as_str())],
        vec![("Cookie", "frontdesk=x"), ("X-Frontdesk", "1")],
        vec![("Cookie", "frontdesk=x"), ("X-Frontdesk", "1"), ("Origin", "https://evil.example")],
    ] {
        let (status, _) = world.post_with("/v1/commands", r#"{"commands":[]}"#, &headers).await;
        assert_eq!(status, 403, "{headers:?}");
    }
}
