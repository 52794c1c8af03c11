//! What the visitor does. One listener hears everything; elements say by `data-a` what they mean.

use alloc::rc::Rc;
use alloc::string::String;

use wasm_bindgen::prelude::JsValue;

use super::app::{App, grow, scroll_to_end};
use super::js::{self, Dom, Event, cast};
use crate::state::{Msg, Screen};

/// Pixels from the end of the log that still count as its end.
const NEAR_END: f64 = 48.0;

const HEARD: [(&str, bool); 13] = [
    ("click", false),
    ("input", false),
    ("submit", false),
    ("keydown", false),
    ("change", false),
    ("paste", false),
    ("dragover", false),
    ("dragleave", false),
    ("drop", false),
    ("mousedown", false),
    // These do not bubble.
    ("scroll", true),
    ("load", true),
    ("error", true),
];

impl App {
    pub(super) fn listen(self: &Rc<Self>) {
        let callback = self.keep(hear);
        for (name, capture) in HEARD {
            js::listen(name, &callback, capture);
        }
        js::listen_window("resize", &callback);
        if let Ok(mut callbacks) = self.callbacks.try_borrow_mut() {
            callbacks.push(callback);
        }
    }

    fn is_at_end(&self) -> bool {
        self.model.try_borrow().is_ok_and(|model| model.at_end && matches!(model.screen, Screen::Thread(_)))
    }

    /// Leaving the end takes a movement up: what grows below the reader does not move anybody.
    fn scrolled(self: &Rc<Self>) {
        let Some(log) = js::query("#log") else { return };
        let top = log.scroll_top();
        let before = self.scroll_top.replace(top);
        let below = log.scroll_height() - top - log.client_height();
        match self.is_at_end() {
            true if below >= NEAR_END && top < before => self.send(Msg::AtEnd(false)),
            false if below < NEAR_END => self.send(Msg::AtEnd(true)),
            _ => {}
        }
    }
}

fn hear(app: &Rc<App>, value: &JsValue) {
    let event: &Event = cast(value);
    let target = event.target();
    let target: &Dom = cast(&target);
    match event.kind().as_str() {
        "click" => {
            if let Some(action) = action_of(target, "button[data-a]") {
                app.send(Msg::Act(action));
            }
        }
        "submit" => {
            event.prevent();
            if let Some(action) = action_of(target, "form[data-a]") {
                app.send(Msg::Act(action));
            }
        }
        "input" => {
            let field = target.id();
            if field == "composer" {
                grow(target);
            }
            let value = target.value();
            app.send(Msg::Input { field, value });
        }
        "keydown" => key_down(app, event, target),
        "change" => {
            if target.id() == "picker" {
                app.picked(target);
            }
        }
        "paste" | "dragover" | "dragleave" | "drop" => carried(app, event),
        // The keyboard of a phone stays open while messages are sent.
        "mousedown" => {
            if target.closest(".send").is_some() {
                event.prevent();
            }
        }
        "scroll" => app.scrolled(),
        // A picture came, or the window changed: the newest message stays in view.
        _ => {
            if app.is_at_end() {
                scroll_to_end();
            }
        }
    }
}

/// Files that come by paste or drag.
fn carried(app: &Rc<App>, event: &Event) {
    match event.kind().as_str() {
        "paste" => {
            if let Some(transfer) = event.clipboard()
                && app.take_files(&transfer.files())
            {
                event.prevent();
            }
        }
        "dragleave" => {
            if event.related().is_null() {
                app.dragging(false);
            }
        }
        "dragover" => {
            event.prevent();
            app.dragging(true);
        }
        _ => {
            event.prevent();
            app.dragging(false);
            if let Some(transfer) = event.transfer() {
                app.take_files(&transfer.files());
            }
        }
    }
}

fn action_of(target: &Dom, selector: &str) -> Option<String> {
    target.closest(selector)?.get_attribute("data-a")
}

fn key_down(app: &Rc<App>, event: &Event, target: &Dom) {
    match event.key().as_str() {
        // Enter also chooses a word in an input method; 229 is how older browsers say so.
        "Enter" if target.id() == "composer" && !event.shift() && !event.composing() && event.key_code() != 229 => {
            event.prevent();
            app.send(Msg::Act(String::from("send")));
        }
        "Escape" if !event.composing() => app.send(Msg::Act(String::from("escape"))),
        _ => {}
    }
}
