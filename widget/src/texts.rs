//! Every text of the widget. The words themselves are not here: each language is a file of its own, of which a
//! visitor loads one. Here a text is a mark, which the page replaces by the words when it shows them.

use alloc::string::String;

use protocol::codec::write_int;

use crate::page::escape;

/// One text of the tables, or one piece of markup; see `pack.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(char);

impl Key {
    /// Appends the mark that stands for it in markup.
    pub fn put(self, out: &mut String) {
        out.push('\u{4}');
        out.push(self.0);
    }

    /// The text that stands so many places behind this one in `locales/en.txt`.
    pub fn behind(self, places: u32) -> Self {
        Self(char::from_u32(self.0 as u32 + places).unwrap_or(self.0))
    }

    /// The mark as markup of its own.
    pub fn text(self) -> String {
        let mut out = String::new();
        self.put(&mut out);
        out
    }
}

/// The mark of a piece of markup; only at compile time.
pub(crate) const fn mark(markup: &str) -> Key {
    let mut at = 0;
    while at < PIECES.len() {
        let (piece, key) = PIECES[at];
        if same(piece.as_bytes(), markup.as_bytes()) {
            return key;
        }
        at += 1;
    }
    panic!("build.rs did not find this piece of markup");
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

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
        let mut bytes = tag.bytes().map(|byte| byte | 0x20);
        let (first, second) = (bytes.next()?, bytes.next()?);
        // With the bit set above, what is no letter stays none.
        if bytes.next().is_some_and(|next| next.is_ascii_lowercase()) {
            return None;
        }
        match (first, second) {
            (b'e', b'n') => Some(Self::En),
            (b'z', b'h') => Some(Self::ZhCn),
            _ => None,
        }
    }

    /// The tag of the language, for `lang`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }
}

/// The text before and after the first `end`, an ASCII character. The standard library's search costs the
/// widget four kilobytes.
pub fn cut(text: &str, end: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == end)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// How many characters a text has.
pub fn count_chars(text: &str) -> usize {
    // Every character but its first byte is 10xxxxxx in UTF-8.
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

/// The first `most` characters of a text.
pub fn first_chars(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A number as text.
pub fn number(value: u64) -> String {
    let mut text = String::new();
    write_int(&mut text, value.cast_signed());
    text
}

/// A whole number below 2^32 at the start of a text; 0 when there is none.
pub fn number_of(text: &str) -> u32 {
    let digits = text.bytes().map_while(|byte| byte.is_ascii_digit().then_some(u32::from(byte & 15)));
    digits.fold(0, |number, digit| number.wrapping_mul(10).wrapping_add(digit))
}

/// A text with what it fills in, in the order of the English text, as markup.
pub fn fill(key: Key, values: &[&str]) -> String {
    let mut out = key.text();
    for value in values {
        out.push('\u{5}');
        escape(&mut out, value);
    }
    out.push('\u{6}');
    out
}
