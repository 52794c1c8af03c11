//! JSON bodies outside realtime: their limit, and what is said about one that is not what it should be.

use actix_web::error::JsonPayloadError;
use actix_web::web::JsonConfig;
use protocol::error::ErrorCode;

use super::body::too_slow;
use crate::error::{AppError, Refusal};

/// Most bytes of a body.
const BYTES: usize = 16 * 1024;

/// The limit, the content type, and errors as problem documents. Only `application/json` is read: a foreign
/// page cannot send that without asking first.
pub fn config() -> JsonConfig {
    JsonConfig::default().limit(BYTES).error_handler(|error, _| explain(&error).into())
}

fn explain(error: &JsonPayloadError) -> AppError {
    let refusal = match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            Refusal { limit: Some(BYTES as u64), ..Refusal::new(ErrorCode::TooLarge, "the body is too large") }
        }
        JsonPayloadError::ContentType => {
            Refusal::field("content-type", ErrorCode::Malformed, "must be application/json")
        }
        // What the parser says names the member and the place, and nothing of ours.
        JsonPayloadError::Deserialize(error) => Refusal::field("body", ErrorCode::Malformed, error.to_string()),
        JsonPayloadError::Payload(error) => too_slow(error).unwrap_or_else(unreadable),
        _ => unreadable(),
    };
    refusal.into()
}

fn unreadable() -> Refusal {
    Refusal::field("body", ErrorCode::Malformed, "could not be read")
}
