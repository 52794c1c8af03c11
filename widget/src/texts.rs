//! Every text of the widget, in every language.

use alloc::string::String;

use protocol::codec::write_int;

/// One text of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u16);

/// The keys, made from `locales/en.txt`.
pub mod key {
    use super::Key;
    include!(concat!(env!("OUT_DIR"), "/texts.rs"));

    /// The key with this number, below [`COUNT`].
    pub fn at(number: u16) -> Key {
        Key(number)
    }
}

/// A language whose table is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// English.
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Locale {
    /// The language of a BCP 47 tag, if its table is complete.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let starts = |with: &[u8]| {
            tag.as_bytes().get(..2).is_some_and(|start| start.eq_ignore_ascii_case(with))
                && tag.as_bytes().get(2).is_none_or(|next| !next.is_ascii_alphabetic())
        };
        if starts(b"en") {
            Some(Self::En)
        } else if starts(b"zh") {
            Some(Self::ZhCn)
        } else {
            None
        }
    }

    /// The tag of the language, for `lang`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// A text as it stands in the table.
    pub fn text(self, key: Key) -> &'static str {
        let table = match self {
            Self::En => key::EN,
            Self::ZhCn => key::ZH_CN,
        };
        line(table, b'\n', usize::from(key.0))
    }

    /// A text with one `{word}` filled in.
    pub fn fill(self, key: Key, word: &str, value: &str) -> String {
        fill(self.text(key), word, value)
    }

    /// A text with one `{word}` filled in by a number.
    pub fn count(self, key: Key, word: &str, value: u64) -> String {
        self.fill(key, word, &number(value))
    }
}

/// The text before and after the first `end`, an ASCII character. The standard library's search costs the
/// widget four kilobytes.
pub fn cut(text: &str, end: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == end)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The part of `text` with this number, counted from 0, between `separator`s.
pub fn line(text: &str, separator: u8, number: usize) -> &str {
    let mut rest = text;
    for _ in 0..number {
        rest = cut(rest, separator).map_or("", |(_, after)| after);
    }
    cut(rest, separator).map_or(rest, |(before, _)| before)
}

/// How many characters a text has.
pub fn count_chars(text: &str) -> usize {
    // Every character but its first byte is 10xxxxxx in UTF-8.
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

/// A number as text.
pub fn number(value: u64) -> String {
    let mut text = String::new();
    write_int(&mut text, i64::try_from(value).unwrap_or(i64::MAX));
    text
}

/// Replaces the first `{word}` of a text.
pub fn fill(text: &str, word: &str, value: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = cut(rest, b'{') {
        out.push_str(before);
        match cut(after, b'}') {
            Some((name, behind)) if name == word => {
                out.push_str(value);
                rest = behind;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
