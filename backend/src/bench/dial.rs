//! Addresses and connections. One address has about 28,000 ports to call from, so many connections to a server
//! on this machine come from several loopback addresses.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, bail};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use url::Url;

/// Connections from one source address.
const PER_SOURCE: u32 = 20_000;
/// Descriptors this process needs besides connections.
const SPARE: u64 = 64;

/// Opens connections to one server.
pub(super) struct Dialer {
    addr: SocketAddr,
    /// What browsers have in the Host header, and proxies pass on.
    pub(super) host: String,
    /// The origin a browser on the server's own pages would say.
    pub(super) origin: String,
    sources: u8,
    next: Cell<u8>,
}

impl Dialer {
    /// A dialer for a server at `url`, whose pages are at `origin` (its own address when that is not said), with room for
    /// so many connections at a time.
    ///
    /// # Errors
    /// When the address is none, its host is not known, or this process may not have so many connections.
    pub(super) async fn new(
        url: &str,
        origin: Option<&str>,
        sources: Option<u8>,
        connections: u32,
    ) -> anyhow::Result<Self> {
        let parsed = Url::parse(url).ok().filter(|it| it.scheme() == "http" && it.has_host() && it.path() == "/");
        let Some(parsed) = parsed else {
            bail!("--url: `{url}` is not allowed; allowed: http://HOST:PORT. TLS is the proxy's: measure behind it");
        };
        let port = parsed.port_or_known_default().unwrap_or(80);
        let name = parsed.host_str().unwrap_or_default();
        let addr = lookup_host((name.trim_matches(['[', ']']), port)).await.ok().and_then(|mut found| {
            let all: Vec<SocketAddr> = found.by_ref().collect();
            all.iter().find(|addr| addr.is_ipv4()).or(all.first()).copied()
        });
        let addr = addr.with_context(|| format!("--url: the host of `{url}` is not known"))?;
        check_descriptors(u64::from(connections))?;
        let wanted = u8::try_from(connections.div_ceil(PER_SOURCE)).unwrap_or(u8::MAX).min(250);
        let sources = if on_loopback(addr) { sources.unwrap_or(wanted).max(1) } else { 1 };
        let origin = origin.map_or_else(|| parsed.origin().ascii_serialization(), str::to_owned);
        let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned();
        Ok(Self { addr, host, origin, sources, next: Cell::new(0) })
    }

    /// A new connection, from the next source address.
    pub(super) async fn dial(&self) -> anyhow::Result<TcpStream> {
        let socket = if self.addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if self.sources > 1 {
            let source = self.next.get();
            self.next.set((source + 1) % self.sources);
            socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, source + 1), 0)))?;
        }
        let stream = socket.connect(self.addr).await.with_context(|| format!("cannot connect to {}", self.addr))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn on_loopback(addr: SocketAddr) -> bool {
    matches!(addr.ip(), IpAddr::V4(ip) if ip.is_loopback())
}

/// Refuses what would fail half-way: every connection is a descriptor.
fn check_descriptors(connections: u64) -> anyhow::Result<()> {
    let Some(allowed) = super::process::descriptors() else { return Ok(()) };
    if connections + SPARE > allowed {
        bail!(
            "{connections} connections need {} descriptors, this process may have {allowed}: raise `ulimit -n`, for the server too",
            connections + SPARE
        );
    }
    Ok(())
}
