//! The browser functions the driver uses.

use alloc::string::String;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue, wasm_bindgen};

/// The one type of all callbacks.
pub type Callback = Closure<dyn FnMut(JsValue)>;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(super) fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    pub(super) fn random(bytes: &mut [u8]);

    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn set_timeout(callback: &Callback, after_ms: i32, argument: i32) -> i32;
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn clear_timeout(id: i32);

    #[wasm_bindgen(js_name = addEventListener)]
    pub(super) fn listen_on_window(name: &str, callback: &Callback);
    #[wasm_bindgen(js_namespace = document, js_name = addEventListener)]
    pub(super) fn listen_on_document(name: &str, callback: &Callback);
    #[wasm_bindgen(js_namespace = location, js_name = toString)]
    pub(super) fn href() -> String;

    pub(super) type WebSocket;
    #[wasm_bindgen(constructor, catch)]
    pub(super) fn new(url: &str) -> Result<WebSocket, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn send(this: &WebSocket, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn close(this: &WebSocket, code: u16) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onopen(this: &WebSocket, callback: Option<&Callback>);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onmessage(this: &WebSocket, callback: Option<&Callback>);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onclose(this: &WebSocket, callback: Option<&Callback>);

    type SocketEvent;
    #[wasm_bindgen(method, getter, js_name = data)]
    fn event_data(this: &SocketEvent) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = code)]
    fn event_code(this: &SocketEvent) -> u16;

    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    pub(super) fn parse(text: &str) -> Result<JsValue, JsValue>;

    pub(super) type Init;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_signal(this: &Init, signal: &JsValue);

    pub(super) type AbortController;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> AbortController;
    #[wasm_bindgen(method)]
    pub(super) fn abort(this: &AbortController);
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &AbortController) -> JsValue;

    pub(super) type Signal;
    #[wasm_bindgen(method, getter)]
    pub(super) fn aborted(this: &Signal) -> bool;

    #[derive(Clone)]
    pub(super) type Promise;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(executor: &Callback) -> Promise;
    #[wasm_bindgen(method)]
    pub(super) fn then(this: &Promise, done: &JsValue, failed: &JsValue) -> Promise;
    pub(super) fn fetch(path: &str, init: &JsValue) -> Promise;

    pub(super) type Response;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Response) -> u16;
    #[wasm_bindgen(method)]
    pub(super) fn text(this: &Response) -> Promise;
    #[wasm_bindgen(method)]
    pub(super) fn blob(this: &Response) -> Promise;

    #[wasm_bindgen(js_namespace = localStorage, js_name = getItem, catch)]
    pub(super) fn get_item(key: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(js_namespace = localStorage, js_name = setItem, catch)]
    pub(super) fn set_item(key: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = localStorage, js_name = removeItem, catch)]
    pub(super) fn remove_item(key: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = localStorage, js_name = key, catch)]
    pub(super) fn key_at(index: u32) -> Result<Option<String>, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = indexedDB, js_name = open, catch)]
    pub(super) fn open_database(name: &str, version: u32) -> Result<Request, JsValue>;
    #[wasm_bindgen(js_namespace = IDBKeyRange, js_name = bound)]
    pub(super) fn bound(from: &str, to: &str) -> JsValue;

    #[derive(Clone)]
    pub(super) type Request;
    #[wasm_bindgen(method, getter)]
    pub(super) fn result(this: &Request) -> JsValue;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onsuccess(this: &Request, callback: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onerror(this: &Request, callback: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onblocked(this: &Request, callback: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onupgradeneeded(this: &Request, callback: &JsValue);

    #[derive(Clone)]
    pub(super) type Database;
    #[wasm_bindgen(method, js_name = createObjectStore, catch)]
    pub(super) fn create_object_store(this: &Database, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn transaction(this: &Database, store: &str, mode: &str) -> Result<Transaction, JsValue>;

    pub(super) type Transaction;
    #[wasm_bindgen(method, js_name = objectStore)]
    pub(super) fn object_store(this: &Transaction, name: &str) -> ObjectStore;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_oncomplete(this: &Transaction, callback: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onabort(this: &Transaction, callback: &JsValue);

    pub(super) type ObjectStore;
    #[wasm_bindgen(method, js_name = getAll, catch)]
    pub(super) fn get_all(this: &ObjectStore, range: &JsValue) -> Result<Request, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn put(this: &ObjectStore, text: &str, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn delete(this: &ObjectStore, key: &str) -> Result<JsValue, JsValue>;

    pub(super) type Texts;
    #[wasm_bindgen(method)]
    pub(super) fn join(this: &Texts, between: &str) -> String;

    pub(super) type BroadcastChannel;
    #[wasm_bindgen(constructor, catch)]
    pub(super) fn new(name: &str) -> Result<BroadcastChannel, JsValue>;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_onmessage(this: &BroadcastChannel, callback: &Callback);
    #[wasm_bindgen(method, js_name = postMessage)]
    pub(super) fn post_message(this: &BroadcastChannel, message: i32);

    #[wasm_bindgen(js_namespace = ["navigator", "locks"], js_name = request, catch)]
    pub(super) fn request_lock(name: &str, options: &JsValue, granted: &JsValue) -> Result<Promise, JsValue>;

    type Function;
    #[wasm_bindgen(method, js_name = call)]
    fn call_function(this: &Function);
}

/// Calls a function without arguments.
pub(super) fn call(function: &JsValue) {
    cast::<Function>(function).call_function();
}

/// What a lock calls when it is granted; it is held until the promise returned is settled.
pub(super) fn granted(mut grant: impl FnMut() -> JsValue + 'static) -> JsValue {
    let closure: Closure<dyn FnMut(JsValue) -> JsValue> = Closure::wrap(alloc::boxed::Box::new(move |_| grant()));
    closure.into_js_value()
}

/// The text of a message event.
pub(super) fn data(event: &JsValue) -> Option<String> {
    cast::<SocketEvent>(event).event_data().as_string()
}

/// The code of a close event.
pub(super) fn code(event: &JsValue) -> u16 {
    cast::<SocketEvent>(event).event_code()
}

/// Views a value as what it is known to be, without a check at run time.
pub(super) fn cast<T: JsCast>(value: &JsValue) -> &T {
    value.unchecked_ref()
}

/// `https://host` of this page.
pub(super) fn origin() -> String {
    let href = href();
    let slashes = href.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let end = slashes.map(|(at, _)| at).nth(2).unwrap_or(href.len());
    href.get(..end).map(String::from).unwrap_or_default()
}
