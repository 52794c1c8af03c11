//! Small files.

use super::{Finding, Source};

/// Lines from which a file is said to be long, and from which it fails.
const LONG: usize = 300;
const TOO_LONG: usize = 500;
/// The limit of files that are all tests.
const TESTS_TOO_LONG: usize = 800;

/// Files over the limits.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| matches!(source.extension(), "rs" | "js" | "css" | "html"))
        .filter_map(check_file)
        .collect()
}

fn check_file(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let tests = source.is_tests();
    let limit = if tests { TESTS_TOO_LONG } else { TOO_LONG };
    if lines > limit {
        let text = format!("{lines} lines, more than {limit}: split it");
        return Some(Finding::error(source.path.clone(), text));
    }
    if lines > LONG && !tests {
        let text = format!("{lines} lines, more than {LONG}: consider splitting it");
        return Some(Finding::warning(source.path.clone(), text));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn verdict(path: &str, lines: usize) -> Option<bool> {
        let text = "x\n".repeat(lines);
        check(&[source(path, &text)]).first().map(|finding| finding.fatal)
    }

    #[test]
    fn limits_are_as_written() {
        assert_eq!(verdict("a/src/b.rs", 300), None);
        assert_eq!(verdict("a/src/b.rs", 301), Some(false));
        assert_eq!(verdict("a/src/b.css", 501), Some(true));
        assert_eq!(verdict("a/tests/it/b.rs", 800), None);
        assert_eq!(verdict("a/src/b/tests.rs", 801), Some(true));
        assert_eq!(verdict("a/src/b.txt", 9000), None);
    }
}
