use super::*;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

/// A server that answers each request head with the same response, or echoes what is not HTTP.
async fn server(response: Option<&'static [u8]>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut got = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = socket.read(&mut got).await {
                    let reply = response.unwrap_or(&got[..read]);
                    if socket.write_all(reply).await.is_err() {
                        return;
                    }
                    if String::from_utf8_lossy(&got[..read]).contains("connection: close") {
                        return;
                    }
                }
            });
        }
    });
    port
}

async fn through(response: Option<&'static [u8]>) -> (Proxy, TcpStream) {
    let proxy = Proxy::bind().await.expect("a proxy");
    proxy.forward_to(server(response).await);
    let socket = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("a connection");
    (proxy, socket)
}

/// The echo server behind a connection whose head has passed.
async fn echo() -> (Proxy, TcpStream) {
    let (proxy, mut socket) = through(None).await;
    exchange(&mut socket, b"GET / HTTP/1.1\r\n\r\n").await.expect("an echo");
    (proxy, socket)
}

async fn exchange(socket: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
    socket.write_all(text).await?;
    let mut back = vec![0; text.len()];
    timeout(SOON, socket.read_exact(&mut back)).await??;
    Ok(back)
}

#[tokio::test]
async fn bytes_pass_late_slow_and_in_crumbs_but_unchanged() {
    let (proxy, mut socket) = echo().await;
    let text: Vec<u8> = (0..5_000_u32).map(|number| number as u8).collect();
    proxy.change(|weather| {
        weather.to_server.latency = Duration::from_millis(60);
        weather.to_client.jitter = Duration::from_millis(20);
        weather.to_client.slice = Some(7);
    });
    let begun = Instant::now();
    assert_eq!(exchange(&mut socket, &text).await.expect("an echo"), text);
    assert!(begun.elapsed() >= Duration::from_millis(60), "{:?}", begun.elapsed());
    proxy.change(|weather| *weather = Weather::CLEAR);
    proxy.change(|weather| weather.to_server.bytes_per_second = Some(20_000));
    let begun = Instant::now();
    assert_eq!(exchange(&mut socket, &text).await.expect("an echo"), text);
    assert!(begun.elapsed() >= Duration::from_millis(180), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_not_http_passes_too() {
    let (_proxy, mut socket) = through(None).await;
    assert_eq!(exchange(&mut socket, &[0, 0, 0, 8, 4, 210, 22, 47]).await.expect("an echo").len(), 8);
}

#[tokio::test]
async fn a_pause_moves_nothing_and_closes_nothing() {
    let (proxy, mut socket) = echo().await;
    proxy.pause(true);
    socket.write_all(b"held").await.expect("sent");
    let mut back = [0; 4];
    assert!(timeout(Duration::from_millis(100), socket.read(&mut back)).await.is_err(), "it moved");
    proxy.pause(false);
    timeout(SOON, socket.read_exact(&mut back)).await.expect("in time").expect("an echo");
    assert_eq!(&back, b"held");
}

#[tokio::test]
async fn a_connection_is_reset_at_the_byte_asked_for() {
    for (wanted, how) in [(0, End::Reset), (3, End::Reset), (5, End::Fin)] {
        let (proxy, mut socket) = echo().await;
        proxy.connections()[0].change(|weather| weather.to_client.until = Some((wanted, how)));
        socket.write_all(b"0123456789").await.expect("sent");
        let mut back = Vec::new();
        let ended = timeout(SOON, socket.read_to_end(&mut back)).await.expect("in time");
        match how {
            End::Reset => assert_eq!(ended.expect_err("a reset").kind(), io::ErrorKind::ConnectionReset),
            _ => assert_eq!(ended.expect("an end"), 5),
        }
        assert!(back.len() as u64 <= wanted, "{back:?}");
        let deadline = Instant::now() + SOON;
        while !proxy.connections().is_empty() {
            assert!(Instant::now() < deadline, "it is still open");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn one_way_can_be_lost_or_fall_silent_alone() {
    let (proxy, mut socket) = echo().await;
    proxy.change(|weather| weather.to_server.lost = true);
    socket.write_all(b"gone").await.expect("sent");
    let mut back = [0; 8];
    assert!(timeout(Duration::from_millis(100), socket.read(&mut back)).await.is_err());
    proxy.change(|weather| weather.to_server.lost = false);
    assert_eq!(exchange(&mut socket, b"kept").await.expect("an echo"), b"kept");
    proxy.change(|weather| weather.to_client.until = Some((2, End::Silence)));
    socket.write_all(b"half").await.expect("sent");
    timeout(SOON, socket.read_exact(&mut back[..2])).await.expect("in time").expect("two bytes");
    assert!(timeout(Duration::from_millis(100), socket.read(&mut back)).await.is_err());
}

const HANDSHAKE: &[u8] = b"GET /v1/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn handshakes_are_stripped_or_refused() {
    let (proxy, socket) = through(None).await;
    drop(socket);
    proxy.upgrades(Upgrades::Strip);
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("a connection");
    socket.write_all(HANDSHAKE).await.expect("sent");
    let stripped = b"GET /v1/ws HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut seen = vec![0; stripped.len()];
    timeout(SOON, socket.read_exact(&mut seen)).await.expect("in time").expect("an echo");
    assert_eq!(seen, stripped);
    proxy.upgrades(Upgrades::Refuse);
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("a connection");
    socket.write_all(HANDSHAKE).await.expect("sent");
    let mut answer = String::new();
    timeout(SOON, socket.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn responses_are_held_until_they_are_whole_and_asked_for_in_the_old_way() {
    let (proxy, socket) = through(None).await;
    drop(socket);
    proxy.change_new(|weather| weather.responses = Responses::Old);
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("a connection");
    socket.write_all(b"POST /x HTTP/1.1\r\nhost: a\r\n\r\nbody").await.expect("sent");
    let mut answer = String::new();
    timeout(SOON, socket.read_to_string(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(answer, "POST /x HTTP/1.0\r\nhost: a\r\nconnection: close\r\n\r\nbody");
}

#[tokio::test]
async fn a_dark_network_refuses_until_it_comes_back() {
    let (proxy, mut socket) = echo().await;
    proxy.goes_dark();
    let mut back = [0; 1];
    assert!(matches!(timeout(SOON, socket.read(&mut back)).await.expect("in time"), Ok(0) | Err(_)));
    if let Ok(mut refused) = TcpStream::connect(("127.0.0.1", proxy.port())).await {
        assert!(exchange(&mut refused, b"GET / HTTP/1.1\r\n\r\n").await.is_err());
    }
    proxy.comes_back();
    let mut socket = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("a connection");
    exchange(&mut socket, b"GET / HTTP/1.1\r\n\r\n").await.expect("an echo");
}
