//! Answers, written straight to the connection.

use std::fmt::Write as _;
use std::io::{self, IoSlice};
use std::time::{Duration, SystemTime};

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HttpDate, RETRY_AFTER};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use protocol::codec::to_json;
use protocol::error::ErrorCode;
use protocol::frame::Problem;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::error::AppError;
use crate::realtime::longpoll::Reply;

/// An answer has to be taken after this long.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// What is answered.
pub(super) enum Answer {
    /// Events.
    Events(Reply),
    /// A refusal.
    Problem {
        /// Its status.
        status: StatusCode,
        /// Seconds after which to try again.
        retry_after: Option<String>,
        /// The problem document.
        body: Bytes,
    },
}

impl From<AppError> for Answer {
    fn from(error: AppError) -> Self {
        let response = error.error_response();
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // The body of a refusal is in memory and cannot fail.
        let body = response.into_body().try_into_bytes().unwrap_or_default();
        Self::Problem { status, retry_after, body }
    }
}

impl Answer {
    /// A refusal that no action made.
    pub(super) fn status(status: StatusCode, code: ErrorCode) -> Self {
        let message = status.canonical_reason().unwrap_or("refused").to_lowercase();
        let problem = Problem { code, message, field: None, limit: None, retry_after_ms: None };
        Self::Problem { status, retry_after: None, body: to_json(&problem).into() }
    }

    /// Sends it. False when the connection does not take it.
    pub(super) async fn send(&self, stream: &mut TcpStream, common: &str, keep_alive: bool) -> bool {
        let (status, retry_after, pieces) = match self {
            Self::Events(reply) => (StatusCode::OK, None, reply.pieces().map(str::as_bytes).collect::<Vec<_>>()),
            Self::Problem { status, retry_after, body } => (*status, retry_after.as_deref(), vec![body.as_ref()]),
        };
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let head = head(status, length, retry_after, common, keep_alive);
        let mut slices = Vec::with_capacity(pieces.len() + 1);
        slices.push(IoSlice::new(head.as_bytes()));
        slices.extend(pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| IoSlice::new(piece)));
        matches!(timeout(WRITE_WITHIN, write_all(stream, &mut slices)).await, Ok(Ok(())))
    }
}

fn head(status: StatusCode, length: usize, retry_after: Option<&str>, common: &str, keep_alive: bool) -> String {
    let date = HttpDate::from(SystemTime::now());
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\ndate: {date}\r\n{common}");
    // Writing to a string does not fail.
    if let Some(seconds) = retry_after {
        let _ = write!(head, "retry-after: {seconds}\r\n");
    }
    if !keep_alive {
        head.push_str("connection: close\r\n");
    }
    head.push_str("\r\n");
    head
}

/// The headers that every answer carries, as lines.
pub(super) fn common_headers(mut headers: HeaderMap) -> String {
    headers.insert(CONTENT_TYPE, actix_web::http::header::HeaderValue::from_static("application/json"));
    let mut lines = String::new();
    for (name, value) in &headers {
        let _ = write!(lines, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    lines
}

async fn write_all(stream: &mut TcpStream, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !slices.is_empty() {
        match stream.write_vectored(slices).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut slices, written),
        }
    }
    Ok(())
}
