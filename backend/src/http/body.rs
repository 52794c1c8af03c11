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
use protocol::error::ErrorCode;
use tokio::time::{Instant, timeout_at};

use crate::error::Refusal;

/// A body is complete after this long, or cut off.
const COMPLETE_WITHIN: Duration = Duration::from_secs(10);
/// The next piece of an upload comes within this long, or it is cut off.
const NEXT_WITHIN: Duration = Duration::from_secs(10);
/// An upload is complete after this long, or cut off: the largest at 35 KB/s.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Least bytes a second of an upload, from when its first pieces are due.
pub(super) const LEAST_RATE: u32 = 4 * 1024;

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// How fast a body has to come.
#[derive(Clone, Copy)]
struct Pace {
    /// Until the next piece.
    next: Duration,
    /// Until all of it is there.
    all: Duration,
    /// Least bytes a second, after [`Pace::next`] has passed once.
    least: u32,
}

/// Puts the time limits around a request's body. A WebSocket has its own.
pub(super) fn limit_time(request: &mut ServiceRequest) {
    let pace = match request.path() {
        "/v1/ws" => return,
        "/v1/files" => Pace { next: NEXT_WITHIN, all: UPLOAD_WITHIN, least: LEAST_RATE },
        _ => Pace { next: COMPLETE_WITHIN, all: COMPLETE_WITHIN, least: LEAST_RATE },
    };
    match request.take_payload() {
        Payload::None => {}
        payload => request.set_payload(Payload::Stream { payload: timed(payload, pace) }),
    }
}

/// The refusal of a body that was cut off, if that is why it ended.
pub(super) fn too_slow(error: &PayloadError) -> Option<Refusal> {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            let refusal = Refusal::field("body", ErrorCode::TooSlow, "the body came too slowly");
            Some(Refusal { limit: Some(LEAST_RATE.into()), ..refusal })
        }
        _ => None,
    }
}

fn timed(body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static, pace: Pace) -> Body {
    let begin = Instant::now();
    Box::pin(stream::unfold(Some((body, 0_usize)), move |state| async move {
        let (mut body, came) = state?;
        let earned = Duration::from_secs_f64(came as f64 / f64::from(pace.least));
        let deadline = (begin + pace.all).min(Instant::now() + pace.next).min(begin + pace.next + earned);
        match timeout_at(deadline, body.next()).await {
            Ok(Some(piece)) => {
                let came = came + piece.as_ref().map_or(0, Bytes::len);
                Some((piece, Some((body, came))))
            }
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
    /// A byte earns 20 ms.
    const PACE: Pace = Pace { next: NEXT, all: ALL, least: 50 };

    fn piece(text: &'static str) -> Result<Bytes, PayloadError> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    async fn read(
        body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + 'static,
    ) -> (Vec<Result<Bytes, PayloadError>>, Duration) {
        let begin = Instant::now();
        (timed(body, PACE).collect().await, begin.elapsed())
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

    /// Pieces of one byte, for ever.
    fn trickle(every: Duration) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        Box::pin(stream::unfold((), move |()| async move {
            tokio::time::sleep(every).await;
            Some((piece("a"), ()))
        }))
    }

    #[actix_web::test]
    async fn a_body_that_trickles_is_cut_off_at_its_rate_or_in_the_end() {
        let (pieces, took) = read(trickle(NEXT / 2)).await;
        assert!(pieces.last().is_some_and(|last| too_slow(last.as_ref().unwrap_err()).is_some()));
        assert!(took >= NEXT && took < ALL, "{took:?}");
        let (pieces, took) = read(trickle(NEXT / 8)).await;
        assert!(pieces.last().is_some_and(Result::is_err));
        assert!(took >= ALL, "{took:?}");
    }
}
