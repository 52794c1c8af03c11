//! Polls and commands on connections that were used for something else before. Nearly all come by the door,
//! which holds a poll in a third of the memory; these are answered and then asked to come by the door as well.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use protocol::error::ErrorCode;
use tokio::time::timeout;

use super::{Answer, Asked, admit, answer, credentials};
use crate::error::{AppError, AppResult, Refusal};
use crate::realtime::Realtime;
use crate::realtime::caller::Head;
use crate::realtime::decode::malformed;

/// A body has to be complete after this long.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// `POST /v1/poll`.
///
/// # Errors
/// As [`answer`]; a client that is too old for this server gets 410.
pub async fn poll(
    request: HttpRequest,
    payload: web::Payload,
    realtime: web::Data<Realtime>,
) -> Result<HttpResponse, AppError> {
    handle(Asked::News, request, payload, &realtime).await
}

/// `POST /v1/commands`.
///
/// # Errors
/// As [`answer`].
pub async fn commands(
    request: HttpRequest,
    payload: web::Payload,
    realtime: web::Data<Realtime>,
) -> Result<HttpResponse, AppError> {
    handle(Asked::Commands, request, payload, &realtime).await
}

async fn handle(
    asked: Asked,
    request: HttpRequest,
    payload: web::Payload,
    realtime: &Realtime,
) -> Result<HttpResponse, AppError> {
    let credentials = credentials(realtime, Head::from(&request))?;
    let body = Box::pin(read_body(payload, asked.limit())).await?;
    drop(request);
    let admitted = Box::pin(admit(realtime, asked, credentials, body)).await?;
    match answer(realtime, admitted).await? {
        Answer::TooOld => Ok(HttpResponse::Gone().force_close().finish()),
        Answer::Events(reply) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_TYPE, "application/json"))
            .force_close()
            .body(reply.pieces().collect::<String>())),
    }
}

/// Reads a body as text, within a size and a time.
async fn read_body(mut payload: web::Payload, limit: usize) -> AppResult<String> {
    let reading = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| malformed("body", "the body broke off"))?;
            if body.len() + chunk.len() > limit {
                let refusal = Refusal::new(ErrorCode::TooLarge, "the body is too large");
                return Err(Refusal { limit: Some(limit as u64), ..refusal });
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| malformed("body", "not UTF-8"))
    };
    let slow = |_| Refusal::field("body", ErrorCode::TooSlow, "the body came too slowly");
    Ok(timeout(BODY_WITHIN, reading).await.map_err(slow)??)
}
