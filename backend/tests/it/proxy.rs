//! A small TCP proxy between clients and the server: it can refuse WebSockets the ways middle boxes do, cut
//! every connection, and stop moving bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to WebSocket handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrades {
    /// They pass.
    Pass,
    /// They are answered 403.
    Refuse,
    /// The headers that ask for the upgrade are removed, as by a proxy that knows only HTTP.
    Strip,
    /// They are taken and never answered.
    Swallow,
}

#[derive(Debug, Clone)]
struct Weather {
    upgrades: Upgrades,
    paused: bool,
    /// Connections of an older era are cut.
    era: u64,
    refuses: bool,
}

/// The proxy. It ends when the value goes.
pub(crate) struct Proxy {
    port: u16,
    listener: Mutex<Option<TcpListener>>,
    weather: Arc<watch::Sender<Weather>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        if let Ok(mut task) = self.task.lock()
            && let Some(task) = task.take()
        {
            task.abort();
        }
    }
}

impl Proxy {
    /// Takes a port; nothing is forwarded until [`Proxy::forward_to`].
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let weather = Weather { upgrades: Upgrades::Pass, paused: false, era: 0, refuses: false };
        Self {
            port,
            listener: Mutex::new(Some(listener)),
            weather: Arc::new(watch::Sender::new(weather)),
            task: Mutex::new(None),
        }
    }

    /// The port clients connect to.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts forwarding to a server.
    pub(crate) fn forward_to(&self, port: u16) {
        let listener = self.listener.lock().expect("not poisoned").take().expect("not forwarding yet");
        let weather = self.weather.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, ([127, 0, 0, 1], port).into(), weather.clone()));
            }
        });
        *self.task.lock().expect("not poisoned") = Some(task);
    }

    /// Sets what happens to WebSocket handshakes from now on.
    pub(crate) fn upgrades(&self, upgrades: Upgrades) {
        self.weather.send_modify(|weather| weather.upgrades = upgrades);
    }

    /// Cuts every open connection.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.era += 1);
    }

    /// Cuts every open connection and every new one: the network is gone.
    pub(crate) fn goes_dark(&self) {
        self.weather.send_modify(|weather| {
            weather.era += 1;
            weather.refuses = true;
        });
    }

    /// The network is back.
    pub(crate) fn comes_back(&self) {
        self.weather.send_modify(|weather| weather.refuses = false);
    }

    /// Stops moving bytes without closing anything, or goes on.
    pub(crate) fn pause(&self, paused: bool) {
        self.weather.send_modify(|weather| weather.paused = paused);
    }
}

async fn serve(client: TcpStream, server: SocketAddr, weather: Arc<watch::Sender<Weather>>) {
    let era = weather.borrow().era;
    let mut changes = weather.subscribe();
    tokio::select! {
        _ = changes.wait_for(|weather| weather.era != era || weather.refuses) => {}
        _ = forward(client, server, &weather) => {}
    }
}

async fn forward(mut client: TcpStream, server: SocketAddr, weather: &watch::Sender<Weather>) -> Option<()> {
    let mut head = vec![0; 16 * 1024];
    let read = client.read(&mut head).await.ok().filter(|read| *read > 0)?;
    head.truncate(read);
    let upgrade = is_upgrade(&head);
    let rule = weather.borrow().upgrades;
    match rule {
        Upgrades::Refuse if upgrade => {
            let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            client.write_all(refusal).await.ok()?;
            return client.shutdown().await.ok();
        }
        Upgrades::Swallow if upgrade => std::future::pending::<()>().await,
        Upgrades::Strip if upgrade => head = stripped(&head),
        _ => {}
    }
    let mut upstream = TcpStream::connect(server).await.ok()?;
    upstream.write_all(&head).await.ok()?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = upstream.split();
    tokio::select! {
        _ = pump(from_client, to_server, weather) => {}
        _ = pump(from_server, to_client, weather) => {}
    }
    Some(())
}

async fn pump(
    mut from: tokio::net::tcp::ReadHalf<'_>,
    mut to: tokio::net::tcp::WriteHalf<'_>,
    weather: &watch::Sender<Weather>,
) -> Option<()> {
    let mut buffer = vec![0; 32 * 1024];
    let mut changes = weather.subscribe();
    loop {
        let read = from.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        changes.wait_for(|weather| !weather.paused).await.ok()?;
        to.write_all(&buffer[..read]).await.ok()?;
    }
}

fn is_upgrade(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_lowercase();
    head.contains("\r\nupgrade: websocket")
}

fn stripped(head: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(head);
    let kept = text.split("\r\n").filter(|line| {
        let line = line.to_lowercase();
        !line.starts_with("upgrade:") && !line.starts_with("connection:")
    });
    kept.collect::<Vec<_>>().join("\r\n").into_bytes()
}
