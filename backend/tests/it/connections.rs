//! Connections that are slow, half-open, too many, too old or unwanted. The beginning of a test's name is the
//! promise or fault of the reliability table.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use protocol::command::{Command, Page, SetPresence};
use protocol::event::Event;
use protocol::state::Presence;
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::basics::{DEADLINE, eventually, eventually_within};
use crate::people::{Visitor, cmid, message};
use crate::wire::{Credentials, Over, Socket, handshake};
use crate::world::{Plan, World};
use faults::proxy::Proxy;

fn with(environment: &[(&str, &str)]) -> Plan {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan { environment, ..Plan::default() }
}

/// The status with which a handshake is refused; none when it is not.
async fn refused(world: &World) -> Option<StatusCode> {
    match connect_async(handshake(&world.url(), &world.origin(), &Credentials::None)).await {
        Ok(_) => None,
        Err(tungstenite::Error::Http(response)) => Some(response.status()),
        Err(error) => panic!("{error}"),
    }
}

async fn greeted(world: &World, token: &str) -> Socket {
    let (mut socket, _) =
        connect_async(handshake(&world.url(), &world.origin(), &Credentials::None)).await.expect("a handshake");
    let hello = format!(
        r#"{{"id":1,"command":{{"type":"hello","protocol":{},"token":"{token}","resume":[]}}}}"#,
        protocol::PROTOCOL_VERSION
    );
    socket.send(Message::text(hello)).await.expect("it is sent");
    socket
}

/// The next event that is wanted; everything else is passed over.
async fn next<T>(socket: &mut Socket, wanted: impl Fn(Event) -> Option<T>) -> T {
    let reading = async {
        loop {
            match socket.next().await.expect("a frame").expect("a frame") {
                Message::Text(text) => {
                    if text.as_str().contains(r#""type":"ping""#) {
                        let pong = Message::text(r#"{"id":7,"command":{"type":"pong"}}"#);
                        socket.send(pong).await.expect("it is open");
                    }
                    if let Some(found) = wanted(serde_json::from_str(&text).expect("an event")) {
                        return found;
                    }
                }
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    };
    timeout(DEADLINE, reading).await.expect("the event in time")
}

fn fresh_token(event: Event) -> Option<String> {
    match event {
        Event::Token(token) => Some(token.token),
        _ => None,
    }
}

#[tokio::test]
async fn f30_a_visitors_token_is_renewed_on_the_open_connection() {
    let world = World::with(with(&[("FRONTDESK_VISITOR_TOKEN_SECONDS", "5")])).await;
    let visitor = world.visitor().await;
    let mut socket = greeted(&world, &visitor.reply.token).await;
    let first = next(&mut socket, fresh_token).await;
    let second = next(&mut socket, fresh_token).await;
    assert_ne!(first, second);
    assert_ne!(first, visitor.reply.token);
    // The connection lives on, and the newest token opens another one for the same visitor.
    socket.send(Message::text(r#"{"id":9,"command":{"type":"pong"}}"#)).await.expect("it is open");
    let again = Visitor::returns(&world.url(), &world.origin(), &world.acme.site, Some(&second)).await;
    assert_eq!(again.reply.visitor, visitor.reply.visitor);
    let mut other = greeted(&world, &second).await;
    next(&mut other, |event| matches!(event, Event::Welcome(_)).then_some(())).await;
}

#[tokio::test]
async fn f30_a_visitors_token_is_renewed_between_polls_before_it_expires() {
    let world = World::with(with(&[("FRONTDESK_VISITOR_TOKEN_SECONDS", "5")])).await;
    let mut visitor = world.visitor().await;
    let life = Duration::from_secs(5);
    let mut since = Instant::now();
    visitor.connect(Over::Poll).await;
    for count in 1..=3 {
        // No poll is held until its token has expired, though a server is lenient with one that has.
        visitor.until_within(life, "a fresh token", |view| (view.tokens.len() >= count).then_some(())).await;
        assert!(since.elapsed() < life, "token {count} came after {:?}", since.elapsed());
        since = Instant::now();
    }
    let url = "http://shop.example/".to_owned();
    visitor.must(Command::Page(Page { url, title: None, referrer: None, language: None })).await;
    let token = visitor.look(|view| view.tokens.last().cloned()).expect("a token");
    let again = Visitor::returns(&world.url(), &world.origin(), &world.acme.site, Some(&token)).await;
    assert_eq!(again.reply.visitor, visitor.reply.visitor);
    assert_eq!(visitor.look(|view| view.closed), None);
}

#[tokio::test]
async fn c20_a_suspension_from_the_command_line_reaches_everybody_within_two_seconds() {
    let world = World::start().await;
    let mut by_socket = world.visitor().await;
    let mut by_poll = world.visitor().await;
    let mut agent = world.agent("Ann").await;
    by_socket.connect(Over::Socket).await;
    by_poll.connect(Over::Poll).await;
    agent.connect(Over::Socket).await;
    let (done, said) = world.run(&["tenant", "suspend", &world.acme.slug]);
    assert!(done, "{said}");
    let within = Duration::from_secs(2);
    by_socket.until_within(within, "the socket is closed", |view| (view.closed? == 4403).then_some(())).await;
    by_poll.until_within(within, "the poll is refused", |view| (view.closed? == 403).then_some(())).await;
    agent.until_within(within, "the agent's socket is closed", |view| (view.closed? == 4403).then_some(())).await;
}

#[tokio::test]
async fn r2_connections_from_one_place_are_limited_until_some_end() {
    let world = World::with(with(&[("FRONTDESK_CONNECTIONS_PER_IP", "2")])).await;
    let (mut first, mut second) = (world.visitor().await, world.visitor().await);
    first.connect(Over::Socket).await;
    second.connect(Over::Poll).await;
    // Between two polls there is room for a moment.
    eventually("the third is refused", || async { refused(&world).await.filter(|status| status.as_u16() == 429) })
        .await;
    first.vanish();
    eventually("there is room again", || async { refused(&world).await.is_none().then_some(()) }).await;
}

#[tokio::test]
async fn r2_visitors_of_one_tenant_are_limited_and_its_agents_are_not() {
    let world = World::with(with(&[("FRONTDESK_CONNECTIONS_PER_TENANT", "1")])).await;
    let (mut first, second) = (world.visitor().await, world.visitor().await);
    first.connect(Over::Socket).await;
    let mut socket = greeted(&world, &second.reply.token).await;
    let refusal = next(&mut socket, |event| match event {
        Event::Refused(refused) => Some(refused),
        _ => None,
    })
    .await;
    assert_eq!(refusal.code, protocol::error::ErrorCode::RateLimited);
    assert_eq!(refusal.limit, Some(1));
    let mut agent = world.agent("Ann").await;
    agent.connect(Over::Socket).await;
    agent.must(Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })).await;
}

#[tokio::test]
async fn f12_a_half_open_connection_is_freed() {
    let proxy = Proxy::bind().await.expect("a port");
    let world = World::with(with(&[("FRONTDESK_CONNECTIONS_PER_IP", "1")])).await;
    proxy.forward_to(world.port());
    let mut visitor = world.visitor().await;
    visitor.base = proxy.url();
    visitor.connect(Over::Socket).await;
    let begin = Instant::now();
    proxy.pause(true);
    assert_eq!(refused(&world).await, Some(StatusCode::TOO_MANY_REQUESTS));
    // Within 35 s where nothing else runs: the compiler adds that up in `realtime`.
    eventually_within(Duration::from_secs(70), "its place is free", || async {
        refused(&world).await.is_none().then_some(())
    })
    .await;
    assert!(begin.elapsed() > Duration::from_secs(5), "it was not the pause that ended it");
}

/// Sends a piece and then one byte every second, and says after how long and with what the server answered.
async fn trickle(world: &World, head: &str) -> (Duration, String) {
    trickle_by(world, head, b"x").await
}

/// The same with more than a byte.
pub(crate) async fn trickle_by(world: &World, head: &str, piece: &[u8]) -> (Duration, String) {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    let mut answer = vec![0; 4096];
    let read = timeout(Duration::from_secs(60), async {
        loop {
            tokio::select! {
                read = stream.read(&mut answer) => return read.unwrap_or(0),
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    if stream.write_all(piece).await.is_err() {
                        return 0;
                    }
                }
            }
        }
    })
    .await
    .expect("an answer");
    (begin.elapsed(), String::from_utf8_lossy(&answer[..read]).into_owned())
}

#[tokio::test]
async fn f26_slow_heads_and_bodies_are_cut_off() {
    let world = World::start().await;
    let visitor = world.visitor().await;
    let token = &visitor.reply.token;
    let body = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: 400\r\n\r\n{{"
        )
    };
    let (poll, commands, visit) = (body("/v1/poll"), body("/v1/commands"), body("/v1/visitor"));
    let (head, ours, poll, commands, visit) = tokio::join!(
        trickle(&world, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "),
        trickle(&world, "POST /v1/poll HTTP/1.1\r\nHost: x\r\nX-Slow: "),
        trickle(&world, &poll),
        trickle(&world, &commands),
        trickle(&world, &visit),
    );
    for (took, answer) in [&head, &ours] {
        assert!(*took < Duration::from_secs(10), "{took:?}");
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    for (took, answer) in [&poll, &commands, &visit] {
        assert!(*took < Duration::from_secs(15), "{took:?}");
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"too_slow\""), "{answer}");
    }
}

#[tokio::test]
async fn f27_without_descriptors_open_sockets_live_and_accepting_resumes() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut agent = world.agent("Ann").await;
    agent.connect(Over::Socket).await;
    agent.must(Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })).await;
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    visitor.asks("before").await;
    world.limit_files(100);
    let mut idle = Vec::new();
    for _ in 0..150 {
        // The kernel accepts them; the server cannot.
        idle.push(TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection"));
    }
    eventually("the log says so", || async { world.log().contains("limit of open files").then_some(()) }).await;
    visitor.says("meanwhile").await;
    drop(idle);
    let mut other = world.visitor().await;
    other.connect(Over::Socket).await;
    let said = world.log().matches("limit of open files is reached").count();
    assert_eq!(said, 1, "said once");
}

#[tokio::test]
async fn f22_a_slow_reader_is_closed_with_4008_and_the_others_do_not_notice() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut agent = world.agent("Ann").await;
    agent.connect(Over::Socket).await;
    agent.must(Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })).await;
    let mut writer = world.visitor().await;
    writer.connect(Over::Socket).await;
    writer.asks("hello").await;
    let token = writer.reply.token.clone();
    let slow = stalled(&world, &token).await;
    let mut fast = Vec::new();
    for _ in 0..200 {
        let mut tab = writer.another_tab();
        tab.connect(Over::Socket).await;
        fast.push(tab);
    }
    let text = "x".repeat(8_000);
    let begin = Instant::now();
    let mut worst = Duration::ZERO;
    for number in 0..60 {
        let sent = Instant::now();
        writer.must(message(None, cmid(), &format!("{number} {}", &text[..7_900]))).await;
        worst = worst.max(sent.elapsed());
    }
    let last = "the last one";
    writer.says(last).await;
    for tab in &fast {
        tab.sees(last).await;
    }
    assert!(worst < Duration::from_secs(2), "a send took {worst:?}");
    let code = eventually_within(Duration::from_secs(15), "the slow one is closed", || async {
        world.log().contains("closing with 4008").then_some(4008)
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(40));
    assert_eq!(last_code(slow).await, Some(code), "it reads at last, and is told why");
    assert!(fast.iter().all(|tab| tab.look(|view| view.closed.is_none())), "nobody else was closed");
}

/// A socket that says hello and then reads nothing.
pub(crate) async fn stalled(world: &World, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    let address = format!("127.0.0.1:{}", world.port()).parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        world.origin()
    );
    let hello = format!(
        r#"{{"id":1,"command":{{"type":"hello","protocol":{},"token":"{token}","resume":[]}}}}"#,
        protocol::PROTOCOL_VERSION
    );
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(DEADLINE, stream.read_u8()).await.expect("an answer").expect("an answer"));
    }
    let length = u16::try_from(hello.len()).expect("a short hello").to_be_bytes();
    // Masked with zeros: the payload stays as it is.
    stream.write_all(&[&[0x81, 0xfe], &length[..], &[0; 4], hello.as_bytes()].concat()).await.expect("it is sent");
    stream
}

/// Reads to the end; the code of the close frame there.
async fn last_code(mut stream: TcpStream) -> Option<u16> {
    let mut all = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut all)).await.expect("the end");
    match all.as_slice() {
        [.., 0x88, 2, high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}
