//! What is wrong with an installation, in words: what each check found and what to do about it. The command line and
//! the operators' panel show the same.
//!
//! Whatever reaches people is tried through the public address, because that is where they come from; the rest is
//! looked at where it lies. Nothing is changed: no schema, no file, no setting.

/// A client of bytes.
mod client;
/// What reaches the server through the public address, and how.
mod outside;
/// The proxy before it.
mod proxy;
/// Folder, keys, descriptors.
mod machine;
/// Database and clock.
mod database;
/// Mail.
mod mail;
/// Redis.
mod redis;

use serde::Serialize;

use crate::config::Config;
use crate::i18n::Texts;

/// How a check went. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing to do.
    Ok,
    /// It works, and something should be done.
    Warning,
    /// Something does not work, or is not safe.
    Failed,
}

impl Status {
    /// The word in text and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What one check found. Its texts are `doctor.KEY` and, when there is something to do, `doctor.KEY.do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the check; stable. Its title is `doctor.name.NAME`.
    pub name: &'static str,
    /// How it went.
    pub status: Status,
    key: &'static str,
    values: Vec<(&'static str, String)>,
}

impl Finding {
    fn new(name: &'static str, status: Status, key: &'static str) -> Self {
        Self { name, status, key, values: Vec::new() }
    }

    fn ok(name: &'static str, key: &'static str) -> Self {
        Self::new(name, Status::Ok, key)
    }

    fn warning(name: &'static str, key: &'static str) -> Self {
        Self::new(name, Status::Warning, key)
    }

    fn failed(name: &'static str, key: &'static str) -> Self {
        Self::new(name, Status::Failed, key)
    }

    /// Fills `{name}` in the texts.
    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// What was found.
    pub fn says(&self, texts: &Texts) -> String {
        self.text(texts, &format!("doctor.{}", self.key))
    }

    /// What to do; empty when nothing is to be done.
    pub fn advice(&self, texts: &Texts) -> String {
        let key = format!("doctor.{}.do", self.key);
        texts.find(&key).map(|_| self.text(texts, &key)).unwrap_or_default()
    }

    fn text(&self, texts: &Texts, key: &str) -> String {
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        texts.fill(key, &values)
    }
}

/// How thorough to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// A few seconds.
    Quick,
    /// Also whether an answer that is held as long as a poll comes through: half a minute.
    Whole,
}

/// Looks at everything, the most basic first.
pub async fn examine(config: &Config, depth: Depth) -> Vec<Finding> {
    let mut findings = machine::examine(config);
    let (database, redis, mail, outside) = tokio::join!(
        database::examine(config),
        redis::examine(config),
        mail::examine(config),
        outside::examine(config, depth)
    );
    findings.extend(database);
    findings.extend(redis);
    findings.extend(outside);
    findings.extend(mail);
    findings
}

/// The worst of all.
pub fn worst(findings: &[Finding]) -> Status {
    findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n;

    /// Name and key of every finding, read from the sources.
    fn keys() -> Vec<(String, String)> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor");
        let mut keys = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in ["Finding::ok(", "Finding::warning(", "Finding::failed("] {
                for rest in text.split(call).skip(1) {
                    let words = rest.split(')').next().unwrap().split(',').map(|word| word.trim().trim_matches('"'));
                    let [name, key] = words.collect::<Vec<_>>()[..] else { panic!("{call}{rest}") };
                    keys.push((name.to_owned(), key.to_owned()));
                }
            }
        }
        assert!(keys.len() > 40, "{}", keys.len());
        keys
    }

    #[test]
    fn every_finding_has_its_words_and_every_bad_one_says_what_to_do() {
        for language in ["en", "zh-CN"] {
            let texts = i18n::texts(language);
            for (name, key) in keys() {
                assert!(texts.find(&format!("doctor.name.{name}")).is_some(), "{language}: doctor.name.{name}");
                assert!(texts.find(&format!("doctor.{key}")).is_some(), "{language}: doctor.{key}");
                let good = key.ends_with(".ok") || key.ends_with("_ok");
                assert!(good || texts.find(&format!("doctor.{key}.do")).is_some(), "{language}: doctor.{key}.do");
            }
        }
    }

    #[test]
    fn the_worst_counts() {
        assert_eq!(worst(&[]), Status::Ok);
        let findings = [Finding::ok("a", "x"), Finding::failed("b", "x"), Finding::warning("c", "x")];
        assert_eq!(worst(&findings), Status::Failed);
        assert_eq!(worst(&findings[..1]), Status::Ok);
    }
}
