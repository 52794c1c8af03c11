//! Statements about many rows at once on SQLite. Each takes its rows as one list of values, `batch`. Lists have few
//! lengths, so that a statement is prepared once and found again; what is left of a list is filled with nulls, which
//! match nothing. PostgreSQL takes an array for each column instead (`append/arrays.rs`).

use std::iter;
use std::sync::LazyLock;

/// How many lengths a list may have.
pub(super) const LENGTHS: usize = 9;
/// Lengths of lists.
const SIZES: [usize; LENGTHS] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Longest list.
pub(super) const MOST: usize = SIZES[SIZES.len() - 1];

/// One statement, for each length of its list. It is put together when it is first needed.
pub(super) type Statement = LazyLock<[String; LENGTHS]>;

/// Which length a list of so many is filled up to. Lists are at most as long as the longest.
pub(super) fn index(length: usize) -> usize {
    SIZES.iter().position(|size| *size >= length).unwrap_or(SIZES.len() - 1)
}

/// The list as it is bound, filled up to the length with this index.
pub(super) fn filled<T>(list: &[T], index: usize) -> impl Iterator<Item = Option<&T>> {
    list.iter().map(Some).chain(iter::repeat(None)).take(SIZES.get(index).copied().unwrap_or(MOST))
}

/// `rest` with a list `batch` of these columns. Values are plain `?`: SQLite looks every numbered one up in a list, which
/// would cost the square of their number.
pub(super) fn texts(columns: &str, rest: &str) -> [String; LENGTHS] {
    let row = vec!["?"; columns.split(", ").count()].join(", ");
    SIZES.map(|size| {
        let list = vec![format!("({row})"); size].join(", ");
        format!("with batch ({columns}) as (values {list}) {rest}")
    })
}
