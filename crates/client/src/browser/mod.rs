//! Carries a [`Client`]'s effects out with the browser's WebSocket, fetch, timers and storage.
//!
//! Bindings are written by hand and every callback has one type, because each costs bytes in the widget.

mod http;
mod js;
mod lock;
mod storage;

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use protocol::command::Command;
use protocol::ids::{Cmid, ConversationId, VisitorId};
use wasm_bindgen::prelude::{Closure, JsValue};

use crate::client::{ClientEvent, Config, Effect};
use crate::connection::{Client, Input, Tick, TimerId};
pub use http::{Aborter, Request, abort, load as load_blob, send as send_request};
pub use js::Callback;
use storage::{Storage, Told};

/// Milliseconds of a steady clock.
pub fn now() -> u64 {
    js::performance_now() as u64
}

/// Wall clock, Unix milliseconds.
pub fn wall() -> i64 {
    js::date_now() as i64
}

/// Address of this page.
pub fn href() -> String {
    js::href()
}

/// A text of `localStorage`; `None` when there is none or storage is refused.
pub fn stored(key: &str) -> Option<String> {
    js::get_item(key).ok().flatten()
}

/// Keeps a text in `localStorage`; `false` when storage is refused.
pub fn store(key: &str, text: &str) -> bool {
    js::set_item(key, text).is_ok()
}

/// A new id of a send.
pub fn new_cmid() -> Cmid {
    let mut bytes = [0u8; 16];
    js::random(&mut bytes);
    Cmid::fresh(wall(), bytes)
}

/// Makes a callback of the one type all callbacks have.
pub fn callback(call: impl FnMut(JsValue) + 'static) -> Callback {
    Closure::wrap(Box::new(call))
}

fn tick() -> Tick {
    let mut bytes = [0u8; 4];
    js::random(&mut bytes);
    Tick { now: now(), wall: wall(), random: u32::from_le_bytes(bytes) }
}

type Handler = Box<dyn FnMut(ClientEvent)>;

struct Shared {
    client: RefCell<Client>,
    effects: RefCell<Vec<Effect>>,
    running: Cell<bool>,
    handler: RefCell<Handler>,
    storage: Rc<Storage>,
    socket: Cell<Option<js::WebSocket>>,
    poll: Cell<Option<Aborter>>,
    timers: [Cell<i32>; TimerId::ALL.len()],
    /// Made once: socket opened, text, closed; timer; network or page woke up.
    callbacks: RefCell<Vec<Callback>>,
}

const OPENED: usize = 0;
const TEXT: usize = 1;
const CLOSED: usize = 2;
const TIMER: usize = 3;
const ONLINE: usize = 4;
const VISIBLE: usize = 5;

/// A running client. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Driver(Rc<Shared>);

impl Driver {
    /// A client that is not connected yet. `older` is the prefix of the keys under which an older build kept
    /// unsent messages. `handler` is never called from within a call of a method of the driver that it made
    /// itself.
    pub fn new(config: Config, older: String, handler: Handler) -> Self {
        let storage = Storage::new(config.scope.clone(), older);
        let driver = Self(Rc::new(Shared {
            client: RefCell::new(Client::new(config)),
            effects: RefCell::default(),
            running: Cell::new(false),
            handler: RefCell::new(handler),
            storage: storage.clone(),
            socket: Cell::new(None),
            poll: Cell::new(None),
            timers: Default::default(),
            callbacks: RefCell::default(),
        }));
        let told = driver.clone();
        storage.listen(Rc::new(move |what: Told<'_>| {
            told.input(match what {
                Told::Loaded(lines) => Input::Loaded(lines),
                Told::Changed => Input::Changed,
                Told::NotKept => Input::NotKept,
                Told::Owner => Input::Owner,
            });
        }));
        driver.make_callbacks();
        driver
    }

    /// See [`Client::open`].
    pub fn open(&self, visitor: Option<VisitorId>) {
        self.with(|client, tick| client.open(visitor, tick));
    }

    /// Connects.
    pub fn start(&self) {
        self.input(Input::Start);
    }

    /// Disconnects and stays so until the next start.
    pub fn stop(&self) {
        self.input(Input::Stop);
    }

    /// Brings a new visitor token; connect with [`Driver::start`] after `NeedToken`.
    pub fn set_token(&self, token: String) {
        self.with(|client, _| client.set_token(token));
    }

    /// See [`Client::send`].
    pub fn send(&self, command: &Command) -> u64 {
        let mut id = 0;
        self.with(|client, tick| id = client.send(command, tick));
        id
    }

    /// See [`Client::post`].
    pub fn post(&self, command: &Command) {
        self.with(|client, tick| client.post(command, tick));
    }

    /// See [`Client::retry`].
    pub fn retry(&self, cmid: Cmid) {
        self.with(|client, tick| client.retry(cmid, tick));
    }

    /// See [`Client::discard`].
    pub fn discard(&self, cmid: Cmid) -> bool {
        let mut done = false;
        self.with(|client, tick| done = client.discard(cmid, tick));
        done
    }

    /// See [`Client::forget`].
    pub fn forget(&self, conversation: ConversationId) {
        self.with(|client, _| client.forget(conversation));
    }

    /// See [`Client::clear`].
    pub fn clear(&self) {
        self.with(|client, _| client.clear());
    }

    fn input(&self, input: Input<'_>) {
        self.with(|client, tick| client.handle(input, tick));
    }

    fn with(&self, step: impl FnOnce(&mut Client, &Tick)) {
        if let (Ok(mut client), Ok(mut effects)) = (self.0.client.try_borrow_mut(), self.0.effects.try_borrow_mut()) {
            step(&mut client, &tick());
            effects.extend(client.take_effects());
        }
        self.run();
    }

    /// Carries effects out one by one. A call from within the handler only queues: order is kept.
    fn run(&self) {
        if self.0.running.replace(true) {
            return;
        }
        loop {
            let batch = self.0.effects.try_borrow_mut();
            let batch = batch.map(|mut it| core::mem::take(&mut *it)).unwrap_or_default();
            if batch.is_empty() {
                break;
            }
            batch.into_iter().for_each(|effect| self.carry_out(effect));
        }
        self.0.running.set(false);
    }

    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::OpenSocket => self.open_socket(),
            Effect::CloseSocket(code) => self.close_socket(code),
            Effect::SendText(text) => {
                if let Some(socket) = self.0.socket.take() {
                    // A socket that cannot send reports its end by itself.
                    let _ = socket.send(&text);
                    self.0.socket.set(Some(socket));
                }
            }
            Effect::Poll { number, body } => self.poll(number, &body),
            Effect::AbortPoll => {
                if let Some(aborter) = self.0.poll.take() {
                    abort(&aborter);
                }
            }
            Effect::PostCommands { number, body } => {
                let driver = self.clone();
                self.request(crate::COMMANDS_PATH, &body, move |status, text| {
                    driver.input(Input::CommandsDone { number, status, text });
                });
            }
            Effect::SetTimer { timer, after_ms } => self.set_timer(timer, after_ms),
            Effect::ClearTimer(timer) => self.clear_timer(timer),
            Effect::Own(name) => self.0.storage.own(&name),
            Effect::Load => self.0.storage.load(),
            Effect::Keep { cmid, text } => self.0.storage.keep(cmid, text),
            Effect::Drop(cmid) => self.0.storage.drop(cmid),
            Effect::Tell(event) => self.tell(event),
        }
    }

    fn tell(&self, event: ClientEvent) {
        if let Ok(mut handler) = self.0.handler.try_borrow_mut() {
            handler(event);
        }
    }

    fn request(&self, path: &str, body: &str, done: impl FnMut(u16, &str) + 'static) -> Option<Aborter> {
        let token = self.0.client.try_borrow().ok().and_then(|client| client.token().map(String::from));
        send_request(&Request { path, body: Some(body), token: token.as_deref() }, done)
    }

    fn poll(&self, number: u32, body: &str) {
        let driver = self.clone();
        let aborter = self.request(crate::POLL_PATH, body, move |status, text| {
            driver.input(Input::PollDone { number, status, text });
        });
        self.0.poll.set(aborter);
    }

    fn set_timer(&self, timer: TimerId, after_ms: u64) {
        self.clear_timer(timer);
        let after = i32::try_from(after_ms).unwrap_or(i32::MAX);
        if let (Some(slot), Ok(callbacks)) = (self.0.timers.get(timer as usize), self.0.callbacks.try_borrow())
            && let Some(callback) = callbacks.get(TIMER)
        {
            slot.set(js::set_timeout(callback, after, timer as i32));
        }
    }

    fn clear_timer(&self, timer: TimerId) {
        if let Some(slot) = self.0.timers.get(timer as usize) {
            let id = slot.replace(0);
            if id != 0 {
                js::clear_timeout(id);
            }
        }
    }

    fn open_socket(&self) {
        let origin = js::origin();
        // http -> ws, https -> wss
        let mut url = String::from("ws");
        url.push_str(origin.get(4..).unwrap_or(""));
        url.push_str(crate::SOCKET_PATH);
        match js::WebSocket::new(&url) {
            Ok(socket) => {
                if let Ok(callbacks) = self.0.callbacks.try_borrow() {
                    socket.set_onopen(callbacks.get(OPENED));
                    socket.set_onmessage(callbacks.get(TEXT));
                    socket.set_onclose(callbacks.get(CLOSED));
                }
                self.0.socket.set(Some(socket));
            }
            Err(_) => self.later_closed(),
        }
    }

    /// No socket could be made at all (a policy forbids it): the same as one that closed.
    fn later_closed(&self) {
        if let (Ok(mut client), Ok(mut effects)) = (self.0.client.try_borrow_mut(), self.0.effects.try_borrow_mut()) {
            client.handle(Input::SocketClosed(1006), &tick());
            effects.extend(client.take_effects());
        }
    }

    fn close_socket(&self, code: u16) {
        if let Some(socket) = self.0.socket.take() {
            socket.set_onopen(None);
            socket.set_onmessage(None);
            socket.set_onclose(None);
            // It may be closed already.
            let _ = socket.close(code);
        }
    }

    fn make_callbacks(&self) {
        let make = |call: fn(&Driver, JsValue)| {
            let driver = self.clone();
            callback(move |value| call(&driver, value))
        };
        let callbacks = alloc::vec![
            make(|driver, _| driver.input(Input::SocketOpened)),
            make(|driver, event| {
                if let Some(text) = js::data(&event) {
                    driver.input(Input::SocketText(&text));
                }
            }),
            make(|driver, event| driver.input(Input::SocketClosed(js::code(&event)))),
            make(|driver, value| {
                let number = value.as_f64().unwrap_or(-1.0) as usize;
                if let Some(timer) = TimerId::ALL.get(number) {
                    driver.input(Input::Timer(*timer));
                }
            }),
            make(|driver, _| driver.input(Input::Online)),
            make(|driver, _| driver.input(Input::Visible)),
        ];
        let listen = |name: &str, index: usize, on_document: bool| {
            if let Some(callback) = callbacks.get(index) {
                if on_document {
                    js::listen_on_document(name, callback);
                } else {
                    js::listen_on_window(name, callback);
                }
            }
        };
        listen("online", ONLINE, false);
        listen("pageshow", VISIBLE, false);
        listen("visibilitychange", VISIBLE, true);
        listen("resume", VISIBLE, true);
        if let Ok(mut mine) = self.0.callbacks.try_borrow_mut() {
            *mine = callbacks;
        }
    }
}
