//! A TCP proxy that misbehaves on demand: late, slow, in crumbs, one way only, silent, cut at a byte, with
//! responses held back and upgrades refused. Everything can be changed while connections are open, for all of
//! them or for one.

/// The requests and responses that pass through.
mod http;
/// Bytes in one direction.
mod way;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Closed in order, both ways.
    Fin,
    /// Reset: what was on its way may be lost.
    Reset,
    /// Not at all: no byte moves any more, nobody is told.
    Silence,
}

/// What happens to WebSocket handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrades {
    /// They pass.
    Pass,
    /// They are answered 403.
    Refuse,
    /// The headers that ask for the upgrade are removed, as by a proxy that knows only HTTP.
    Strip,
    /// They are taken and never answered.
    Swallow,
}

/// What happens to responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responses {
    /// They pass as they come.
    Stream,
    /// Each is held back until it is complete; one request a connection.
    Whole,
    /// As [`Responses::Whole`], and the server is asked in HTTP/1.0.
    Old,
}

/// What happens to the bytes of one direction.
#[derive(Debug, Clone)]
pub struct Way {
    /// Every byte is this late.
    pub latency: Duration,
    /// And up to this much later, by chance. Order is kept.
    pub jitter: Duration,
    /// Most bytes a second.
    pub bytes_per_second: Option<u64>,
    /// Most bytes in one segment.
    pub slice: Option<usize>,
    /// Nothing moves, nothing is closed.
    pub paused: bool,
    /// Bytes are taken and thrown away.
    pub lost: bool,
    /// After this many more bytes the connection ends this way.
    pub until: Option<(u64, End)>,
}

impl Way {
    const CLEAR: Self = Self {
        latency: Duration::ZERO,
        jitter: Duration::ZERO,
        bytes_per_second: None,
        slice: None,
        paused: false,
        lost: false,
        until: None,
    };
}

/// Everything that can be wrong with a connection.
#[derive(Debug, Clone)]
pub struct Weather {
    /// What clients send.
    pub to_server: Way,
    /// What the server sends.
    pub to_client: Way,
    /// WebSocket handshakes.
    pub upgrades: Upgrades,
    /// Responses.
    pub responses: Responses,
    /// Set: the connection ends now.
    pub cut: Option<End>,
}

impl Weather {
    /// Nothing is wrong.
    pub const CLEAR: Self = Self {
        to_server: Way::CLEAR,
        to_client: Way::CLEAR,
        upgrades: Upgrades::Pass,
        responses: Responses::Stream,
        cut: None,
    };
}

/// One connection through the proxy. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    weather: Arc<watch::Sender<Weather>>,
    moved: Arc<[AtomicU64; 2]>,
}

impl Connection {
    /// Changes what is wrong with it.
    pub fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// Bytes that reached the server and the client so far.
    pub fn moved(&self) -> (u64, u64) {
        (self.moved[0].load(Ordering::Acquire), self.moved[1].load(Ordering::Acquire))
    }

    /// Whether both sides are still connected through it.
    pub fn is_open(&self) -> bool {
        self.weather.receiver_count() > 0
    }
}

struct Shared {
    /// What new connections start with.
    weather: Mutex<Weather>,
    open: Mutex<Vec<Connection>>,
    refuses: Mutex<bool>,
    accepted: AtomicU64,
}

/// The proxy. It ends, with every connection, when the value goes.
pub struct Proxy {
    addr: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

impl Proxy {
    /// Takes a loopback port; nothing is forwarded until [`Proxy::forward_to`].
    ///
    /// # Errors
    /// When no port is free.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Shared {
            weather: Mutex::new(Weather::CLEAR),
            open: Mutex::default(),
            refuses: Mutex::new(false),
            accepted: AtomicU64::new(0),
        };
        Ok(Self {
            addr: listener.local_addr()?,
            listener: Mutex::new(Some(listener)),
            shared: Arc::new(shared),
            task: Mutex::new(None),
        })
    }

    /// The port clients connect to.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Starts forwarding to a loopback port. Does nothing the second time.
    pub fn forward_to(&self, port: u16) {
        let Some(listener) = lock(&self.listener).take() else { return };
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                shared.accepted.fetch_add(1, Ordering::AcqRel);
                if *lock(&shared.refuses) {
                    end(&[&client], End::Reset);
                    continue;
                }
                let connection = Connection {
                    weather: Arc::new(watch::Sender::new(lock(&shared.weather).clone())),
                    moved: Arc::default(),
                };
                let weather = connection.weather.subscribe();
                let mut open = lock(&shared.open);
                open.retain(Connection::is_open);
                open.push(connection.clone());
                drop(open);
                tokio::spawn(serve(client, ([127, 0, 0, 1], port).into(), connection, weather));
            }
        });
        *lock(&self.task) = Some(task);
    }

    /// Changes what is wrong, for every open connection and those to come.
    pub fn change(&self, change: impl Fn(&mut Weather)) {
        change(&mut lock(&self.shared.weather));
        for connection in self.connections() {
            connection.change(&change);
        }
    }

    /// Changes what connections to come start with.
    pub fn change_new(&self, change: impl FnOnce(&mut Weather)) {
        change(&mut lock(&self.shared.weather));
    }

    /// Open connections, oldest first.
    pub fn connections(&self) -> Vec<Connection> {
        let mut open = lock(&self.shared.open);
        open.retain(Connection::is_open);
        open.clone()
    }

    /// How many connections were ever made.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Acquire)
    }

    /// Sets what happens to WebSocket handshakes from now on.
    pub fn upgrades(&self, upgrades: Upgrades) {
        self.change_new(|weather| weather.upgrades = upgrades);
    }

    /// Cuts every open connection.
    pub fn cut(&self) {
        self.end(End::Fin);
    }

    /// Ends every open connection in a way.
    pub fn end(&self, how: End) {
        for connection in self.connections() {
            connection.change(|weather| weather.cut = Some(how));
        }
    }

    /// Cuts every open connection and every new one: the network is gone.
    pub fn goes_dark(&self) {
        *lock(&self.shared.refuses) = true;
        self.cut();
    }

    /// The network is back.
    pub fn comes_back(&self) {
        *lock(&self.shared.refuses) = false;
    }

    /// Stops moving bytes both ways without closing anything, or goes on.
    pub fn pause(&self, paused: bool) {
        self.change(|weather| {
            weather.to_server.paused = paused;
            weather.to_client.paused = paused;
        });
    }
}

async fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    connection: Connection,
    mut weather: watch::Receiver<Weather>,
) {
    let mut upstream = None;
    let how = tokio::select! {
        how = cut(&mut weather) => how,
        how = forward(&mut client, &mut upstream, server, &connection) => how.unwrap_or(End::Reset),
    };
    let sockets: Vec<&TcpStream> = std::iter::once(&client).chain(upstream.as_ref()).collect();
    end(&sockets, how);
}

async fn cut(weather: &mut watch::Receiver<Weather>) -> End {
    match weather.wait_for(|weather| weather.cut.is_some_and(|end| end != End::Silence)).await {
        Ok(weather) => weather.cut.unwrap_or(End::Fin),
        Err(_) => End::Fin,
    }
}

/// Says how the sockets are to end when they are dropped next.
fn end(sockets: &[&TcpStream], how: End) {
    if how == End::Reset {
        for socket in sockets {
            // Without it the socket ends in order, which a test that waits for a reset will notice.
            let _ = socket2::SockRef::from(*socket).set_linger(Some(Duration::ZERO));
        }
    }
}

async fn forward(
    client: &mut TcpStream,
    upstream: &mut Option<TcpStream>,
    server: SocketAddr,
    connection: &Connection,
) -> io::Result<End> {
    let mut head = http::read_head(client).await?;
    let (upgrades, responses) = {
        let weather = connection.weather.borrow();
        (weather.upgrades, weather.responses)
    };
    if http::is_upgrade(&head) {
        match upgrades {
            Upgrades::Pass => {}
            Upgrades::Refuse => {
                http::refuse(client).await?;
                return Ok(End::Fin);
            }
            Upgrades::Swallow => std::future::pending::<()>().await,
            Upgrades::Strip => head = http::without_upgrade(&head),
        }
    }
    head = http::for_responses(head, responses);
    let upstream = upstream.insert(TcpStream::connect(server).await?);
    upstream.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = upstream.split();
    let [up, down] = &*connection.moved;
    let up = way::Pump::new(&connection.weather, up, |weather| &mut weather.to_server);
    let mut down = way::Pump::new(&connection.weather, down, |weather| &mut weather.to_client);
    down.whole = responses != Responses::Stream;
    // The server has the last word: a client that has sent everything may still be answered.
    let up = async {
        match up.run(head, from_client, to_server).await {
            Ok(End::Fin) if responses != Responses::Stream => std::future::pending().await,
            ended => ended,
        }
    };
    tokio::select! {
        ended = up => ended,
        ended = down.run(Vec::new(), from_server, to_client) => ended,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
