//! What the first bytes of a request say: whether it is one of the few that this folder answers. Pure.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::realtime::longpoll::Asked;

/// Most headers of a request that is answered here.
const HEADERS: usize = 64;

/// A request to be answered here.
pub(super) struct Request {
    /// What is asked.
    pub(super) wanted: Wanted,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Bytes of request line and headers.
    pub(super) head_bytes: usize,
    /// Bytes of the body.
    pub(super) body_bytes: usize,
    /// Whether another request may follow on this connection.
    pub(super) keep_alive: bool,
}

/// What is answered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `GET /v1/ws`.
    Socket,
    /// `POST /v1/poll` or `POST /v1/commands`.
    Exchange(Asked),
}

/// Reads the head of a request. `None` for whatever is not complete, not ours, or not in the plainest form it can
/// have: a length said once, no transfer coding, no expectation. Those go the long way, which knows them all.
pub(super) fn read(bytes: &[u8]) -> Option<Request> {
    // Cheap, for what is most often something else.
    if !bytes.starts_with(b"GET /v1/ws ") && !bytes.starts_with(b"POST /v1/") {
        return None;
    }
    let mut lines = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut lines);
    let httparse::Status::Complete(head_bytes) = parsed.parse(bytes).ok()? else { return None };
    let wanted = match (parsed.method?, parsed.path?) {
        ("GET", "/v1/ws") => Wanted::Socket,
        ("POST", "/v1/poll") => Wanted::Exchange(Asked::News),
        ("POST", "/v1/commands") => Wanted::Exchange(Asked::Commands),
        _ => return None,
    };
    if parsed.version != Some(1) {
        return None;
    }
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for line in parsed.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    let count = |name: HeaderName| headers.get_all(name).count();
    if count(header::HOST) != 1 || count(header::TRANSFER_ENCODING) > 0 || count(header::EXPECT) > 0 {
        return None;
    }
    let body_bytes = match (wanted, count(header::CONTENT_LENGTH)) {
        (Wanted::Socket, 0) => 0,
        (Wanted::Exchange(_), 1) => length(headers.get(header::CONTENT_LENGTH)?)?,
        _ => return None,
    };
    let connection: Vec<&str> = headers
        .get_all(header::CONNECTION)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    // Whoever upgrades has no body, whatever length is said.
    if count(header::UPGRADE) > 0 && wanted != Wanted::Socket {
        return None;
    }
    let says = |word: &str| connection.iter().any(|item| item.trim().eq_ignore_ascii_case(word));
    if says("upgrade") != (wanted == Wanted::Socket) {
        return None;
    }
    let keep_alive = !says("close");
    Some(Request { wanted, headers, head_bytes, body_bytes, keep_alive })
}

/// Digits and nothing else: a sign or a list would be read differently elsewhere.
fn length(value: &HeaderValue) -> Option<usize> {
    let text = value.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
