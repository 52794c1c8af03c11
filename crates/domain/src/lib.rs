//! The rules of Frontdesk: what may happen, what it means, and nothing else.
//!
//! Everything here is a pure function of its arguments. There is no clock, no input or output and no
//! randomness: times are Unix milliseconds and ids are made by the caller. That is what lets every rule be
//! tested with any history, and lets two nodes agree.
//!
//! The central type is [`conversation::Conversation`]: `decide` turns a command into changes or a refusal,
//! `apply` folds changes into the projection, and each change knows the log entry it writes.
//! [`routing::route`] decides who gets the next conversation.

/// User agents in words.
pub mod browser;
/// How much an installation of a size needs.
pub mod capacity;
/// The hash chain over the entries of a conversation.
pub mod chain;
/// The state machine of a conversation.
pub mod conversation;
/// How departments help each other.
pub mod department;
/// Lengths of time as people type them.
pub mod duration;
/// Kinds and audiences of log entries.
pub mod entry;
/// Business hours.
pub mod hours;
/// Choosing among the languages whose texts are complete.
pub mod locale;
/// Who may do what: one table.
pub mod permission;
/// The settings that decide about queue and routing.
pub mod policy;
/// The order of the queue, places in it, estimates, availability.
pub mod queue;
/// Token buckets.
pub mod rate_limit;
/// What would have happened with other people or settings.
pub mod replay;
/// Who gets the next conversation.
pub mod routing;
/// Full-text search: words, queries, sets of documents.
pub mod search;
/// How many agents a load needs.
pub mod staffing;
/// Texts that people and merchants enter, parsed into types that cannot hold a bad value.
pub mod text;
/// The export format of a conversation and its verification.
pub mod transcript;
