//! Every text exists in every language.
//!
//! A message table is a file `locales/LOCALE.txt` or `.toml` whose lines are
//! `key = text`; all tables of a folder have the same keys.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

/// Keys that some language lacks, and keys that stand twice.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut folders: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources {
        if let Some((folder, _)) = source.path.rsplit_once('/')
            && folder.rsplit('/').next() == Some("locales")
            && matches!(source.extension(), "txt" | "toml")
        {
            folders.entry(folder).or_default().push(source);
        }
    }
    folders.values().flat_map(|tables| compare(tables)).collect()
}

fn compare(tables: &[&Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut all = BTreeSet::new();
    for table in tables {
        let mut own = BTreeSet::new();
        for (line, key) in keys(&table.text) {
            if !own.insert(key) {
                let text = format!("the key `{key}` stands twice");
                findings.push(Finding::error(table.at(line), text));
            }
        }
        all.extend(own);
    }
    for table in tables {
        let own: BTreeSet<&str> = keys(&table.text).map(|(_, key)| key).collect();
        for key in all.difference(&own) {
            let text = format!("the key `{key}` is missing; another language has it");
            findings.push(Finding::error(table.path.clone(), text));
        }
    }
    findings
}

/// The keys of a table with their lines. Lines that start with `#` or `[`, and
/// those without `=`, hold none.
fn keys(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim();
        if line.starts_with(['#', '[']) {
            return None;
        }
        let (key, _) = line.split_once('=')?;
        Some((index + 1, key.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn a_missing_key_is_found_in_its_folder_only() {
        let sources = [
            source("widget/locales/en.txt", "# c\nsend = Send\nclose = Close\n"),
            source("widget/locales/zh-CN.txt", "send = 发送\nsend = 发\n"),
            source("backend/locales/en.txt", "other = Other\n"),
        ];
        let places: Vec<String> = check(&sources).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["widget/locales/zh-CN.txt:2", "widget/locales/zh-CN.txt"]);
    }
}
