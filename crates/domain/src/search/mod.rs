//! Full-text search: words of a text, queries, sets of documents. Index and query go through the same words, so
//! whatever one folds away the other does not ask for.
//!
//! Alphabetic scripts are indexed by words, Chinese, Japanese, Korean and the scripts of South-East Asia, which do not
//! put spaces between words, by overlapping pairs of characters. Everything is folded: compatibility forms (NFKC),
//! case, accents.

/// Sets of documents as they are stored.
mod docs;
/// What people look for.
mod query;
/// What an entry is found by.
mod said;
/// The part of a text that is shown.
mod snippet;
#[cfg(test)]
mod tests;
/// Words of a text.
mod words;

pub use docs::{BLOCK, Docs};
pub use query::{Found, MAX_QUERY_CHARS, MAX_TERMS, Query, Term};
pub use said::{KINDS, said};
pub use snippet::{Piece, snippet};
pub use words::{MAX_TERM_BYTES, terms};
