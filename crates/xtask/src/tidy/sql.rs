//! SQL stands in the store, and is the same for both databases.

use super::{Finding, Source};
use crate::rust;

/// The only folder with SQL.
const STORE: &str = "backend/src/store/";

/// Words that only one of the two databases knows.
const DIALECT: [&str; 14] = [
    "fts5",
    "tsvector",
    "tsquery",
    "insert or ",
    "replace into",
    " ilike ",
    " glob ",
    "json_extract",
    "jsonb",
    "strftime",
    "datetime(",
    "date_trunc",
    "unixepoch",
    "autoincrement",
];

/// Queries outside the store, and words of one database.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.path.starts_with("backend/src/") && source.extension() == "rs")
        .flat_map(check_file)
        .collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    if source.is_tests() {
        return Vec::new();
    }
    if source.path.starts_with(STORE) {
        return dialect(source);
    }
    let code = rust::code_only(&source.text);
    rust::before_tests(&code)
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("sqlx::query"))
        .map(|(index, _)| {
            let text = format!("a query outside {STORE}: all SQL stands in the store");
            Finding::error(source.at(index + 1), text)
        })
        .collect()
}

fn dialect(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let line = line.to_ascii_lowercase();
        for word in DIALECT.iter().filter(|word| line.contains(**word)) {
            let text = format!("`{}` is SQL of one database", word.trim());
            findings.push(Finding::error(source.at(index + 1), text));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn count(path: &str, text: &str) -> usize {
        check(&[source(path, text)]).len()
    }

    #[test]
    fn queries_stay_in_the_store() {
        let text = "sqlx::query(\"select 1\")";
        assert_eq!(count("backend/src/http/page.rs", text), 1);
        assert_eq!(count("backend/src/store/page.rs", text), 0);
        assert_eq!(count("backend/src/http/page.rs", "// sqlx::query"), 0);
        assert_eq!(count("backend/tests/it/page.rs", text), 0);
    }

    #[test]
    fn one_text_serves_both_databases() {
        assert_eq!(count("backend/src/store/entry.rs", "\"INSERT OR IGNORE into entry\""), 1);
        assert_eq!(count("backend/src/store/entry.rs", "\"insert into entry\""), 0);
    }
}
