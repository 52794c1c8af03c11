//! A client of bytes: the doctor wants to see what is on the line and when, not what a library makes of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

/// How long one step may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST: usize = 1024 * 1024;

/// Why there is no connection. The text says what the system said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreachable {
    /// The name has no address.
    Name(String),
    /// Nobody listens, or the network says no.
    Refused(String),
    /// Nothing comes back.
    Silent,
    /// The certificate is not good for this name, or no TLS is spoken.
    Tls(String),
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a server.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    local: SocketAddr,
    host: String,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    /// Status; 0 when what came is no answer.
    pub(super) status: u16,
    /// Headers in order, names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The body, without chunks.
    pub(super) body: String,
    /// From the request to the first byte of the body.
    pub(super) first_after: Duration,
    /// From the request to the end.
    pub(super) ended_after: Duration,
}

impl Reply {
    /// The values of a header.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Line {
    /// Connects to where a public address points.
    pub(super) async fn open(url: &Url) -> Result<Self, Unreachable> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let found = timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await;
        let addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => return Err(Unreachable::Name(error.to_string())),
            Err(_) => return Err(Unreachable::Name("the name server does not answer".to_owned())),
        };
        if addresses.is_empty() {
            return Err(Unreachable::Name("the name has no address".to_owned()));
        }
        let stream = match timeout(PATIENCE, TcpStream::connect(addresses.as_slice())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Unreachable::Refused(error.to_string())),
            Err(_) => return Err(Unreachable::Silent),
        };
        let local = stream.local_addr().map_err(|error| Unreachable::Refused(error.to_string()))?;
        let named = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let stream: Box<dyn Stream> = if url.scheme() == "https" {
            match timeout(PATIENCE, encrypted(&host, stream)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return Err(Unreachable::Tls(format!("{error:#}"))),
                Err(_) => return Err(Unreachable::Silent),
            }
        } else {
            Box::new(stream)
        };
        Ok(Self { stream, local, host: named })
    }

    /// This end of the connection.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Asks and reads the answer to its end, or until `within` has passed; then what came until there.
    pub(super) async fn ask(mut self, method: &str, path: &str, more: &str, within: Duration) -> Reply {
        let body = if method == "POST" { "{}" } else { "" };
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: frontdesk-doctor\r\nConnection: close\r\n{length}{more}\r\n{body}",
            self.host
        );
        let begun = Instant::now();
        let mut bytes = Vec::new();
        let mut first = None;
        let reading = async {
            self.stream.write_all(text.as_bytes()).await?;
            while bytes.len() < MOST && !is_complete(&bytes) {
                let read = self.stream.read_buf(&mut bytes).await?;
                if read == 0 {
                    break;
                }
                if first.is_none() && body_of(&bytes).is_some_and(|body| !body.is_empty()) {
                    first = Some(begun.elapsed());
                }
            }
            io::Result::Ok(())
        };
        // An end in disorder is an end: what came is what counts.
        let _ = timeout(within, reading).await;
        let ended_after = begun.elapsed();
        Reply { first_after: first.unwrap_or(ended_after), ended_after, ..parse(&bytes) }
    }

    /// Asks for a WebSocket, says something and waits for an answer to it. Gives the answer to the handshake,
    /// and whether a frame came back.
    pub(super) async fn upgrade(mut self, path: &str, origin: &str) -> (Reply, bool) {
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {origin}\r\nUser-Agent: frontdesk-doctor\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
            self.host
        );
        let mut bytes = Vec::new();
        let heads = async {
            self.stream.write_all(text.as_bytes()).await?;
            while body_of(&bytes).is_none() && self.stream.read_buf(&mut bytes).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = timeout(PATIENCE, heads).await;
        let reply = parse(&bytes);
        let proof = String::from_utf8_lossy(&actix_http::ws::hash_key(key.as_bytes())).into_owned();
        if reply.status != 101 || !reply.all("sec-websocket-accept").contains(&proof.as_str()) {
            return (reply, false);
        }
        let mut frames = body_of(&bytes).unwrap_or_default().to_vec();
        let talk = async {
            self.stream.write_all(&masked(br#"{"id":1,"command":{"type":"pong"}}"#)).await?;
            while frames.len() < 2 && self.stream.read_buf(&mut frames).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = timeout(PATIENCE, talk).await;
        (reply, frames.len() >= 2)
    }
}

/// A short text frame as a client sends it (RFC 6455, section 5.2).
fn masked(text: &[u8]) -> Vec<u8> {
    let mask: [u8; 4] = rand::random();
    // Shorter than 126 bytes: the length is in the second byte.
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap_or(0)];
    frame.extend(mask);
    frame.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

async fn encrypted(host: &str, stream: TcpStream) -> anyhow::Result<Box<dyn Stream>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        for certificate in CertificateDer::pem_file_iter(&file).context("SSL_CERT_FILE cannot be read")? {
            roots.add(certificate?)?;
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| anyhow!("{host} is no name of a server"))?;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

/// What follows the head; `None` while the head is not complete.
fn body_of(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    bytes.get(at + 4..)
}

/// Whether an answer is there as a whole, on a connection that the other side keeps open.
fn is_complete(bytes: &[u8]) -> bool {
    let Some(body) = body_of(bytes) else { return false };
    let head = parse(bytes);
    if let Some(length) = head.all("content-length").first().and_then(|value| value.parse::<usize>().ok()) {
        return body.len() >= length;
    }
    head.all("transfer-encoding").contains(&"chunked") && body.ends_with(b"0\r\n\r\n")
}

fn parse(bytes: &[u8]) -> Reply {
    let Some(body) = body_of(bytes) else { return Reply::default() };
    let head = String::from_utf8_lossy(bytes.get(..bytes.len() - body.len()).unwrap_or_default()).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { unchunked(body) } else { body.to_vec() };
    let body = String::from_utf8_lossy(&body).into_owned();
    Reply { status: status.unwrap_or(0), headers, body, ..Reply::default() }
}

/// The content of a chunked body, as far as it came.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(at) = rest.windows(2).position(|end| end == b"\r\n") {
        let size = std::str::from_utf8(&rest[..at]).ok().and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let data = &rest[at + 2..];
        content.extend_from_slice(&data[..size.min(data.len())]);
        rest = data.get(size.saturating_add(2)..).unwrap_or_default();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_broken_off() {
        let reply = parse(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n");
        assert_eq!((reply.status, reply.body.as_str(), reply.all("x-a")), (200, "abcde", vec!["1", "2"]));
        assert_eq!(parse(b"HTTP/1.0 502 Bad\r\n\r\nno").status, 502);
        for broken in ["", "HTTP/1.1 200", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
            assert_eq!(parse(broken.as_bytes()).status, 0, "{broken}");
        }
        for body in ["", "zz\r\nabc", "ffffffffffffffff\r\nab", "5\r\nab", "3\r\nabc"] {
            let text = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
            assert!(parse(text.as_bytes()).body.len() <= 3, "{body}");
        }
    }

    #[test]
    fn it_is_known_when_an_answer_is_complete() {
        assert!(is_complete(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok"));
        assert!(is_complete(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n\r\nok"));
    }

    #[test]
    fn a_frame_is_masked() {
        let frame = masked(b"hi");
        assert_eq!((frame[0], frame[1], frame.len()), (0x81, 0x82, 8));
        assert_eq!([frame[6] ^ frame[2], frame[7] ^ frame[3]], *b"hi");
    }
}
