//! How long a body may take. A client that sends headers quickly and the body a byte at a time would hold a
//! connection for ever otherwise.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// A body is complete after this long, or cut off.
const COMPLETE_WITHIN: Duration = Duration::from_secs(10);
/// The next piece of an upload comes within this long, or it is cut off.
const NEXT_WITHIN: Duration = Duration::from_secs(10);
/// An upload is complete after this long, or cut off.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// Puts the time limits around a request's body. A WebSocket has its own.
pub(super) fn limit_time(request: &mut ServiceRequest) {
    let (next, all) = match request.path() {
        "/v1/ws" => return,
        "/v1/files" => (NEXT_WITHIN, UPLOAD_WITHIN),
        _ => (COMPLETE_WITHIN, COMPLETE_WITHIN),
    };
    match request.take_payload() {
        Payload::None => {}
        payload => request.set_payload(Payload::Stream { payload: timed(payload, next, all) }),
    }
}

fn timed(
    body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    next: Duration,
    all: Duration,
) -> Body {
    let until = Instant::now() + all;
    Box::pin(stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        let deadline = until.min(Instant::now() + next);
        match timeout_at(deadline, body.next()).await {
            Ok(Some(piece)) => Some((piece, Some(body))),
            Ok(None) => None,
            Err(_) => Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: Duration = Duration::from_millis(80);
    const ALL: Duration = Duration::from_millis(200);

    fn piece(text: &'static str) -> Result<Bytes, PayloadError> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    async fn read(
        body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    ) -> (Vec<Result<Bytes, PayloadError>>, Duration) {
        let begin = Instant::now();
        (timed(body, NEXT, ALL).collect().await, begin.elapsed())
    }

    #[actix_web::test]
    async fn a_body_that_comes_is_untouched() {
        let (pieces, _) = read(stream::iter([piece("a"), piece("b")])).await;
        let text: Vec<Bytes> = pieces.into_iter().map(Result::unwrap).collect();
        assert_eq!(text, ["a", "b"]);
    }

    #[actix_web::test]
    async fn a_body_that_stops_is_cut_off() {
        let (pieces, took) = read(Box::pin(stream::iter([piece("a")]).chain(stream::pending()))).await;
        assert!(pieces.len() == 2 && pieces[0].is_ok() && pieces[1].is_err());
        assert!(took >= NEXT && took < ALL, "{took:?}");
    }

    #[actix_web::test]
    async fn a_body_that_trickles_is_cut_off() {
        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(NEXT / 8).await;
            Some((piece("a"), ()))
        });
        let (pieces, took) = read(Box::pin(trickle)).await;
        assert!(pieces.last().is_some_and(Result::is_err));
        assert!(took >= ALL, "{took:?}");
    }
}
