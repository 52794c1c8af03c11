//! The wire format: both codecs, and one example of everything.

/// Any value of any wire type.
mod any;
/// The codecs are equal.
mod codecs;
/// The examples of the document.
mod golden;
/// Every wire type with its members.
mod types;
