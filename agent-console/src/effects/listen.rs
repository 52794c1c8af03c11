//! What happens on the page outside the drawn elements: keys, focus, time, other tabs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use protocol::limits::ACTIVE_EVERY_MS;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AddEventListenerOptions, BeforeUnloadEvent, Event, EventTarget, HtmlElement, HtmlInputElement, KeyboardEvent,
    StorageEvent,
};
use yew::Callback;

use super::sound::Sound;
use super::storage::Drafts;
use crate::model::Msg;
use crate::model::keys::{Press, is_shortcut};
use crate::model::msg::{Net, See};

/// How often the model hears the clock, in milliseconds.
const TICK_MS: i32 = 1_000;

/// One pane at a time, as in the style sheet.
const NARROW: &str = "(max-width: 720px)";

type Handler = Closure<dyn FnMut(Event)>;

/// Listeners that end with this value.
pub(super) struct Listeners {
    held: Vec<(EventTarget, &'static str, Handler)>,
    timer: Option<(i32, Closure<dyn FnMut()>)>,
}

impl Listeners {
    pub(super) fn new(
        tell: &Callback<Msg>,
        drafts: &Rc<RefCell<Option<Drafts>>>,
        uploading: &Rc<RefCell<usize>>,
        sound: &Sound,
    ) -> Self {
        let mut this = Self { held: Vec::new(), timer: None };
        let Some(window) = web_sys::window() else {
            return this;
        };
        // One for all of them: the server wants to hear of the person, not of every pixel.
        let last: Rc<Cell<Option<f64>>> = Rc::default();
        if let Some(document) = window.document() {
            let keys = tell.clone();
            this.on(&document, "keydown", false, move |event| pressed(&event, &keys));
            // Not `pointerdown`: the hint about muted sound goes then, and what lies below must not move away
            // from under a button that is being pressed.
            for name in ["click", "keydown"] {
                let sound = sound.clone();
                this.on(&document, name, true, move |_| sound.allowed());
            }
            let focus = tell.clone();
            this.on(&document, "visibilitychange", false, move |_| focused(&focus));
        }
        for name in ["pointermove", "pointerdown", "wheel", "keydown"] {
            let (tell, last) = (tell.clone(), last.clone());
            this.on(&window, name, true, move |event| {
                let now = event.time_stamp();
                let due = last.get().is_none_or(|before| now - before >= ACTIVE_EVERY_MS as f64);
                if due && (name != "pointermove" || moved(event.as_ref())) {
                    last.set(Some(now));
                    tell.emit(Msg::See(See::Active));
                }
            });
        }
        for name in ["focus", "blur"] {
            let focus = tell.clone();
            this.on(&window, name, false, move |_| focused(&focus));
        }
        let (stored, drafts) = (tell.clone(), drafts.clone());
        this.on(&window, "storage", false, move |event| {
            let change = event.dyn_ref::<StorageEvent>().and_then(|event| drafts.borrow().as_ref()?.changed(event));
            if let Some((conversation, text)) = change {
                stored.emit(Msg::Net(Net::DraftElsewhere(conversation, text)));
            }
        });
        this.watch_width(&window, tell);
        let uploading = uploading.clone();
        this.on(&window, "beforeunload", false, move |event| {
            if *uploading.borrow() > 0
                && let Some(event) = event.dyn_ref::<BeforeUnloadEvent>()
            {
                event.prevent_default();
                event.set_return_value("1");
            }
        });
        this.tick(&window, tell.clone());
        focused(tell);
        this
    }

    fn on(&mut self, target: &EventTarget, name: &'static str, capture: bool, handle: impl FnMut(Event) + 'static) {
        let handler: Handler = Closure::new(handle);
        let options = AddEventListenerOptions::new();
        options.set_capture(capture);
        let added = target.add_event_listener_with_callback_and_add_event_listener_options(
            name,
            handler.as_ref().unchecked_ref(),
            &options,
        );
        if added.is_ok() {
            self.held.push((target.clone(), name, handler));
        }
    }

    fn watch_width(&mut self, window: &web_sys::Window, tell: &Callback<Msg>) {
        let Ok(Some(query)) = window.match_media(NARROW) else {
            return;
        };
        tell.emit(Msg::See(See::Narrow(query.matches())));
        let (tell, changed) = (tell.clone(), query.clone());
        self.on(&query, "change", false, move |_| tell.emit(Msg::See(See::Narrow(changed.matches()))));
    }

    fn tick(&mut self, window: &web_sys::Window, tell: Callback<Msg>) {
        let handler: Closure<dyn FnMut()> = Closure::new(move || tell.emit(Msg::See(See::Tick)));
        let set =
            window.set_interval_with_callback_and_timeout_and_arguments_0(handler.as_ref().unchecked_ref(), TICK_MS);
        if let Ok(id) = set {
            self.timer = Some((id, handler));
        }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for (target, name, handler) in &self.held {
            for capture in [false, true] {
                // Nothing can be done about a listener that is gone already.
                let _ = target.remove_event_listener_with_callback_and_bool(
                    name,
                    handler.as_ref().unchecked_ref(),
                    capture,
                );
            }
        }
        if let (Some(window), Some((id, _))) = (web_sys::window(), &self.timer) {
            window.clear_interval_with_handle(*id);
        }
    }
}

/// Whether the pointer moved: browsers also tell of a still one when the page moves below it.
fn moved(event: &JsValue) -> bool {
    let by = |axis: &str| js_sys::Reflect::get(event, &JsValue::from_str(axis)).ok().and_then(|by| by.as_f64());
    by("movementX") != Some(0.0) || by("movementY") != Some(0.0)
}

fn focused(tell: &Callback<Msg>) {
    let document = web_sys::window().and_then(|window| window.document());
    let focused = document.is_some_and(|document| !document.hidden() && document.has_focus().unwrap_or(true));
    tell.emit(Msg::See(See::Focused(focused)));
}

fn pressed(event: &Event, tell: &Callback<Msg>) {
    let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
        return;
    };
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    // A dialog has the keys to itself.
    let in_dialog = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector("dialog[open]").ok().flatten())
        .is_some();
    let scrolls = event.key().starts_with("Arrow")
        && target.as_ref().is_some_and(|target| target.closest("#scroll").ok().flatten().is_some());
    if in_dialog || scrolls || event.default_prevented() {
        return;
    }
    let press = Press {
        key: event.key(),
        code: event.code(),
        alt: event.alt_key(),
        control: event.ctrl_key() || event.meta_key(),
        in_text: target.as_ref().is_some_and(takes_text),
        composing: is_composing(event),
    };
    if is_shortcut(&press) {
        if press.key != "Escape" {
            event.prevent_default();
        }
        tell.emit(Msg::See(See::Key(press)));
    }
}

fn takes_text(element: &HtmlElement) -> bool {
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => {
            let kind = element.dyn_ref::<HtmlInputElement>().map(HtmlInputElement::type_);
            !matches!(kind.as_deref(), Some("button" | "checkbox" | "radio" | "submit"))
        }
        _ => element.is_content_editable(),
    }
}

/// Whether an input method is at work, so that Enter and letters are its own. Safari reports the Enter that
/// ends a composition only by the old key code.
pub(crate) fn is_composing(event: &KeyboardEvent) -> bool {
    let old: &JsValue = event.as_ref();
    let code = js_sys::Reflect::get(old, &JsValue::from_str("keyCode")).ok().and_then(|code| code.as_f64());
    event.is_composing() || code == Some(229.0)
}
