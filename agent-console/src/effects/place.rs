//! The page itself: its title, language, place, cursor and scrolling.

use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use crate::model::Effect;
use crate::model::effect::Spot;

/// Id of the reply input.
pub(crate) const COMPOSER: &str = "composer";
/// Id of the filter above the list.
pub(crate) const FILTER: &str = "filter";
/// Id of the scrolling part of the thread.
pub(crate) const SCROLL: &str = "scroll";

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn element(id: &str) -> Option<HtmlElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Sets the title of the page.
pub(super) fn title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Sets the language of the document.
pub(super) fn language(tag: &str) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        // A valid attribute name cannot be refused.
        let _ = root.set_attribute("lang", tag);
    }
}

/// Goes to another page.
pub(super) fn go(path: &str) {
    if let Some(window) = web_sys::window() {
        // Nothing is left to do when the browser refuses to go.
        let _ = window.location().assign(path);
    }
}

/// Loads the page anew.
pub(super) fn reload() {
    if let Some(window) = web_sys::window() {
        // As above.
        let _ = window.location().reload();
    }
}

/// Carries out what concerns drawn elements.
pub(super) fn run(effect: &Effect) {
    match effect {
        Effect::Focus(spot) => focus(*spot),
        Effect::ToEnd => {
            if let Some(scroll) = element(SCROLL) {
                // The list is laid out from its end: 0 is the newest entry.
                scroll.set_scroll_top(0);
            }
        }
        Effect::RevealRow(id) => {
            if let Some(row) = element(&format!("row-{id}")) {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
        _ => {}
    }
}

fn focus(spot: Spot) {
    let target = match spot {
        Spot::Composer => element(COMPOSER),
        Spot::ComposerIfKeyboard => element(COMPOSER).filter(|_| has_keyboard()),
        Spot::Filter => element(FILTER),
        Spot::Page => {
            let active = document().and_then(|document| document.active_element());
            if let Some(active) = active.and_then(|active| active.dyn_into::<HtmlElement>().ok()) {
                // An element that cannot lose the cursor keeps it.
                let _ = active.blur();
            }
            None
        }
    };
    if let Some(target) = target {
        // An element that cannot take the cursor is not drawn, and then nothing is to be typed.
        let _ = target.focus();
    }
}

/// Whether a keyboard is likely: a screen keyboard would cover what was just opened.
fn has_keyboard() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok().flatten())
        .is_none_or(|query| !query.matches())
}
