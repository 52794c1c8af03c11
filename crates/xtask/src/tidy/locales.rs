//! Every text exists in every language.
//!
//! A message table is a file `locales/LOCALE.txt`, or `locales/LOCALE/PART.txt`
//! where there are several, with lines `key = text` (`.toml` is read as well).
//! All languages have the same parts and the same keys in them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

/// The tables of one part of one `locales` folder, by language.
type Tables<'a> = BTreeMap<&'a str, &'a Source>;

/// Keys and tables that some language lacks, and keys that stand twice.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut parts: BTreeMap<(&str, &str), Tables<'_>> = BTreeMap::new();
    let mut languages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        if let Some((folder, language, part)) = table(&source.path) {
            parts.entry((folder, part)).or_default().insert(language, source);
            languages.entry(folder).or_default().insert(language);
        }
    }
    let mut findings = Vec::new();
    for ((folder, part), tables) in &parts {
        let all = languages.get(folder).into_iter().flatten();
        for language in all.filter(|language| !tables.contains_key(*language)) {
            let place = format!("{folder}/{language}/{part}");
            let text = "the table is missing; another language has it";
            findings.push(Finding::error(place, text));
        }
        findings.extend(compare(tables));
        findings.extend(placeholders(tables));
    }
    findings
}

/// The `locales` folder, the language and the part of a table's path.
fn table(path: &str) -> Option<(&str, &str, &str)> {
    let at = path.find("locales/")?;
    let (folder, rest) = path.split_at_checked(at + "locales".len())?;
    let rest = rest.strip_prefix('/')?;
    let (stem, extension) = rest.rsplit_once('.')?;
    if !matches!(extension, "txt" | "toml") {
        return None;
    }
    match stem.split_once('/') {
        Some((language, part)) => Some((folder, language, part)),
        None => Some((folder, stem, "")),
    }
}

fn compare(tables: &Tables<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut all = BTreeSet::new();
    for table in tables.values() {
        let mut own = BTreeSet::new();
        for (line, key) in keys(&table.text) {
            if !own.insert(key) {
                let text = format!("the key `{key}` stands twice");
                findings.push(Finding::error(table.at(line), text));
            }
        }
        all.extend(own);
    }
    for table in tables.values() {
        let own: BTreeSet<&str> = keys(&table.text).map(|(_, key)| key).collect();
        for key in all.difference(&own) {
            let text = format!("the key `{key}` is missing; another language has it");
            findings.push(Finding::error(table.path.clone(), text));
        }
    }
    findings
}

/// Texts whose placeholders, as `{name}`, differ from those of another language.
fn placeholders(tables: &Tables<'_>) -> Vec<Finding> {
    let mut first: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    for table in tables.values() {
        for (line, key, text) in entries(&table.text) {
            let own = names_in(text);
            let wanted = first.entry(key).or_insert_with(|| own.clone());
            if *wanted != own {
                let text = format!("`{key}` fills in {own:?}, in another language {wanted:?}");
                findings.push(Finding::error(table.at(line), text));
            }
        }
    }
    findings
}

/// The names between braces.
fn names_in(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// The keys of a table with their lines.
fn keys(text: &str) -> impl Iterator<Item = (usize, &str)> {
    entries(text).map(|(line, key, _)| (line, key))
}

/// Line, key and text of each entry. Lines that start with `#` or `[`, and those
/// without `=`, hold none.
fn entries(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim();
        if line.starts_with(['#', '[']) {
            return None;
        }
        let (key, text) = line.split_once('=')?;
        Some((index + 1, key.trim(), text.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn places(sources: &[Source]) -> Vec<String> {
        let findings = check(sources).into_iter();
        findings.map(|finding| finding.place).collect()
    }

    #[test]
    fn a_missing_key_is_found_in_its_folder_only() {
        let sources = [
            source("widget/locales/en.txt", "# c\nsend = Send\nclose = Close\n"),
            source("widget/locales/zh-CN.txt", "send = 发送\nsend = 发\n"),
            source("backend/locales/en.txt", "other = Other\n"),
        ];
        assert_eq!(places(&sources), ["widget/locales/zh-CN.txt:2", "widget/locales/zh-CN.txt"]);
    }

    #[test]
    fn parts_are_compared_with_their_like() {
        let sources = [
            source("backend/locales/en/mail.txt", "a = A\n"),
            source("backend/locales/en/admin.txt", "b = B\n"),
            source("backend/locales/zh-CN/mail.txt", "a = 一\n"),
        ];
        assert_eq!(places(&sources), ["backend/locales/zh-CN/admin"]);
    }

    #[test]
    fn placeholders_agree() {
        let sources = [
            source("widget/locales/en.txt", "wait = {n} of {all}\nhi = Hi {name}\n"),
            source("widget/locales/zh-CN.txt", "wait = {all} {n}\nhi = {nam}\n"),
        ];
        assert_eq!(places(&sources), ["widget/locales/zh-CN.txt:2"]);
    }
}
