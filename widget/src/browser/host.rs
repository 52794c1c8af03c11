//! The handshake with the loader. Both sides know a nonce and each other's exact origin; after it they talk
//! through a channel that nobody else can reach (rule C-6).

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::RefCell;

use client::browser;
use protocol::codec::{Value, parse, write_text};
use protocol::site::FrameConfig;
use wasm_bindgen::prelude::JsValue;

use super::app::App;
use super::js::{self, Dom, Event, Port, Window, cast};
use crate::state::Msg;
use crate::texts::cut;

/// Who is around the frame.
pub(super) struct Meeting {
    window: Window,
    nonce: String,
    /// The page's origin, if the site allows it.
    origin: Option<String>,
    port: RefCell<Option<Port>>,
}

impl Meeting {
    /// The loader puts `NONCE,ORIGIN` behind the `#` of the frame's address.
    pub(super) fn new(config: &FrameConfig, body: &Dom) -> Self {
        let href = browser::href();
        let hash = cut(&href, b'#').map_or("", |(_, hash)| hash);
        let (nonce, origin) = cut(hash, b',').unwrap_or(("", ""));
        let allowed = !nonce.is_empty() && config.origins.iter().any(|allowed| allowed == origin);
        Self {
            window: body.owner_document().default_view(),
            nonce: String::from(nonce),
            origin: allowed.then(|| String::from(origin)),
            port: RefCell::new(None),
        }
    }

    /// Whether there is no page around.
    pub(super) fn alone(&self) -> bool {
        self.window.parent() == self.window
    }
}

/// Where a frame without a page around it keeps the token.
fn token_key(app: &App) -> String {
    let mut key = String::from("frontdesk:");
    if let Ok(model) = app.model.try_borrow() {
        key.push_str(&model.config.site.key);
    }
    key
}

impl App {
    /// Offers to talk, or begins at once when nobody is around.
    pub(super) fn meet_host(self: &Rc<Self>) {
        if self.meeting.alone() {
            let mut init = String::from("{\"t\":\"init\",\"open\":true");
            if let Some(token) = browser::stored(&token_key(self)) {
                init.push_str(",\"token\":");
                write_text(&mut init, &token);
            }
            init.push('}');
            self.send(Msg::Host(init));
            return;
        }
        let callback = self.keep(hear_window);
        js::listen_window("message", &callback);
        if let Ok(mut callbacks) = self.callbacks.try_borrow_mut() {
            callbacks.push(callback);
        }
        if let Some(origin) = &self.meeting.origin {
            self.meeting.window.parent().post_to(&self.meeting.nonce, origin);
        }
    }

    pub(super) fn tell_host(&self, text: &str) {
        if self.meeting.alone() {
            let note = parse(text);
            let word = |key: &str| note.as_ref().and_then(|note| note.get(key)).and_then(Value::text);
            if let (Some("token"), Some(token)) = (word("t"), word("v")) {
                browser::store(&token_key(self), token);
            }
            return;
        }
        if let Ok(port) = self.meeting.port.try_borrow()
            && let Some(port) = &*port
        {
            port.post(text);
        }
    }
}

/// A message to the window: only the page's answer to our offer counts, and it brings the channel.
fn hear_window(app: &Rc<App>, value: &JsValue) {
    let event: &Event = cast(value);
    let meeting = &app.meeting;
    let expected = meeting.origin.as_deref() == Some(event.origin().as_str())
        && cast::<Window>(&event.source()) == &meeting.window.parent()
        && event.data().as_string().as_deref() == Some(meeting.nonce.as_str());
    if !expected {
        return;
    }
    let Some(port) = js::first_of(&event.ports()).shift() else {
        return;
    };
    let callback = app.keep(hear_port);
    port.set_onmessage(&callback);
    if let Ok(mut callbacks) = app.callbacks.try_borrow_mut() {
        callbacks.push(callback);
    }
    if let Ok(mut slot) = meeting.port.try_borrow_mut() {
        *slot = Some(port);
    }
}

fn hear_port(app: &Rc<App>, value: &JsValue) {
    if let Some(text) = cast::<Event>(value).data().as_string() {
        app.send(Msg::Host(text));
    }
}
