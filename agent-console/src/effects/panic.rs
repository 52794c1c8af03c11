//! A failure of the console itself: say so in plain elements, without the framework. Drafts and unsent
//! messages are in storage and come back with the reload.

use std::cell::Cell;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Document, Element};

use super::place;
use crate::text::{Locale, Texts};

thread_local! {
    static SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// Shows the page that says so when something panics.
pub(crate) fn install() {
    // Through Yew, which would otherwise put its own hook in place of this one.
    yew::set_custom_panic_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        if !SHOWN.replace(true)
            && let Some(document) = web_sys::window().and_then(|window| window.document())
        {
            // There is nobody left to tell when even this fails.
            let _ = show(&document);
        }
    }));
}

fn show(document: &Document) -> Option<()> {
    let body = document.body()?;
    let language = document.document_element()?.get_attribute("lang").unwrap_or_default();
    let texts = Texts::new(Locale::for_tag(&language));
    let page = part(document, "div", "screen crash")?;
    page.set_attribute("role", "alertdialog").ok()?;
    let title = part(document, "h1", "")?;
    title.set_text_content(Some(texts.get("crash.title")));
    let text = part(document, "p", "")?;
    text.set_text_content(Some(texts.get("crash.text")));
    let button = part(document, "button", "button primary")?;
    button.set_text_content(Some(texts.get("crash.reload")));
    let reload: Closure<dyn FnMut()> = Closure::new(place::reload);
    button.add_event_listener_with_callback("click", reload.as_ref().unchecked_ref()).ok()?;
    // The page ends with this button.
    reload.forget();
    for child in [&title, &text, &button] {
        page.append_child(child).ok()?;
    }
    body.append_child(&page).ok()?;
    button.unchecked_ref::<web_sys::HtmlElement>().focus().ok()
}

fn part(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}
