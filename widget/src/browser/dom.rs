//! Makes the page look like the markup of [`crate::page`], touching only what differs.

use alloc::string::String;
use alloc::vec::Vec;

use super::js::{self, Dom};
use crate::page::ESCAPED;
use crate::texts::cut;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A node as it stands in the page.
pub(super) struct Live {
    /// What stands between `<` and `>`; empty for a text.
    head: String,
    /// The text of a text, as written.
    text: String,
    dom: Dom,
    children: Vec<Live>,
}

/// The text before `end`, and what follows it; all of it when there is no `end`.
fn part(text: &str, end: u8) -> (&str, &str) {
    cut(text, end).unwrap_or((text, ""))
}

/// Tag and key: what makes an element the same one as before.
fn identity(head: &str) -> &str {
    let tag = part(head, b' ').0;
    match head.get(tag.len()..).and_then(|rest| rest.strip_prefix(" k='")) {
        Some(rest) => {
            let end = tag.len() + " k='".len() + part(rest, b'\'').0.len();
            head.get(..end).unwrap_or(head)
        }
        None => tag,
    }
}

/// Calls back with every attribute of a head. Flags stand last in their tag or before a blank.
fn attributes(head: &str, call: &mut dyn FnMut(&str, &str)) {
    let mut rest = part(head, b' ').1;
    while !rest.is_empty() {
        let (word, after) = part(rest, b' ');
        let (name, value) = match cut(word, b'=') {
            Some((name, _)) => {
                // A value may hold blanks: it ends at its quote.
                let quoted = rest.get(name.len() + 2..).unwrap_or("");
                let (value, behind) = part(quoted, b'\'');
                rest = behind.strip_prefix(' ').unwrap_or(behind);
                (name, value)
            }
            None => {
                rest = after;
                (word, "")
            }
        };
        if !name.is_empty() && name != "k" {
            call(name, value);
        }
    }
}

/// The text as it is to be seen.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let escaped = ESCAPED.iter().find(|(_, code)| *code == c);
        out.push(escaped.map_or(c, |(plain, _)| *plain));
    }
    out
}

impl Live {
    /// The element in the page whose children the markup describes.
    pub(super) fn root(dom: Dom) -> Self {
        Self { head: String::new(), text: String::new(), dom, children: Vec::new() }
    }

    /// An element without attributes yet.
    fn element(head: &str) -> Self {
        let tag = part(head, b' ').0;
        let dom = match tag {
            "svg" | "path" => js::create_ns(SVG, tag),
            _ => js::create(tag),
        };
        Self::root(dom)
    }

    fn set_head(&mut self, head: &str) {
        if self.head == head {
            return;
        }
        let old = core::mem::replace(&mut self.head, String::from(head));
        attributes(head, &mut |name, value| {
            let mut same = false;
            attributes(&old, &mut |other, before| same |= other == name && before == value);
            if !same {
                self.dom.set_attribute(name, &plain(value));
            }
        });
        attributes(&old, &mut |name, _| {
            let mut gone = true;
            attributes(head, &mut |other, _| gone &= other != name);
            if gone {
                self.dom.remove_attribute(name);
            }
        });
    }

    /// Makes the children look like the markup, up to the `</>` that closes this element, and returns what
    /// follows. Children with the same tag and key are kept.
    pub(super) fn show<'a>(&mut self, mut markup: &'a str) -> &'a str {
        let mut old: Vec<Option<Live>> = core::mem::take(&mut self.children).into_iter().map(Some).collect();
        let mut moved = false;
        let mut at = 0;
        while !markup.is_empty() {
            if let Some(rest) = markup.strip_prefix("</>") {
                markup = rest;
                break;
            }
            let (head, text) = match markup.strip_prefix('<') {
                Some(rest) => {
                    let (head, rest) = part(rest, b'>');
                    markup = rest;
                    (head, "")
                }
                None => {
                    let text = part(markup, b'<').0;
                    markup = markup.get(text.len()..).unwrap_or("");
                    ("", text)
                }
            };
            let wanted = identity(head);
            let same = |it: &Option<Live>| it.as_ref().is_some_and(|it| identity(&it.head) == wanted);
            let found = old.iter().skip(at).position(same).map(|steps| at + steps);
            moved |= found != Some(at);
            let kept = found.and_then(|found| old.get_mut(found)).and_then(Option::take);
            at = found.map_or(at, |found| found + 1);
            let mut live = kept.unwrap_or_else(|| match head {
                "" => Self::root(js::create_text("")),
                _ => Self::element(head),
            });
            if head.is_empty() {
                if live.text != text {
                    live.dom.set_text(&plain(text));
                    live.text = String::from(text);
                }
            } else {
                live.set_head(head);
                markup = live.show(markup);
            }
            self.children.push(live);
        }
        for live in old.into_iter().flatten() {
            live.dom.remove();
        }
        if moved {
            self.place();
        }
        markup
    }

    /// Puts the children in their order.
    fn place(&self) {
        let mut next: Option<&Dom> = None;
        for live in self.children.iter().rev() {
            // A new node has no sibling, as the last one has none, but no parent either.
            let stands = live.dom.next_sibling().as_ref() == next && live.dom.parent_node().is_some();
            if !stands {
                self.dom.insert_before(&live.dom, next);
            }
            next = Some(&live.dom);
        }
    }
}
