//! Just enough of Rust's grammar to read paths out of a file.

/// The same text with comments, strings and characters blanked out. Line ends
/// stay, so that positions mean the same in both.
pub(crate) fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let hidden = hidden_length(rest);
        if hidden == 0 {
            // A whole word at a time: the `r` at the end of one starts no raw string.
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = match word {
                Some(0) => first.len_utf8(),
                Some(length) => length,
                None => rest.len(),
            };
            let (kept, left) = rest.split_at(length);
            out.push_str(kept);
            rest = left;
        } else {
            let (gone, left) = rest.split_at(hidden);
            out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = left;
        }
    }
    out
}

/// How many bytes of a comment, string or character `text` starts with.
fn hidden_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return comment_length(text);
    }
    if text.starts_with('\'') {
        return character_length(text);
    }
    let after_b = text.strip_prefix('b').unwrap_or(text);
    let start = text.len() - after_b.len();
    if after_b.starts_with('"') {
        return start + string_length(after_b);
    }
    match after_b.strip_prefix('r') {
        Some(raw) => raw_length(raw).map_or(0, |length| start + 1 + length),
        None => 0,
    }
}

/// Comments nest in Rust.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match rest.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
    }
    text.len()
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// `text` stands after the `r` of a raw string, or of something else.
fn raw_length(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let closing = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(hashes + 1 + closing)
}

/// A character, not a lifetime: `'a'` and `'\n'` but not `'a`.
fn character_length(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            let _escaped = chars.next();
            chars.take(10).find(|(_, c)| *c == '\'').map_or(0, |(index, _)| index + 1)
        }
        Some(_) => match chars.next() {
            Some((index, '\'')) => index + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// The part of a file before its unit tests.
pub(crate) fn before_tests(code: &str) -> &str {
    let tests = code.match_indices("#[cfg(test)]").find(|(at, found)| {
        let after = code.get(at + found.len()..).unwrap_or("");
        after.trim_start().starts_with("mod ")
    });
    tests.map_or(code, |(at, _)| code.get(..at).unwrap_or(code))
}

/// A path found in code: its line from 1, and its names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) line: usize,
    pub(crate) names: Vec<String>,
}

/// Every path in `code` that starts with `crate` or `super`; groups in braces
/// give one path for each of their branches.
pub(crate) fn local_paths(code: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for start in ["crate", "super"] {
        for (at, _) in code.match_indices(start) {
            let before = code.get(..at).unwrap_or("");
            // Neither a part of a word nor in the middle of another path.
            if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let mut paths = Vec::new();
            branches(code.get(at..).unwrap_or(""), &mut Vec::new(), &mut paths);
            found.extend(
                paths
                    .into_iter()
                    .filter(|names| names.len() > 1 && names.first().is_some_and(|name| name == start))
                    .map(|names| Found { line, names }),
            );
        }
    }
    found.sort_by_key(|path| path.line);
    found
}

/// Reads one path from `text` and returns what follows it.
fn branches<'a>(text: &'a str, prefix: &mut Vec<String>, out: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut inner) = text.strip_prefix('{') {
        loop {
            inner = branches(inner, &mut prefix.clone(), out).trim_start();
            match inner.strip_prefix(',') {
                Some(next) => inner = next,
                None => return inner.strip_prefix('}').unwrap_or(inner),
            }
            if let Some(after) = inner.trim_start().strip_prefix('}') {
                return after;
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.is_empty() {
        prefix.push(name.to_owned());
    }
    match rest.trim_start().strip_prefix("::") {
        Some(next) if !name.is_empty() => branches(next, prefix, out),
        _ => {
            out.push(prefix.clone());
            skip_alias(rest)
        }
    }
}

/// What follows `as NAME` or `*`.
fn skip_alias(text: &str) -> &str {
    let text = text.trim_start();
    let text = text.strip_prefix('*').unwrap_or(text);
    match text.strip_prefix("as ") {
        Some(alias) => alias.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(code: &str) -> Vec<(usize, String)> {
        local_paths(code).into_iter().map(|found| (found.line, found.names.join("::"))).collect()
    }

    #[test]
    fn comments_and_strings_are_blanked() {
        let source = "a /* b /* c */ d */ e // f\n\"g\\\" h\" r#\"i \" j\"# 'k' '\\'' &'l m b\"n\" for\"o\"";
        let code = code_only(source);
        assert_eq!(code.len(), source.len());
        let words: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(words, ["a", "e", "&'l", "m", "for"]);
    }

    #[test]
    fn paths_and_groups_are_found_with_their_line() {
        let code =
            "use crate::{store::{Store, read::One as Two}, bus};\n\nlet x = crate::app::App::new();\nuse super::x::*;";
        assert_eq!(
            paths(code),
            [
                (1, "crate::store::Store".to_owned()),
                (1, "crate::store::read::One".to_owned()),
                (1, "crate::bus".to_owned()),
                (3, "crate::app::App::new".to_owned()),
                (4, "super::x".to_owned()),
            ]
        );
    }

    #[test]
    fn other_words_are_no_paths() {
        assert!(paths("my_crate::x; pub(crate) fn f() {} supercrate::y").is_empty());
    }

    #[test]
    fn unfinished_code_does_not_hang() {
        for code in ["use crate::{a, {", "crate::", "crate::{", "'", "r#\"", "/*", "'\\"] {
            let _ = paths(&code_only(code));
            let _ = paths(code);
        }
    }

    #[test]
    fn unit_tests_are_cut_off() {
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests { b }"), "a\n");
        assert_eq!(before_tests("#[cfg(test)]\nfn a() {}"), "#[cfg(test)]\nfn a() {}");
    }
}
