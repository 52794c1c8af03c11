//! The texts of the console in the reader's language.

use std::collections::HashMap;

/// A language the console speaks completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Locale {
    /// Every language, in the order of the menu.
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The best language for a BCP 47 tag: every Chinese is answered in Chinese, all else in English.
    pub fn for_tag(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("zh")) { Self::ZhCn } else { Self::En }
    }

    fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../locales/en.txt"),
            Self::ZhCn => include_str!("../locales/zh-CN.txt"),
        }
    }
}

/// The message table of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    locale: Locale,
    table: HashMap<&'static str, &'static str>,
}

impl Texts {
    /// Reads the table of a language.
    pub fn new(locale: Locale) -> Self {
        let table = locale
            .source()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(key, text)| (key.trim(), text.trim()))
            .collect();
        Self { locale, table }
    }

    /// The language.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// The text of a key; the key itself when there is none, so that a slip is seen and not silent.
    pub fn get<'a>(&self, key: &'a str) -> &'a str {
        self.table.get(key).copied().unwrap_or(key)
    }

    /// The text of a key, if it has one.
    pub fn find(&self, key: &str) -> Option<&'static str> {
        self.table.get(key).copied()
    }

    /// The text of a key with every `{name}` replaced.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.get(key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// The text for a number: key `.one` for 1, else `.other`, with `{n}` replaced.
    pub fn count(&self, key: &str, n: u64) -> String {
        let form = if n == 1 { "one" } else { "other" };
        self.fill(&format!("{key}.{form}"), &[("n", &n.to_string())])
    }

    /// The same with every `{name}` replaced as well.
    pub fn count_fill(&self, key: &str, n: u64, values: &[(&str, &str)]) -> String {
        let mut text = self.count(key, n);
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// A span of time in the two largest units at most, such as `4 min` or `2 h`.
    pub fn span(&self, ms: i64) -> String {
        let seconds = ms.max(0) / 1000;
        let (key, n) = match seconds {
            0..60 => ("span.seconds", seconds),
            60..3_600 => ("span.minutes", seconds / 60),
            3_600..86_400 => ("span.hours", seconds / 3_600),
            _ => ("span.days", seconds / 86_400),
        };
        self.fill(key, &[("n", &n.to_string())])
    }

    /// A running wait to the second, `m:ss` under an hour, then as [`Texts::span`].
    pub fn wait(&self, ms: i64) -> String {
        let seconds = ms.max(0) / 1000;
        if seconds < 3_600 { format!("{}:{:02}", seconds / 60, seconds % 60) } else { self.span(ms) }
    }

    /// A size in bytes for people.
    pub fn size(&self, bytes: u64) -> String {
        let (key, value) = if bytes < 1_000 {
            ("size.b", bytes.to_string())
        } else if bytes < 1_000_000 {
            ("size.kb", (bytes / 1_000).to_string())
        } else {
            ("size.mb", format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000))
        };
        self.fill(key, &[("n", &value)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_placeholders() {
        let en = Texts::new(Locale::En);
        let zh = Texts::new(Locale::ZhCn);
        for (key, text) in &en.table {
            let other = zh.find(key).unwrap_or_else(|| panic!("zh-CN lacks {key}"));
            let holes = |text: &str| {
                let mut names: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
                    .collect();
                names.sort();
                names
            };
            assert_eq!(holes(text), holes(other), "placeholders of {key}");
        }
        assert_eq!(en.table.len(), zh.table.len());
    }

    #[test]
    fn every_refusal_has_a_text() {
        let en = Texts::new(Locale::En);
        for code in protocol::error::ErrorCode::ALL {
            let key = format!("refused.{}", code.as_str());
            assert!(en.find(&key).is_some(), "{key}");
        }
    }

    /// Every key a source file names in a call exists, and every key of the table is named somewhere.
    #[test]
    fn keys_in_the_sources_and_in_the_table_agree() {
        let en = Texts::new(Locale::En);
        let mut sources = String::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    sources.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for call in [".get(\"", ".fill(\""] {
            for rest in sources.split(call).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                if key.contains('.') && !key.contains('{') && !key.ends_with(".txt") {
                    assert!(en.find(key).is_some(), "no text for {key}");
                }
            }
        }
        for rest in sources.split("count(\"").skip(1) {
            let key = rest.split('"').next().unwrap_or_default();
            assert!(en.find(&format!("{key}.other")).is_some(), "no text for {key}");
        }
        for key in en.table.keys() {
            let stem = key.trim_end_matches(".one").trim_end_matches(".other");
            let family = key.rsplit_once('.').map_or("", |(family, _)| family);
            assert!(
                family.contains('.') && sources.contains(&format!("\"{family}\""))
                    || sources.contains(&format!("\"{stem}\""))
                    || sources.contains(&format!("\"{family}.{{")),
                "{key} is used nowhere"
            );
        }
    }

    #[test]
    fn spans_and_sizes() {
        let en = Texts::new(Locale::En);
        assert_eq!(en.span(59_999), "59 s");
        assert_eq!(en.span(60_000), "1 min");
        assert_eq!(en.span(7_300_000), "2 h");
        assert_eq!(en.span(-5), "0 s");
        assert_eq!(en.wait(65_000), "1:05");
        assert_eq!(en.size(1_540_000), "1.5 MB");
        assert_eq!(en.count("people.load", 1), en.fill("people.load.one", &[("n", "1")]));
    }
}
