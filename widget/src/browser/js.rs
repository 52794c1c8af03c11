//! The browser functions the widget uses. One type stands for every node and event: a cast costs nothing, a
//! type costs bytes.

use alloc::string::String;

use client::browser::Callback;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Node)]
    #[derive(Clone, PartialEq)]
    pub(super) type Dom;

    #[wasm_bindgen(js_namespace = document, js_name = createElement)]
    pub(super) fn create(tag: &str) -> Dom;
    #[wasm_bindgen(js_namespace = document, js_name = createElementNS)]
    pub(super) fn create_ns(namespace: &str, tag: &str) -> Dom;
    #[wasm_bindgen(js_namespace = document, js_name = createTextNode)]
    pub(super) fn create_text(text: &str) -> Dom;
    #[wasm_bindgen(js_namespace = document, js_name = querySelector)]
    pub(super) fn query(selector: &str) -> Option<Dom>;
    #[wasm_bindgen(js_namespace = document, js_name = addEventListener)]
    pub(super) fn listen(name: &str, callback: &Callback, capture: bool);
    #[wasm_bindgen(js_name = addEventListener)]
    pub(super) fn listen_window(name: &str, callback: &Callback);

    #[wasm_bindgen(method, js_name = setAttribute)]
    pub(super) fn set_attribute(this: &Dom, name: &str, value: &str);
    #[wasm_bindgen(method, js_name = removeAttribute)]
    pub(super) fn remove_attribute(this: &Dom, name: &str);
    #[wasm_bindgen(method, js_name = getAttribute)]
    pub(super) fn get_attribute(this: &Dom, name: &str) -> Option<String>;
    #[wasm_bindgen(method, js_name = insertBefore)]
    pub(super) fn insert_before(this: &Dom, node: &Dom, before: Option<&Dom>);
    #[wasm_bindgen(method)]
    pub(super) fn remove(this: &Dom);
    #[wasm_bindgen(method, getter, js_name = nextSibling)]
    pub(super) fn next_sibling(this: &Dom) -> Option<Dom>;
    #[wasm_bindgen(method, getter, js_name = parentNode)]
    pub(super) fn parent_node(this: &Dom) -> Option<Dom>;
    #[wasm_bindgen(method, setter, js_name = textContent)]
    pub(super) fn set_text(this: &Dom, text: &str);
    #[wasm_bindgen(method)]
    pub(super) fn closest(this: &Dom, selector: &str) -> Option<Dom>;
    #[wasm_bindgen(method, getter, js_name = textContent)]
    pub(super) fn text(this: &Dom) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn id(this: &Dom) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn value(this: &Dom) -> String;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_value(this: &Dom, value: &str);
    #[wasm_bindgen(method)]
    pub(super) fn focus(this: &Dom);
    #[wasm_bindgen(method)]
    pub(super) fn click(this: &Dom);
    #[wasm_bindgen(method, getter, js_name = scrollTop)]
    pub(super) fn scroll_top(this: &Dom) -> f64;
    #[wasm_bindgen(method, setter, js_name = scrollTop)]
    pub(super) fn set_scroll_top(this: &Dom, top: f64);
    #[wasm_bindgen(method, getter, js_name = scrollHeight)]
    pub(super) fn scroll_height(this: &Dom) -> f64;
    #[wasm_bindgen(method, getter, js_name = clientHeight)]
    pub(super) fn client_height(this: &Dom) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(super) fn style(this: &Dom) -> Style;
    #[wasm_bindgen(method, getter, js_name = ownerDocument)]
    pub(super) fn owner_document(this: &Dom) -> Dom;
    #[wasm_bindgen(method, getter, js_name = defaultView)]
    pub(super) fn default_view(this: &Dom) -> Window;

    pub(super) type Style;
    #[wasm_bindgen(method, js_name = setProperty)]
    pub(super) fn set_property(this: &Style, name: &str, value: &str);

    #[derive(PartialEq)]
    pub(super) type Window;
    #[wasm_bindgen(method, getter)]
    pub(super) fn parent(this: &Window) -> Window;
    #[wasm_bindgen(method, js_name = postMessage)]
    pub(super) fn post_to(this: &Window, text: &str, origin: &str);
    #[wasm_bindgen(method, js_name = matchMedia)]
    pub(super) fn match_media(this: &Window, query: &str) -> MediaQuery;

    pub(super) type MediaQuery;
    #[wasm_bindgen(method, getter)]
    pub(super) fn matches(this: &MediaQuery) -> bool;

    #[wasm_bindgen(js_namespace = location, js_name = reload)]
    pub(super) fn reload();
    #[wasm_bindgen(js_name = encodeURIComponent)]
    pub(super) fn encode(text: &str) -> String;
    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(callback: &Callback, after_ms: i32, argument: i32) -> i32;
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn clear_timeout(id: i32);

    pub(super) type Date;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(at: f64) -> Date;
    #[wasm_bindgen(method, js_name = getTimezoneOffset)]
    pub(super) fn offset(this: &Date) -> i32;

    pub(super) type Event;
    #[wasm_bindgen(method, getter, js_name = type)]
    pub(super) fn kind(this: &Event) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn target(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = relatedTarget)]
    pub(super) fn related(this: &Event) -> JsValue;
    #[wasm_bindgen(method, js_name = preventDefault)]
    pub(super) fn prevent(this: &Event);
    #[wasm_bindgen(method, getter)]
    pub(super) fn key(this: &Event) -> String;
    #[wasm_bindgen(method, getter, js_name = keyCode)]
    pub(super) fn key_code(this: &Event) -> u32;
    #[wasm_bindgen(method, getter, js_name = shiftKey)]
    pub(super) fn shift(this: &Event) -> bool;
    #[wasm_bindgen(method, getter, js_name = isComposing)]
    pub(super) fn composing(this: &Event) -> bool;
    #[wasm_bindgen(method, getter, js_name = clipboardData)]
    pub(super) fn clipboard(this: &Event) -> Option<Transfer>;
    #[wasm_bindgen(method, getter, js_name = dataTransfer)]
    pub(super) fn transfer(this: &Event) -> Option<Transfer>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn data(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub(super) fn origin(this: &Event) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn source(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub(super) fn ports(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub(super) fn loaded(this: &Event) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(super) fn total(this: &Event) -> f64;

    pub(super) type Transfer;
    #[wasm_bindgen(method, getter)]
    pub(super) fn files(this: &Transfer) -> FileList;

    pub(super) type FileList;
    #[wasm_bindgen(method)]
    pub(super) fn item(this: &FileList, index: u32) -> Option<File>;

    pub(super) type File;
    #[wasm_bindgen(method, getter)]
    pub(super) fn name(this: &File) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn size(this: &File) -> f64;

    pub(super) type Port;
    #[wasm_bindgen(method, js_name = postMessage)]
    pub(super) fn post(this: &Port, text: &str);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onmessage(this: &Port, callback: &Callback);

    #[wasm_bindgen(js_namespace = Array, js_name = from)]
    pub(super) fn first_of(list: &JsValue) -> First;
    pub(super) type First;
    #[wasm_bindgen(method)]
    pub(super) fn shift(this: &First) -> Option<Port>;

    #[wasm_bindgen(js_namespace = URL, js_name = createObjectURL)]
    pub(super) fn object_url(blob: &JsValue) -> String;

    #[wasm_bindgen(js_name = XMLHttpRequest)]
    pub(super) type Xhr;
    #[wasm_bindgen(constructor, js_class = "XMLHttpRequest")]
    pub(super) fn new() -> Xhr;
    #[wasm_bindgen(method)]
    pub(super) fn open(this: &Xhr, method: &str, path: &str);
    #[wasm_bindgen(method, js_name = setRequestHeader)]
    pub(super) fn header(this: &Xhr, name: &str, value: &str);
    #[wasm_bindgen(method)]
    pub(super) fn send(this: &Xhr, file: &File);
    #[wasm_bindgen(method)]
    pub(super) fn abort(this: &Xhr);
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Xhr) -> u16;
    #[wasm_bindgen(method, getter, js_name = responseText)]
    pub(super) fn response(this: &Xhr) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn upload(this: &Xhr) -> XhrUpload;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onloadend(this: &Xhr, callback: &JsValue);

    pub(super) type XhrUpload;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onprogress(this: &XhrUpload, callback: &JsValue);
}

/// Views a value as what it is known to be.
pub(super) fn cast<T: JsCast>(value: &JsValue) -> &T {
    value.unchecked_ref()
}
