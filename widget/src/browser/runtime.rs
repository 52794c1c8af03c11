//! Memory, and what is left to say after a panic.

use alloc::string::String;

use super::js;
use crate::texts::cut;

#[global_allocator]
static MEMORY: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    show_broken();
    core::arch::wasm32::unreachable()
}

/// Replaces the page by a link that loads it anew. Unsent messages are in storage.
pub(super) fn show_broken() {
    let Some(body) = js::query("body") else {
        return;
    };
    let language = js::query("html").and_then(|html| html.get_attribute("lang"));
    let locale = language.as_deref().and_then(crate::texts::Locale::of_tag);
    let locale = locale.unwrap_or(crate::texts::Locale::En);
    body.set_text("");
    let page = js::create("div");
    page.set_attribute("class", "centre");
    let line = js::create("p");
    line.set_text(locale.text(crate::texts::key::ERROR_OTHER));
    let link = js::create("a");
    link.set_text(locale.text(crate::texts::key::RELOAD));
    link.set_attribute("class", "plain");
    link.set_attribute("href", &other_address(&client::browser::href()));
    page.insert_before(&line, None);
    page.insert_before(&link, None);
    body.insert_before(&page, None);
}

/// The same page under another address, because a link to the very same one would not load it.
fn other_address(href: &str) -> String {
    let (page, hash) = cut(href, b'#').unwrap_or((href, ""));
    let mut out = String::new();
    match cut(page, b'?') {
        Some((path, _)) => out.push_str(path),
        None => {
            out.push_str(page);
            out.push_str("?again");
        }
    }
    out.push('#');
    out.push_str(hash);
    out
}
