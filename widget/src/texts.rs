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
        table.split('\n').nth(usize::from(key.0)).unwrap_or("")
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
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
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
