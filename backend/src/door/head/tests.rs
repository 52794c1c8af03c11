use actix_codec::Decoder;
use actix_http::h1::{Codec, Message, MessageType};
use actix_web::web::BytesMut;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

const POLL: &str = "POST /v1/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

fn wanted(text: &str) -> Option<Wanted> {
    read(text.as_bytes()).map(|request| request.wanted)
}

#[test]
fn plain_requests_are_ours() {
    let poll = read(POLL.as_bytes()).unwrap();
    assert_eq!(poll.wanted, Wanted::Exchange(Asked::News));
    assert_eq!((poll.head_bytes, poll.body_bytes, poll.keep_alive), (POLL.len() - 2, 2, true));
    assert_eq!(poll.headers.get("host").unwrap(), "x");
    let commands = POLL.replace("poll", "commands").replace("\r\n\r\n", "\r\nConnection: Close\r\n\r\n");
    let commands = read(commands.as_bytes()).unwrap();
    assert_eq!((commands.wanted, commands.keep_alive), (Wanted::Exchange(Asked::Commands), false));
    let socket = "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(wanted(socket), Some(Wanted::Socket));
}

#[test]
fn everything_else_goes_the_long_way() {
    let with = |line: &str| POLL.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    for text in [
        String::new(),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        POLL[..POLL.len() - 4].to_owned(),
        POLL.replace("1.1", "1.0"),
        POLL.replace("/v1/poll", "/v1/poll?x=1"),
        POLL.replace("/v1/poll", "/v1/files"),
        POLL.replace("Host: x\r\n", ""),
        POLL.replace("Content-Length: 2\r\n", ""),
        POLL.replace(": 2", ": +2"),
        POLL.replace(": 2", ": 2, 2"),
        POLL.replace(": 2", ": 99999999999999999999999"),
        with("Content-Length: 2"),
        with("Transfer-Encoding: chunked"),
        with("Expect: 100-continue"),
        with("Connection: upgrade"),
        with("Upgrade: websocket"),
        with("Host: y"),
        with(" folded"),
    ] {
        assert_eq!(wanted(&text), None, "{text:?}");
    }
}

/// A request as actix reads it.
struct Reference {
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    /// What is left for the next request.
    rest: Vec<u8>,
}

/// Reads the first request of `bytes` the long way; `None` when it is refused, or not complete.
fn long_way(bytes: &[u8]) -> Option<Reference> {
    let (mut codec, mut bytes) = (Codec::default(), BytesMut::from(bytes));
    let Some(Message::Item(request)) = codec.decode(&mut bytes).ok()? else { return None };
    let mut body = Vec::new();
    if !matches!(codec.message_type(), MessageType::None) {
        loop {
            match codec.decode(&mut bytes).ok()?? {
                Message::Chunk(Some(chunk)) => body.extend_from_slice(&chunk),
                Message::Chunk(None) => break,
                Message::Item(_) => return None,
            }
        }
    }
    let headers = sorted(&request.head().headers);
    let (method, path) = (request.method().as_str().to_owned(), request.uri().to_string());
    Some(Reference { method, path, headers, body, rest: bytes.to_vec() })
}

fn sorted(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    all.sort();
    all
}

/// What is read here must be what actix would have read: what is asked, with which headers, how long it is, and where
/// the next request begins.
fn agrees(head: &[u8]) -> Result<(), TestCaseError> {
    const NEXT: &[u8] = b"GET /next HTTP/1.1\r\n";
    let Some(ours) = read(head) else { return Ok(()) };
    prop_assert!(ours.head_bytes <= head.len());
    prop_assume!(ours.body_bytes < 100_000);
    let body = vec![b'b'; ours.body_bytes];
    let theirs = long_way(&[&head[..ours.head_bytes], &body, NEXT].concat());
    let Some(theirs) = theirs else { return Err(TestCaseError::fail("actix refuses it")) };
    let (method, path) = match ours.wanted {
        Wanted::Socket => ("GET", "/v1/ws"),
        Wanted::Exchange(Asked::News) => ("POST", "/v1/poll"),
        Wanted::Exchange(Asked::Commands) => ("POST", "/v1/commands"),
    };
    prop_assert_eq!((theirs.method.as_str(), theirs.path.as_str()), (method, path));
    prop_assert_eq!(sorted(&ours.headers), theirs.headers);
    if ours.wanted != Wanted::Socket {
        prop_assert_eq!(theirs.body, body);
        prop_assert_eq!(theirs.rest, NEXT);
    }
    Ok(())
}

/// Lines that one program reads one way and another program another.
const LINES: &[&str] = &[
    "Host: x",
    "Host: y",
    "host : x",
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: 05",
    "Content-Length: +5",
    "Content-Length: -5",
    "Content-Length: 5, 5",
    "Content-Length: 5;5",
    "Content-Length: 0x5",
    "Content-Length:\t5 ",
    "Content-Length: 5 5",
    "Content-Length :5",
    " Content-Length: 6",
    "Content-Length:",
    "CONTENT-LENGTH: 7",
    "Content_Length: 8",
    "Content-Length: 18446744073709551616",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: Chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding:\x0bchunked",
    "TRANSFER-encoding: xchunked",
    "X: a\nContent-Length: 6",
    "X: a\rContent-Length: 6",
    "X: a\0b",
    "X: \u{e9}",
    "X\0Y: z",
    "\tfolded",
    ": nameless",
    "no colon",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Upgrade",
    "Connection: keep-alive, upgrade, close",
    "Upgrade: websocket",
    "Upgrade: h2c",
    "Expect: 100-continue",
    "Expect: \"a,b\"",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Authorization: Bearer x",
];
const FIRST: &[&str] = &[
    "POST /v1/poll HTTP/1.1",
    "POST /v1/commands HTTP/1.1",
    "GET /v1/ws HTTP/1.1",
    "POST /v1/poll HTTP/1.0",
    "POST  /v1/poll HTTP/1.1",
    "POST /v1/poll  HTTP/1.1",
    "POST\t/v1/poll HTTP/1.1",
    "POST /v1/poll#x HTTP/1.1",
    "POST http://x/v1/poll HTTP/1.1",
    "POST /v1//poll HTTP/1.1",
    "post /v1/poll HTTP/1.1",
    "POST /v1/poll HTTP/2.0",
    "GET /v1/poll HTTP/1.1",
];
const ENDS: &[&str] = &["\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n"];

fn requests() -> impl Strategy<Value = Vec<u8>> {
    let of = |choices: &'static [&'static str]| prop::sample::select(choices);
    let lines = prop::collection::vec((of(LINES), of(ENDS)), 0..8);
    (of(FIRST), of(ENDS), any::<bool>(), lines, of(ENDS)).prop_map(|(first, end, plain, lines, last)| {
        let mut text = format!("{first}{end}");
        if plain {
            text.push_str("Host: x\r\nContent-Length: 5\r\n");
        }
        lines.iter().for_each(|(line, end)| text.extend([*line, *end]));
        text.push_str(last);
        text.into_bytes()
    })
}

/// Many cases, in a runtime: the codec keeps a clock.
fn always_agrees(heads: impl Strategy<Value = Vec<u8>>) {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4_000));
    runner.run(&heads, |head| agrees(&head)).unwrap();
}

#[actix_web::test]
async fn f23_any_bytes_are_read_as_actix_reads_them_or_not_at_all() {
    always_agrees(prop::collection::vec(any::<u8>(), 0..300));
}

#[actix_web::test]
async fn f23_requests_of_every_odd_shape_are_read_as_actix_reads_them_or_not_at_all() {
    always_agrees(requests());
}

#[actix_web::test]
async fn f23_a_request_with_a_few_other_bytes_is_read_as_actix_reads_it_or_not_at_all() {
    let changes = prop::collection::vec((0..POLL.len(), any::<u8>(), 0..3_u8), 0..4);
    always_agrees(changes.prop_map(|changes| {
        let mut bytes = POLL.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.min(bytes.len() - 1);
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    }));
}

#[test]
fn f23_a_head_cut_anywhere_is_not_read_and_what_follows_changes_nothing() {
    let head = POLL.len() - 2;
    for cut in 0..head {
        assert!(read(&POLL.as_bytes()[..cut]).is_none(), "cut at {cut}");
    }
    for more in ["", "{}", "{}POST /v1/poll HTTP/1.1\r\n", "\r\n\r\n"] {
        let bytes = [&POLL.as_bytes()[..head], more.as_bytes()].concat();
        let request = read(&bytes).unwrap();
        assert_eq!((request.head_bytes, request.body_bytes), (head, 2), "before {more:?}");
    }
}
