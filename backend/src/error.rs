//! The one error type of actions and handlers.
//!
//! Library code returns typed errors; an action turns what a person or client did wrong into a [`Refusal`]
//! and lets everything else through as [`AppError::Storage`] or [`AppError::Internal`]. An error is logged
//! once, where it is answered, and its text never reaches a client.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use domain::text::TextError;
use protocol::codec::to_json;
use protocol::error::ErrorCode;
use protocol::frame::Problem;

use crate::metrics::metrics;

/// What a rule refused. Everything in it may be shown to the person who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule.
    pub code: ErrorCode,
    /// English, for logs and developers.
    pub message: String,
    /// The field at fault.
    pub field: Option<&'static str>,
    /// The limit it broke.
    pub limit: Option<u64>,
    /// Try again after this many milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal without field or limit.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, limit: None, retry_after_ms: None }
    }

    /// A refusal of one field.
    pub fn field(field: &'static str, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(code, message) }
    }

    /// Too often: try again later.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(ErrorCode::RateLimited, "too many requests") }
    }
}

/// Why an action did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A rule refused it; nothing was written.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The database failed; nothing was acknowledged (C14).
    #[error("storage: {0}")]
    Storage(#[source] sqlx::Error),
    /// Anything else that is not the client's fault.
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

/// The result of an action.
pub type AppResult<T> = Result<T, AppError>;

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        metrics().store_errors.increment(1);
        Self::Storage(error)
    }
}

impl AppError {
    /// The same answer for what does not exist and for what belongs to somebody else (rule T1).
    pub fn not_found(what: &'static str) -> Self {
        Refusal::new(ErrorCode::NotFound, format!("no such {what}")).into()
    }

    /// The role does not allow it.
    pub fn forbidden() -> Self {
        Refusal::new(ErrorCode::Forbidden, "your role does not allow this").into()
    }

    /// Not signed in, or the token is no longer good.
    pub fn unauthenticated() -> Self {
        Refusal::new(ErrorCode::Unauthenticated, "sign in first").into()
    }

    /// For the command line, where causes are shown one after the other: without saying one twice.
    pub fn into_cause(self) -> anyhow::Error {
        match self {
            Self::Internal(error) => error,
            error => error.into(),
        }
    }

    /// What the client is told: the refusal itself, or a retryable `unavailable` without detail.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Storage(_) | Self::Internal(_) => Refusal {
                retry_after_ms: Some(2_000),
                ..Refusal::new(ErrorCode::Unavailable, "temporarily unavailable")
            },
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self.to_refusal().code {
            ErrorCode::Malformed => StatusCode::BAD_REQUEST,
            ErrorCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
            ErrorCode::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::Unauthenticated | ErrorCode::HelloRequired => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden | ErrorCode::TenantSuspended => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::ConversationClosed | ErrorCode::Conflict | ErrorCode::WrongState => StatusCode::CONFLICT,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::QueueFull | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let Refusal { code, message, field, limit, retry_after_ms } = self.to_refusal();
        if !matches!(self, Self::Refused(_)) {
            tracing::error!(error = %self, "a request failed");
        }
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CACHE_CONTROL, "no-store")).insert_header((CONTENT_TYPE, "application/json"));
        if let Some(wait) = retry_after_ms {
            response.insert_header((RETRY_AFTER, wait.div_ceil(1000)));
        }
        let field = field.map(str::to_owned);
        response.body(to_json(&Problem { code, message, field, limit, retry_after_ms }))
    }
}

/// Names the field a text rule failed on.
pub trait OnField<T> {
    /// Turns a text error into a refusal of `field`.
    fn on_field(self, field: &'static str) -> AppResult<T>;
}

impl<T> OnField<T> for Result<T, TextError> {
    fn on_field(self, field: &'static str) -> AppResult<T> {
        self.map_err(|error| {
            let limit = match error {
                TextError::TooLong { limit } => Some(limit),
                TextError::Empty | TextError::Format => None,
            };
            Refusal { limit, ..Refusal::field(field, ErrorCode::Invalid, error.to_string()) }.into()
        })
    }
}
