//! The one error type of actions and handlers.
//!
//! Library code returns typed errors; an action turns what a person or client did wrong into a [`Refusal`]
//! and lets everything else through as [`AppError::Storage`] or [`AppError::Internal`]. An error is logged
//! once, where it is answered, and its text never reaches a client.

use domain::text::TextError;
use protocol::error::ErrorCode;

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
    Storage(#[from] sqlx::Error),
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
