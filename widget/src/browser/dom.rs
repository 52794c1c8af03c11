//! Makes the page look like a [`Node`] tree, touching only what differs.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::js::{self, Dom};
use crate::node::Node;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A node as it stands in the page.
pub(super) struct Live {
    tag: &'static str,
    text: String,
    key: String,
    attrs: Vec<(&'static str, String)>,
    dom: Dom,
    children: Vec<Live>,
}

impl Live {
    /// The element in the page whose children the tree is.
    pub(super) fn root(dom: Dom) -> Self {
        Self { tag: "", text: String::new(), key: String::new(), attrs: Vec::new(), dom, children: Vec::new() }
    }

    fn create(node: Node) -> Self {
        let dom = match node.tag {
            "" => js::create_text(&node.text),
            "svg" | "path" => js::create_ns(SVG, node.tag),
            tag => js::create(tag),
        };
        for (name, value) in &node.attrs {
            dom.set_attribute(name, value);
        }
        let children: Vec<Live> = node.children.into_iter().map(Self::create).collect();
        for child in &children {
            dom.insert_before(&child.dom, None);
        }
        Self { tag: node.tag, text: node.text, key: node.key, attrs: node.attrs, dom, children }
    }

    fn patch(&mut self, node: Node) {
        if self.text != node.text {
            self.dom.set_text(&node.text);
            self.text = node.text;
        }
        if self.attrs != node.attrs {
            for (name, value) in &node.attrs {
                if !self.attrs.iter().any(|(old, text)| old == name && text == value) {
                    self.dom.set_attribute(name, value);
                }
            }
            for (old, _) in &self.attrs {
                if !node.attrs.iter().any(|(name, _)| name == old) {
                    self.dom.remove_attribute(old);
                }
            }
            self.attrs = node.attrs;
        }
        self.show(node.children);
    }

    /// Makes the children look like `nodes`. Those with the same tag and key are kept.
    pub(super) fn show(&mut self, nodes: Vec<Node>) {
        let mut old: VecDeque<Live> = core::mem::take(&mut self.children).into();
        let mut moved = false;
        for node in nodes {
            let found = old.iter().position(|live| live.tag == node.tag && live.key == node.key);
            moved |= found != Some(0);
            let kept = found.and_then(|at| old.remove(at));
            self.children.push(match kept {
                Some(mut live) => {
                    live.patch(node);
                    live
                }
                None => Self::create(node),
            });
        }
        for live in old {
            live.dom.remove();
        }
        if !moved {
            return;
        }
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
