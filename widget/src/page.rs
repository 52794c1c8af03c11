//! What the screen should look like, written as markup of a small language that only `platform.js` reads: it makes
//! elements, attributes and text nodes one by one, never `innerHTML`. Markup is made by `m!`; everything else goes
//! through [`escape`], after which it cannot open a tag, end an attribute or stand for a text of ours.
//!
//! `<tag k='key' name='value' flag>` opens an element, `</>` closes it. `k` tells siblings of one tag apart, so that
//! each keeps its place in the page; it must come first. `<svg i='name'>` is a picture and has nothing to close.
//! Pieces of markup and texts of ours are marks: U+0004 and a character; what they fill in follows, U+0005 before each, U+0006 at the end.

use alloc::string::String;

use crate::state::Model;
use crate::texts::{Key, number};

/// Stand for the characters that have a meaning in markup.
pub const ESCAPED: [(char, char); 3] = [('<', '\u{1}'), ('>', '\u{2}'), ('\'', '\u{3}')];

/// Appends any text so that markup cannot come of it. Characters that mean something in markup and nothing in a text
/// are left out.
pub fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        out.push(match c {
            '<' => '\u{1}',
            '>' => '\u{2}',
            '\'' => '\u{3}',
            '\u{1}'..='\u{6}' => continue,
            c => c,
        });
    }
}

/// A piece of markup, known at compile time. Like the texts it is not in this module: the page has it.
macro_rules! m {
    ($($part:expr),+ $(,)?) => { const { $crate::texts::mark(concat!($($part),+)) } };
}
pub(crate) use m;

/// A screen being written.
pub struct Page<'a> {
    /// What it shows.
    pub model: &'a Model,
    /// Now, Unix milliseconds.
    pub now: i64,
    /// What is written so far.
    pub out: String,
}

impl<'a> Page<'a> {
    /// An empty screen.
    pub fn new(model: &'a Model, now: i64) -> Self {
        Self { model, now, out: String::new() }
    }

    /// Writes a piece of markup or a text of ours.
    pub fn put(&mut self, key: Key) {
        key.put(&mut self.out);
    }

    /// Writes any text, or the value of an attribute between its quotes.
    pub fn say(&mut self, text: &str) {
        escape(&mut self.out, text);
    }

    /// Writes a text of ours, with what it fills in.
    pub fn fill(&mut self, key: Key, values: &[&str]) {
        self.words(&crate::texts::fill(key, values));
    }

    /// Writes what [`crate::texts::fill`] made.
    pub fn words(&mut self, words: &str) {
        self.out.push_str(words);
    }

    /// Writes the merchant's own text, or else ours.
    pub fn own(&mut self, own: Option<&str>, key: Key) {
        match own {
            Some(text) => self.say(text),
            None => self.put(key),
        }
    }

    /// Writes a number.
    pub fn number(&mut self, value: u64) {
        self.words(&number(value));
    }

    /// Writes an element that holds a text of ours; `open` is its opening tag.
    pub fn el(&mut self, open: Key, key: Key) {
        self.put(open);
        self.put(key);
        self.end();
    }

    /// Writes an element that holds any text.
    pub fn el_say(&mut self, open: Key, text: &str) {
        self.put(open);
        self.say(text);
        self.end();
    }

    /// Closes an element.
    pub fn end(&mut self) {
        self.put(m!("</>"));
    }
}
