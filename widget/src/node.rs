//! What the screen should look like, as a tree of plain data. Texts become text nodes; nothing here can
//! become markup.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// An element or a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Element name; empty for a text.
    pub tag: &'static str,
    /// The text of a text.
    pub text: String,
    /// Tells siblings of the same tag apart, so that each keeps its place in the page.
    pub key: String,
    /// Attributes.
    pub attrs: Vec<(&'static str, String)>,
    /// Children.
    pub children: Vec<Node>,
}

/// An element with a class (none when empty).
pub fn el(tag: &'static str, class: &str) -> Node {
    let node = Node { tag, ..Node::default() };
    if class.is_empty() { node } else { node.attr("class", class) }
}

/// A text.
pub fn text(text: &str) -> Node {
    Node { text: text.to_string(), ..Node::default() }
}

impl Node {
    /// Adds an attribute.
    pub fn attr(mut self, name: &'static str, value: &str) -> Self {
        self.attrs.push((name, value.to_string()));
        self
    }

    /// Adds an attribute without value, when `on`.
    pub fn flag(self, name: &'static str, on: bool) -> Self {
        if on { self.attr(name, "") } else { self }
    }

    /// Names the element among its siblings.
    pub fn key(mut self, key: &str) -> Self {
        self.key = key.to_string();
        self
    }

    /// Says what a click or submit means.
    pub fn act(self, action: &str) -> Self {
        self.attr("data-a", action)
    }

    /// Adds a child.
    pub fn child(mut self, child: Node) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a child when there is one.
    pub fn maybe(self, child: Option<Node>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// Adds children.
    pub fn all(mut self, children: Vec<Node>) -> Self {
        self.children.extend(children);
        self
    }

    /// Adds a text.
    pub fn say(self, words: &str) -> Self {
        self.child(text(words))
    }
}
