//! JSON requests.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;

use protocol::codec::write_text;
use wasm_bindgen::prelude::JsValue;

use super::{callback, js};

/// One JSON request to this origin.
pub struct Request<'a> {
    /// Path, from the root.
    pub path: &'a str,
    /// JSON body of a `POST`; `None`: a `GET`.
    pub body: Option<&'a str>,
    /// Sent as a bearer token.
    pub token: Option<&'a str>,
}

/// Ends a request early.
pub struct Aborter(js::AbortController);

/// Ends a request early; its `done` is called with status 0 unless it was called before.
pub fn abort(aborter: &Aborter) {
    aborter.0.abort();
}

type Done = Rc<RefCell<Option<Box<dyn FnMut(u16, JsValue)>>>>;

fn finish(done: &Done, status: u16, body: JsValue) {
    let taken = done.try_borrow_mut().ok().and_then(|mut slot| slot.take());
    if let Some(mut done) = taken {
        done(status, body);
    }
}

/// Sends a request. `done` gets the HTTP status and the body, or 0 and nothing when no answer came. `None`
/// when the request could not be made, in which case `done` is called all the same.
pub fn send(request: &Request<'_>, mut done: impl FnMut(u16, &str) + 'static) -> Option<Aborter> {
    let done = move |status, body: JsValue| done(status, &body.as_string().unwrap_or_default());
    start(request, Rc::new(RefCell::new(Some(Box::new(done)))), false)
}

/// Like [`send`], for a body that is not text: `done` gets a `Blob`.
pub fn load(request: &Request<'_>, done: impl FnMut(u16, JsValue) + 'static) -> Option<Aborter> {
    start(request, Rc::new(RefCell::new(Some(Box::new(done)))), true)
}

fn start(request: &Request<'_>, done: Done, blob: bool) -> Option<Aborter> {
    let Ok(init) = js::parse(&init_of(request)) else {
        finish(&done, 0, JsValue::UNDEFINED);
        return None;
    };
    let controller = js::AbortController::new();
    js::cast::<js::Init>(&init).set_signal(&controller.signal());
    let failed = {
        let done = done.clone();
        callback(move |_| finish(&done, 0, JsValue::UNDEFINED)).into_js_value()
    };
    let failed_later = failed.clone();
    let answered = callback(move |response| {
        let response = js::cast::<js::Response>(&response);
        let status = response.status();
        let done = done.clone();
        let read = callback(move |body: JsValue| finish(&done, status, body));
        let body = if blob { response.blob() } else { response.text() };
        body.then(&read.into_js_value(), &failed_later);
    });
    js::fetch(request.path, &init).then(&answered.into_js_value(), &failed);
    Some(Aborter(controller))
}

fn init_of(request: &Request<'_>) -> String {
    let mut init = String::from(
        "{\"cache\":\"no-store\",\"headers\":{\"X-Frontdesk\":\"1\",\"Content-Type\":\"application/json\"",
    );
    if let Some(token) = request.token {
        init.push_str(",\"Authorization\":");
        let mut bearer = String::from("Bearer ");
        bearer.push_str(token);
        write_text(&mut init, &bearer);
    }
    init.push('}');
    if let Some(body) = request.body {
        init.push_str(",\"method\":\"POST\",\"body\":");
        write_text(&mut init, body);
    }
    init.push('}');
    init
}
