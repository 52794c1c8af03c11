//! Every text of server-rendered pages and mails, in every complete language. The tables are
//! `backend/locales/LANGUAGE/*.txt`: lines of `key = text`, `{name}` stands for a value.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The texts of one language.
pub struct Texts {
    locale: &'static str,
    by_key: HashMap<&'static str, &'static str>,
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| {
    Texts::read(
        "en",
        &[
            include_str!("../locales/en/web.txt"),
            include_str!("../locales/en/mail.txt"),
            include_str!("../locales/en/admin.txt"),
            include_str!("../locales/en/routing.txt"),
            include_str!("../locales/en/chat.txt"),
            include_str!("../locales/en/doctor.txt"),
            include_str!("../locales/en/board.txt"),
        ],
    )
});

static CHINESE: LazyLock<Texts> = LazyLock::new(|| {
    Texts::read(
        "zh-CN",
        &[
            include_str!("../locales/zh-CN/web.txt"),
            include_str!("../locales/zh-CN/mail.txt"),
            include_str!("../locales/zh-CN/admin.txt"),
            include_str!("../locales/zh-CN/routing.txt"),
            include_str!("../locales/zh-CN/chat.txt"),
            include_str!("../locales/zh-CN/doctor.txt"),
            include_str!("../locales/zh-CN/board.txt"),
        ],
    )
});

/// The texts in the best complete language for a language tag.
pub fn texts(locale: &str) -> &'static Texts {
    match domain::locale::complete(locale) {
        Some("zh-CN") => &CHINESE,
        _ => &ENGLISH,
    }
}

/// The texts in the language an `Accept-Language` header asks for.
pub fn negotiated(accept_language: &str) -> &'static Texts {
    texts(domain::locale::best(accept_language, None))
}

impl Texts {
    fn read(locale: &'static str, tables: &[&'static str]) -> Self {
        let lines = tables.iter().flat_map(|table| table.lines());
        let by_key = lines
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "))
            .map(|(key, text)| (key.trim(), text.trim()))
            .collect();
        Self { locale, by_key }
    }

    /// The language (BCP 47).
    pub fn locale(&self) -> &'static str {
        self.locale
    }

    /// The text with this key: in English when this language lacks it, the key itself when there is none.
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        let own = self.by_key.get(key).or_else(|| ENGLISH.by_key.get(key));
        own.copied().unwrap_or(key)
    }

    /// The text with this key, in English when this language lacks it; `None` when there is none.
    pub fn find(&self, key: &str) -> Option<&'static str> {
        self.by_key.get(key).or_else(|| ENGLISH.by_key.get(key)).copied()
    }

    /// The text with this key and its `{name}`s filled. A value is text, whatever it contains: braces in it
    /// are not looked at.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut rest = self.get(key);
        let mut out = String::with_capacity(rest.len() + 32);
        while let Some(start) = rest.find('{') {
            let (before, after) = rest.split_at(start);
            out.push_str(before);
            rest = after;
            let Some(end) = after.find('}') else { break };
            let name = after.get(1..end).unwrap_or_default();
            let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            out.push_str(value.or(after.get(..=end)).unwrap_or_default());
            rest = after.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }

    /// The text for a number of things: key `KEY.one` for 1, `KEY.other` else; `{n}` is the number.
    pub fn count(&self, key: &str, n: i64) -> String {
        let form = if n == 1 { "one" } else { "other" };
        let key: Cow<'_, str> = Cow::Owned(format!("{key}.{form}"));
        self.fill(&key, &[("n", &n.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_values() {
        for (key, english) in &ENGLISH.by_key {
            let chinese = CHINESE.by_key.get(key).unwrap_or_else(|| panic!("zh-CN lacks {key}"));
            assert!(!english.is_empty() && !chinese.is_empty(), "{key} is empty");
            assert_eq!(names(english), names(chinese), "{key}");
        }
        assert_eq!(ENGLISH.by_key.len(), CHINESE.by_key.len(), "zh-CN has keys that en lacks");
    }

    #[test]
    fn every_line_is_a_text_and_no_key_stands_twice() {
        for table in [
            include_str!("../locales/en/web.txt"),
            include_str!("../locales/en/mail.txt"),
            include_str!("../locales/en/admin.txt"),
            include_str!("../locales/en/routing.txt"),
            include_str!("../locales/en/chat.txt"),
            include_str!("../locales/en/doctor.txt"),
            include_str!("../locales/en/board.txt"),
            include_str!("../locales/zh-CN/web.txt"),
            include_str!("../locales/zh-CN/mail.txt"),
            include_str!("../locales/zh-CN/admin.txt"),
            include_str!("../locales/zh-CN/routing.txt"),
            include_str!("../locales/zh-CN/chat.txt"),
            include_str!("../locales/zh-CN/doctor.txt"),
            include_str!("../locales/zh-CN/board.txt"),
        ] {
            let mut seen = BTreeSet::new();
            for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                let (key, _) = line.split_once(" = ").unwrap_or_else(|| panic!("not `key = text`: {line}"));
                assert!(seen.insert(key), "{key} stands twice");
            }
        }
    }

    #[test]
    fn values_are_filled_once() {
        let texts = Texts { locale: "en", by_key: HashMap::from([("k", "{a} and {b}, {missing} {open")]) };
        assert_eq!(texts.fill("k", &[("a", "{b}"), ("b", "2")]), "{b} and 2, {missing} {open");
        assert_eq!(texts.get("no.such.key"), "no.such.key");
    }

    #[test]
    fn the_language_is_negotiated() {
        assert_eq!(negotiated("fr, zh-TW;q=0.8, en;q=0.5").locale(), "zh-CN");
        assert_eq!(negotiated("").locale(), "en");
    }
}
