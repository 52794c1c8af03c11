//! The running widget.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use client::browser::{self, Callback, Driver};
use protocol::command::Command;
use protocol::ids::VisitorId;
use protocol::site::FrameConfig;
use wasm_bindgen::prelude::JsValue;

use super::dom::Live;
use super::files::Chosen;
use super::host::Meeting;
use super::js::{self, Dom};
use crate::state::{Effect, Env, Model, Msg, Screen, Timer};
use crate::view::view;

/// Everything that runs.
pub(super) struct App {
    pub(super) model: RefCell<Model>,
    tree: RefCell<Live>,
    queue: RefCell<Vec<Msg>>,
    busy: Cell<bool>,
    pub(super) driver: RefCell<Option<(VisitorId, Driver)>>,
    /// Sends made before there was a connection to be had.
    pub(super) early: RefCell<Vec<Command>>,
    pub(super) chosen: RefCell<Vec<Chosen>>,
    pub(super) meeting: Meeting,
    pub(super) callbacks: RefCell<Vec<Callback>>,
    /// Where the log stood when it was last scrolled.
    pub(super) scroll_top: Cell<f64>,
    timers: [Cell<i32>; Timer::ALL.len()],
    timer_callback: RefCell<Option<Callback>>,
}

/// Minutes to add to UTC at a moment.
fn offset(at: i64) -> i64 {
    -i64::from(js::Date::new(at as f64).offset())
}

impl App {
    pub(super) fn new(config: FrameConfig, body: &Dom) -> Rc<Self> {
        let root = js::create("div");
        root.set_attribute("id", "app");
        let picker = js::create("input");
        for (name, value) in [("type", "file"), ("id", "picker"), ("multiple", ""), ("hidden", "")] {
            picker.set_attribute(name, value);
        }
        body.insert_before(&root, None);
        body.insert_before(&picker, None);
        let meeting = Meeting::new(&config, body);
        let language = js::query("html").and_then(|html| html.get_attribute("lang"));
        let language = language.unwrap_or_default();
        let model = Model::new(config, &language, meeting.alone(), offset);
        let app = Rc::new(Self {
            model: RefCell::new(model),
            tree: RefCell::new(Live::root(root)),
            queue: RefCell::default(),
            busy: Cell::new(false),
            driver: RefCell::new(None),
            early: RefCell::default(),
            chosen: RefCell::default(),
            meeting,
            callbacks: RefCell::default(),
            scroll_top: Cell::new(0.0),
            timers: Default::default(),
            timer_callback: RefCell::new(None),
        });
        let again = Rc::clone(&app);
        let callback = browser::callback(move |value| {
            let number = value.as_f64().unwrap_or(-1.0) as usize;
            if let Some(timer) = Timer::ALL.get(number) {
                again.send(Msg::Timer(*timer));
            }
        });
        if let Ok(mut slot) = app.timer_callback.try_borrow_mut() {
            *slot = Some(callback);
        }
        app.dress();
        app.render();
        app
    }

    /// A callback that stays for the life of the page.
    pub(super) fn keep(self: &Rc<Self>, call: fn(&Rc<App>, &JsValue)) -> Callback {
        let app = Rc::clone(self);
        browser::callback(move |value| call(&app, &value))
    }

    /// Applies a message, shows what follows and does what is asked. Messages that come meanwhile wait.
    pub(super) fn send(self: &Rc<Self>, msg: Msg) {
        if let Ok(mut queue) = self.queue.try_borrow_mut() {
            queue.push(msg);
        }
        if self.busy.replace(true) {
            return;
        }
        loop {
            let batch = self.queue.try_borrow_mut().map(|mut queue| core::mem::take(&mut *queue)).unwrap_or_default();
            if batch.is_empty() {
                break;
            }
            for msg in batch {
                self.apply(msg);
            }
        }
        self.busy.set(false);
    }

    fn apply(self: &Rc<Self>, msg: Msg) {
        let env = Env { now: browser::now(), wall: browser::wall(), cmid: browser::new_cmid() };
        let effects = match self.model.try_borrow_mut() {
            Ok(mut model) => {
                model.update(msg, &env);
                model.take_effects()
            }
            Err(_) => Vec::new(),
        };
        self.render();
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn render(&self) {
        if let (Ok(model), Ok(mut tree)) = (self.model.try_borrow(), self.tree.try_borrow_mut()) {
            tree.show(&view(&model, browser::wall()));
            if model.at_end && matches!(model.screen, Screen::Thread(_)) {
                scroll_to_end();
            }
        }
    }

    fn carry_out(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::BecomeVisitor(token) => self.become_visitor(token.as_deref()),
            Effect::Connect { token, visitor } => self.connect(token, visitor),
            Effect::Forget => self.forget(),
            Effect::Send(command) => self.with_driver(|driver| {
                driver.send(command);
            }),
            Effect::Post(command) => self.post(command),
            Effect::Retry(cmid) => self.with_driver(|driver| driver.retry(cmid)),
            Effect::Discard(cmid) => self.with_driver(|driver| {
                driver.discard(cmid);
            }),
            Effect::Host(text) => self.tell_host(&text),
            Effect::Focus(id) => focus(id),
            Effect::SetValue(id, value) => set_value(id, &value),
            Effect::ScrollToEnd => scroll_to_end(),
            Effect::Later(timer, after_ms) => self.later(timer, after_ms),
            Effect::PickFiles => {
                if let Some(picker) = js::query("#picker") {
                    picker.click();
                }
            }
            Effect::Upload { number, conversation, name } => self.upload(number, conversation, &name),
            Effect::DropFile(number) => self.drop_file(number),
            Effect::LoadPicture(attachment) => self.load_picture(attachment),
            Effect::Download(attachment, name) => self.download(attachment, name),
            Effect::Dress => self.dress(),
            Effect::Reload => js::reload(),
        }
    }

    fn later(&self, timer: Timer, after_ms: u64) {
        let Some(slot) = self.timers.get(timer as usize) else {
            return;
        };
        js::clear_timeout(slot.get());
        if let Ok(callback) = self.timer_callback.try_borrow()
            && let Some(callback) = &*callback
        {
            let after = i32::try_from(after_ms).unwrap_or(i32::MAX);
            slot.set(js::set_timeout(callback, after, timer as i32));
        }
    }

    /// Language, colour scheme and accent colour of the whole document.
    fn dress(&self) {
        let (Ok(model), Some(html)) = (self.model.try_borrow(), js::query("html")) else {
            return;
        };
        html.set_attribute("lang", model.locale.tag());
        html.set_attribute("data-theme", model.theme.as_str());
        let style = html.style();
        style.set_property("--accent", &model.config.site.color);
        style.set_property("--on-accent", model.on_accent());
    }
}

/// The words on the accent colour, and everything else that needs the newest message in view.
pub(super) fn scroll_to_end() {
    if let Some(log) = js::query("#log") {
        log.set_scroll_top(log.scroll_height());
    }
}

fn focus(id: &str) {
    let selector = match id {
        "first" => "form input,form textarea",
        "top" => "main",
        "composer" => "#composer",
        "keep" => "#keep",
        "name" => "#name",
        "email" => "#email",
        "text" => "#text",
        _ => "#main",
    };
    let Some(found) = js::query(selector) else {
        return;
    };
    // On a touch screen the keyboard would cover half of what was just opened.
    let writes = matches!(id, "first" | "composer");
    let touch = found.owner_document().default_view().match_media("(pointer:coarse)").matches();
    if writes && touch && js::query("textarea:focus,input:focus").is_none() {
        return;
    }
    found.focus();
}

fn set_value(id: &str, value: &str) {
    let mut selector = String::from("#");
    selector.push_str(id);
    if let Some(input) = js::query(&selector) {
        if input.value() != value {
            input.set_value(value);
        }
        if id == "composer" {
            grow(&input);
        }
    }
}

/// Makes the composer as high as what is in it; the stylesheet says where to stop.
pub(super) fn grow(input: &Dom) {
    let style = input.style();
    style.set_property("height", "auto");
    let mut height = crate::texts::number(input.scroll_height() as u64);
    height.push_str("px");
    style.set_property("height", &height);
}
