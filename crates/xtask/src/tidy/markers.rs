//! Nothing is left for later.

use super::{Finding, Source};

/// The words, in two halves so that this file passes.
const WORDS: [(&str, &str); 5] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("to", "do!("), ("unimplemen", "ted!(")];

/// Lines with a word that puts work off.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            for (first, second) in WORDS {
                let word = format!("{first}{second}");
                if stands_alone(line, &word) {
                    let text = format!("`{word}`: finish it, or file an issue");
                    findings.push(Finding::error(source.at(index + 1), text));
                }
            }
        }
    }
    findings
}

fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let letter = |c: char| c.is_alphanumeric() || c == '_';
        let before = line.get(..at).unwrap_or("");
        let after = line.get(at + word.len()..).unwrap_or("");
        !before.ends_with(letter) && (word.ends_with('(') || !after.starts_with(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn words_count_only_alone() {
        let later = format!("// {}{}: later", "TO", "DO");
        let panic = format!("{}{}\"x\")", "to", "do!(");
        let text = format!("a\n{later}\n{panic}\nAUTODOC XXXL\n");
        let places: Vec<String> = check(&[source("a.rs", &text)]).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["a.rs:2", "a.rs:3"]);
    }
}
