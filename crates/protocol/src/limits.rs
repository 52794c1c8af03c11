//! Limits that clients and server share. Counted in Unicode scalar values after normalisation unless said
//! otherwise.

/// Longest message, note or offline message.
pub const MESSAGE_CHARS: usize = 8_000;
/// Longest name of a visitor, agent, site, tenant or department.
pub const NAME_CHARS: usize = 80;
/// Longest e-mail address in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_BYTES: usize = 254;
/// Longest rating comment.
pub const RATING_COMMENT_CHARS: usize = 1_000;
/// Longest typing preview; more is cut, not refused.
pub const PREVIEW_CHARS: usize = 500;
/// Longest page address or referrer; more is cut, not refused.
pub const URL_CHARS: usize = 1_000;
/// Longest page title; more is cut, not refused.
pub const TITLE_CHARS: usize = 200;
/// Longest file name.
pub const FILE_NAME_CHARS: usize = 200;
/// Largest attachment in bytes (10 MiB).
pub const ATTACHMENT_BYTES: u64 = 10 * 1024 * 1024;
/// Largest command frame in bytes: the longest message with every character escaped fits.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Most entries in one `entries` event; longer gaps come as several (C5).
pub const ENTRIES_PAGE: u32 = 300;
/// Most conversations a client may resume in one `hello`.
pub const RESUME_CONVERSATIONS: usize = 200;
/// Most commands in one `POST /v1/commands`.
pub const COMMANDS_PER_POST: usize = 32;
/// How long a long-poll is held, in milliseconds (C11).
pub const POLL_HOLD_MS: u64 = 25_000;
/// How often the server pings an idle WebSocket, in milliseconds (C10).
pub const PING_EVERY_MS: u64 = 25_000;
/// How long the server waits for the answer to a ping, in milliseconds (C10).
pub const PONG_WITHIN_MS: u64 = 8_000;
/// Silence after which a client treats its connection as dead, in milliseconds (C10).
pub const SILENCE_MS: u64 = 35_000;
/// How long an unauthenticated socket may stay open, in milliseconds (J4).
pub const HELLO_WITHIN_MS: u64 = 5_000;
/// How often a client that types says so, and how often at most, in milliseconds.
pub const TYPING_EVERY_MS: u64 = 3_000;
/// How often an agent's client says at most that the agent is at work, in milliseconds.
pub const ACTIVE_EVERY_MS: u64 = 4_000;
/// How long a typing notice is shown without another, in milliseconds.
pub const TYPING_SHOWN_MS: u64 = 6_000;
/// An unsent message older than this waits for a tap instead of being sent by itself, in milliseconds (C17).
pub const OUTBOX_FRESH_MS: u64 = 24 * 60 * 60 * 1000;
