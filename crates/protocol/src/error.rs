//! Every error code and every close code, and what the client must do about it.

wire_text! {
    /// Why a command or request was refused. The comment says what the client must do.
    pub enum ErrorCode {
        /// Not JSON, not a command, a missing or mistyped field. Fix the client; do not repeat.
        Malformed = "malformed",
        /// A field breaks a limit or format; `field` and `limit` say which. Ask the person to change it.
        Invalid = "invalid",
        /// The frame, body or file is larger than `limit` bytes. Do not repeat.
        TooLarge = "too_large",
        /// The body came more slowly than `limit` bytes a second, or not at all. Send it again on a better line.
        TooSlow = "too_slow",
        /// Files of this type are not accepted. Do not repeat.
        UnsupportedType = "unsupported_type",
        /// The command needs a `hello` first. Reconnect.
        HelloRequired = "hello_required",
        /// No, an expired or a revoked token or session. Sign in or get a new token, then reconnect.
        Unauthenticated = "unauthenticated",
        /// The role does not allow it. Do not repeat.
        Forbidden = "forbidden",
        /// There is no such thing, or it belongs to somebody else: the answer is the same. Do not repeat.
        NotFound = "not_found",
        /// The conversation has ended.
        ConversationClosed = "conversation_closed",
        /// Somebody else was first: another agent took it, or the offer lapsed. Show the new state.
        Conflict = "conflict",
        /// The state of the conversation does not allow it.
        WrongState = "wrong_state",
        /// Too often. Repeat after `retry_after_ms`.
        RateLimited = "rate_limited",
        /// The queue is full. Offer the offline form.
        QueueFull = "queue_full",
        /// The tenant is suspended. Show "unavailable".
        TenantSuspended = "tenant_suspended",
        /// Storage is failing or the server is stopping. Keep it in the outbox and repeat after `retry_after_ms`.
        Unavailable = "unavailable",
    }
}

impl ErrorCode {
    /// Whether the same command may succeed when repeated later without change.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::HelloRequired | Self::Unauthenticated)
    }
}

/// What a client must do after a connection closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterClose {
    /// Connect again with back-off.
    Reconnect,
    /// Get a new token (visitor) or ask to sign in (agent), then connect again.
    Reauthenticate,
    /// Stop and say why.
    Stop,
}

/// WebSocket close codes the server sends (RFC 6455, section 7.4). Codes 4000-4099 mean reconnect,
/// 4400-4499 re-authenticate or stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000: the client asked.
    Normal = 1000,
    /// 1002: the client broke RFC 6455.
    ProtocolError = 1002,
    /// 1007: a text frame is not UTF-8.
    NotUtf8 = 1007,
    /// 1008: binary frames and other things the protocol has no use for.
    Policy = 1008,
    /// 1009: a frame is larger than [`crate::limits::FRAME_BYTES`].
    TooBig = 1009,
    /// 1011: the server failed.
    Internal = 1011,
    /// 1012: the server restarts.
    Restart = 1012,
    /// 4008: the client read too slowly; everything it missed is sent again on resume.
    Slow = 4008,
    /// 4009: no answer to a ping.
    Silent = 4009,
    /// 4029: the client sent far more than allowed.
    Flood = 4029,
    /// 4400: the first frame was not a valid `hello` in time.
    HelloExpected = 4400,
    /// 4401: the token or session is missing, expired or revoked.
    Unauthenticated = 4401,
    /// 4403: suspended, banned or disabled.
    Forbidden = 4403,
    /// 4410: this client is too old for the server; reload the page.
    TooOld = 4410,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
        Self::Normal,
        Self::ProtocolError,
        Self::NotUtf8,
        Self::Policy,
        Self::TooBig,
        Self::Internal,
        Self::Restart,
        Self::Slow,
        Self::Silent,
        Self::Flood,
        Self::HelloExpected,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::TooOld,
    ];

    /// The number on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// What a client must do after a connection closed with `code`. An unknown code and a connection that
    /// broke without one (1006) mean reconnect.
    pub const fn after(code: u16) -> AfterClose {
        match code {
            4401 => AfterClose::Reauthenticate,
            4400 | 4402..=4499 => AfterClose::Stop,
            _ => AfterClose::Reconnect,
        }
    }
}
