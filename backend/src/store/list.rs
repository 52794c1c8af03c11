//! Statements about many rows at once. Each takes its rows as one list of values, `batch`. Lists have few lengths, so
//! that a statement is prepared once and found again; what is left of a list is filled with nulls, which match
//! nothing.

use std::iter;
use std::sync::LazyLock;

use super::Conn;

/// How many lengths a list may have.
pub(super) const LENGTHS: usize = 9;
/// Lengths of lists.
const SIZES: [usize; LENGTHS] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/// Longest list.
pub(super) const MOST: usize = SIZES[SIZES.len() - 1];

/// One statement, for each length of its list.
pub(super) struct Texts {
    /// Values are plain `?`: SQLite looks every numbered one up in a list, which would cost the square of their
    /// number.
    sqlite: [String; LENGTHS],
    /// Values are `$1`, `$2` and so on.
    postgres: [String; LENGTHS],
}

/// A statement that is put together when it is first needed.
pub(super) type Statement = LazyLock<Texts>;

impl Texts {
    /// The text for SQLite of the length with this index.
    pub(super) fn sqlite(&self, index: usize) -> &str {
        self.sqlite.get(index).map_or("", String::as_str)
    }
}

/// Which length a list of so many is filled up to. Lists are at most as long as the longest.
pub(super) fn index(length: usize) -> usize {
    SIZES.iter().position(|size| *size >= length).unwrap_or(SIZES.len() - 1)
}

/// The list as it is bound, filled up to the length with this index.
pub(super) fn filled<T>(list: &[T], index: usize) -> impl Iterator<Item = Option<&T>> {
    list.iter().map(Some).chain(iter::repeat(None)).take(SIZES.get(index).copied().unwrap_or(MOST))
}

/// The statement for a list of this length, and the list as it is bound.
pub(super) fn prepared<'a, T>(
    conn: &Conn,
    statement: &'static Statement,
    list: &'a [T],
) -> (&'static str, impl Iterator<Item = Option<&'a T>> + use<'a, T>) {
    let index = index(list.len());
    let texts = match conn {
        Conn::Sqlite(_) => &statement.sqlite,
        Conn::Postgres(_) => &statement.postgres,
    };
    (texts[index].as_str(), filled(list, index))
}

/// `rest` with a list `batch` of these columns; on PostgreSQL it ends in `locks`.
pub(super) fn texts(columns: &str, rest: &str, locks: &str) -> Texts {
    let width = columns.split(", ").count();
    let with = |size: usize, value: &dyn Fn(usize) -> String, end: &str| {
        let row = |row: usize| {
            let values: Vec<_> = (1..=width).map(|column| value(row * width + column)).collect();
            format!("({})", values.join(", "))
        };
        let list: Vec<_> = (0..size).map(row).collect();
        format!("with batch ({columns}) as (values {}) {rest}{end}", list.join(", "))
    };
    Texts {
        sqlite: SIZES.map(|size| with(size, &|_| "?".to_owned(), "")),
        postgres: SIZES.map(|size| with(size, &|number| format!("${number}"), locks)),
    }
}
