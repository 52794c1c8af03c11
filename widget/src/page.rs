//! What the screen should look like, written as markup of a small language that only `browser/dom.rs` reads:
//! it makes elements, attributes and text nodes one by one, never `innerHTML`. Markup is `&'static str`;
//! everything else goes through [`Page::say`] or [`Page::value`], which cannot open a tag or end an attribute.
//!
//! `<tag k='key' name='value' flag>` opens an element, `</>` closes it, `<tag .../>` has no children. `k`
//! tells siblings of one tag apart, so that each keeps its place in the page; it must come first.

use alloc::string::String;

use crate::state::Model;
use crate::texts::{Key, number};

/// Stand for the characters that have a meaning in markup; texts lose them, no text needs them.
pub const ESCAPED: [(char, char); 3] = [('<', '\u{1}'), ('>', '\u{2}'), ('\'', '\u{3}')];

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

    /// Writes markup.
    pub fn put(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// Writes a text, or the value of an attribute between its quotes.
    pub fn say(&mut self, text: &str) {
        for c in text.chars() {
            match ESCAPED.iter().find(|(plain, code)| c == *plain || c == *code) {
                Some((plain, code)) if c == *plain => self.out.push(*code),
                Some(_) => {}
                None => self.out.push(c),
            }
        }
    }

    /// Writes a text of the table. No text of the table holds a character with a meaning.
    pub fn t(&mut self, key: Key) {
        self.put(self.model.locale.text(key));
    }

    /// Writes a number.
    pub fn number(&mut self, value: u64) {
        self.out.push_str(&number(value));
    }

    /// Writes an attribute with a text of the table.
    pub fn attr(&mut self, name: &'static str, key: Key) {
        self.put(name);
        self.put("='");
        self.t(key);
        self.put("'");
    }

    /// Writes an element that holds a text of the table; `open` is its opening tag.
    pub fn el(&mut self, open: &'static str, key: Key) {
        self.put(open);
        self.t(key);
        self.put("</>");
    }

    /// Writes an element that holds any text.
    pub fn el_say(&mut self, open: &'static str, text: &str) {
        self.put(open);
        self.say(text);
        self.put("</>");
    }

    /// Closes elements.
    pub fn end(&mut self) {
        self.put("</>");
    }
}
