//! Full-text search: an index of terms, the same on both databases (decision 18).
//!
//! A document is a conversation. Documents of a tenant are numbered; a block of consecutive numbers has, for each term
//! that occurs in it, one row with the set of its documents. A query reads the rows of its terms block by block,
//! from the newest on, until it has enough. Everything is found by equality and order of plain columns, the
//! tenant first, so that on PostgreSQL the wall between tenants stands in front of the index and not in its way.

use domain::search::Term;
use protocol::ids::{AgentId, SiteId};

/// Putting conversations into the index, and taking them out.
mod fill;
/// Finding numbers by terms.
mod find;
/// What is missing in the index.
mod missing;
/// Conversations of the numbers found.
mod pages;

pub use fill::{Change, forget, generation, is_read_back, read_back, store};
pub use find::{lookups, next};
pub use missing::{Coverage, Pending, Seen, coverage, page, pending, take_turn, texts_after};
pub use pages::{Numbered, Said, lines, texts};

/// The number of the first conversation that began after the index did. Earlier ones are numbered downwards.
const MIDDLE: i64 = 1 << 40;
/// Conversations in a block.
const BLOCK: i64 = domain::search::BLOCK as i64;

/// What a conversation is found by besides its words. No text has such terms: they begin with a zero byte.
pub fn site_mark(site: SiteId) -> Vec<u8> {
    mark(b's', site.0.as_bytes())
}

/// See [`site_mark`]: held by this agent, now or earlier.
pub fn agent_mark(agent: AgentId) -> Vec<u8> {
    mark(b'a', agent.0.as_bytes())
}

/// See [`site_mark`]: rated so, now or earlier.
pub fn rating_mark(rating: i64) -> Vec<u8> {
    mark(b'r', &rating.to_be_bytes())
}

fn mark(kind: u8, of: &[u8]) -> Vec<u8> {
    [&[0, kind], of].concat()
}

/// The terms of a query and of what narrows it, those that cost least first.
pub fn wanted(terms: impl IntoIterator<Item = Term>, marks: impl IntoIterator<Item = Vec<u8>>) -> Vec<Term> {
    let mut wanted: Vec<Term> = terms.into_iter().chain(marks.into_iter().map(Term::Exact)).collect();
    wanted.sort_by_key(|term| matches!(term, Term::Prefix(_)));
    wanted
}

/// `($1, $2, ...)` from `first` on.
fn places(first: usize, count: usize) -> String {
    let all: Vec<_> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("({})", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn lists_are_numbered() {
        assert_eq!(places(3, 2), "($3, $4)");
    }
}
