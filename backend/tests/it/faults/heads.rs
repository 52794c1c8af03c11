//! Heads of HTTP requests that two programs may read in two ways, too long, or cut anywhere. Connections come in by a
//! door that answers some requests itself and hands the rest on: both must see the same requests in the same bytes, and
//! refuse what is doubtful.

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::basics::DEADLINE;
use crate::people::Visitor;
use crate::world::{Plan, World};

/// Connections at the same time.
const AT_ONCE: usize = 32;

/// Answers on one connection, up to its end or until there are so many.
async fn answers(world: &World, parts: &[&[u8]], most: usize) -> (Vec<u16>, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut text = String::new();
    let talking = async {
        for part in parts {
            // Whoever was refused may not be listened to any more.
            if stream.write_all(part).await.is_err() {
                break;
            }
            // What was written is on its way before the next part is.
            tokio::task::yield_now().await;
        }
        let mut bytes = [0; 4096];
        while statuses(&text).len() < most {
            match stream.read(&mut bytes).await {
                Ok(read @ 1..) => text.push_str(&String::from_utf8_lossy(&bytes[..read])),
                Ok(0) | Err(_) => break,
            }
        }
    };
    let done = timeout(DEADLINE, talking).await;
    assert!(done.is_ok(), "neither answered nor closed: {:?}\n{text}", String::from_utf8_lossy(&parts.concat()));
    (statuses(&text), text)
}

fn statuses(text: &str) -> Vec<u16> {
    text.match_indices("HTTP/1.1 ")
        .filter_map(|(at, word)| text.get(at + word.len()..)?.get(..3)?.parse().ok())
        .collect()
}

/// A request with these lines after the token, and this body.
fn request(vera: &Visitor, lines: &str, body: &str) -> Vec<u8> {
    let token = &vera.reply.token;
    format!(
        "POST /v1/commands HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{lines}\r\n{body}"
    )
    .into_bytes()
}

/// What must be refused, each in a way that leaves nothing of it to be read as another request.
fn doubtful() -> Vec<(&'static str, &'static str)> {
    let body = "{\"commands\":[]}";
    vec![
        ("Host: x\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n", body),
        ("Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 15\r\n", "0\r\n\r\n"),
        ("Host: x\r\nContent-Length: 15\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nContent-Length: 15\r\nContent-Length: 0\r\n", body),
        ("Host: x\r\nContent-Length: 15, 15\r\n", body),
        ("Host: x\r\nContent-Length: +15\r\n", body),
        ("Host: x\r\nContent-Length: -15\r\n", body),
        ("Host: x\r\nContent-Length: 0xf\r\n", body),
        ("Host: x\r\nContent-Length:\r\n", body),
        ("Host: x\r\nContent-Length: 18446744073709551631\r\n", body),
        ("Host: x\r\nContent-Length : 15\r\n", body),
        ("Host: x\r\nX: a\r\n Content-Length: 15\r\n", body),
        ("Host: x\r\nX: a\r\n\tfolded\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nX: a\0b\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nX\0: a\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nX: a\rContent-Length: 0\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nTransfer-Encoding: xchunked\r\n", body),
        ("Host: x\r\nTransfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Host: x\r\nTransfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"),
        ("Host: x\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "-1\r\n\r\n"),
        ("Host: x\r\nTransfer-Encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n"),
        ("Host: x\r\nHost: y\r\nContent-Length: 15\r\n", body),
        ("Content-Length: 15\r\n", body),
        ("Host: x\r\n: nameless\r\nContent-Length: 15\r\n", body),
        ("Host: x\r\nno colon\r\nContent-Length: 15\r\n", body),
    ]
}

#[tokio::test]
async fn f23_doubtful_heads_are_refused_on_every_way_in_and_hide_no_request() {
    let world = World::with(Plan::default().unlimited()).await;
    let vera = world.visitor().await;
    let before = world.count("select count(*) from visitor").await;
    let hidden = format!("{{\"site\":\"{}\"}}", world.acme.site);
    let hidden = format!(
        "POST /v1/visitor HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    // The first request of a connection is looked at by the door, the second by whom the first was handed to.
    let first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
    let judge = async |(lines, body): &(&str, &str)| {
        let bytes = request(&vera, lines, body);
        let (door, said) = answers(&world, &[&bytes, hidden.as_bytes()], 9).await;
        assert!(matches!(door[..], [400..=499]), "{lines:?}: {said}");
        let (handed_on, said) = answers(&world, &[first, &bytes, hidden.as_bytes()], 9).await;
        assert_eq!(handed_on, [200, door[0]], "{lines:?}: {said}");
    };
    for some in doubtful().chunks(AT_ONCE) {
        join_all(some.iter().map(judge)).await;
    }
    assert_eq!(world.count("select count(*) from visitor").await, before, "a hidden request was carried out");
    assert!(!world.log().contains("panicked"));
}

#[tokio::test]
async fn f23_heads_too_long_are_refused_and_odd_line_ends_are_read_alike() {
    let world = World::with(Plan::default().unlimited()).await;
    let vera = world.visitor().await;
    let long = |count: usize, length: usize| {
        let lines = format!("X: {}\r\n", "x".repeat(length)).repeat(count);
        request(&vera, &format!("Host: x\r\n{lines}Content-Length: 2\r\n"), "{}")
    };
    for bytes in [long(1, 200_000), long(200, 2_000), long(2_000, 1)] {
        let (door, said) = answers(&world, &[&bytes], 1).await;
        assert!(matches!(door[..], [400..=499]), "{said}");
    }
    // More than the door looks at, and more lines than it takes, but nothing wrong: read the long way.
    let body = "{\"commands\":[]}";
    for lines in [format!("X: {}\r\n", "x".repeat(20_000)), "X: x\r\n".repeat(80)] {
        let bytes = request(&vera, &format!("Host: x\r\nX-Frontdesk: 1\r\n{lines}Content-Length: 15\r\n"), body);
        let (statuses, said) = answers(&world, &[&bytes], 1).await;
        assert_eq!(statuses, [200], "{said}");
    }
    let bare = String::from_utf8(request(&vera, "Host: x\r\nContent-Length: 15\r\n", body)).expect("text");
    let bare = bare.replace("\r\n", "\n");
    let (door, _) = answers(&world, &[bare.as_bytes()], 1).await;
    let first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
    let (handed_on, _) = answers(&world, &[first, bare.as_bytes()], 2).await;
    assert_eq!(handed_on, [200, door[0]]);
}

#[tokio::test]
async fn f23_requests_cut_at_every_byte_are_the_same_requests() {
    let world = World::with(Plan::default().unlimited()).await;
    let vera = world.visitor().await;
    let one = request(&vera, "Host: x\r\nContent-Length: 15\r\n", "{\"commands\":[]}");
    let two = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".as_slice();
    let both = [&one, two].concat();
    let cut = async |at: usize| {
        let (statuses, said) = answers(&world, &[&both[..at], &both[at..]], 9).await;
        assert_eq!(statuses, [200, 200], "cut at {at}: {said}");
        assert!(said.contains("{\"events\":[]}"), "cut at {at}: {said}");
    };
    let cuts: Vec<usize> = (1..both.len()).collect();
    for some in cuts.chunks(AT_ONCE) {
        join_all(some.iter().map(|at| cut(*at))).await;
    }
}
