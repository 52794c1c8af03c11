//! Where unsent messages survive a reload, and how the tabs of a browser share them: IndexedDB, where that is
//! refused `localStorage`, where that is refused too nothing.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use protocol::ids::Cmid;
use wasm_bindgen::prelude::JsValue;

use super::callback;
use super::js::{self, Callback};
use super::lock::Lock;

/// Keys of `localStorage`, where it stands in for IndexedDB.
const LOCAL: &str = "frontdesk.out.";
/// Behind every key of a scope.
const LAST: &str = "\u{ffff}";

/// What storage tells.
pub(super) enum Told<'a> {
    /// Everything it holds, a line each.
    Loaded(&'a str),
    /// Another tab changed something.
    Changed,
    /// It did not keep something.
    NotKept,
    /// This tab holds the lock.
    Owner,
}

type Listener = dyn Fn(Told<'_>);

enum Task {
    Load,
    /// Keep a text; it stands under the second key of `localStorage` until then.
    Keep(Cmid, String, Option<String>),
    Drop(Cmid),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Opening,
    /// Open, or found not to open: tasks may begin.
    Ready,
    /// A task is being begun; those that come meanwhile wait for their turn.
    Busy,
}

/// The part of storage that belongs to one outbox. Tasks take effect in the order given.
pub(super) struct Storage {
    scope: String,
    /// Prefix of the keys an older build wrote to `localStorage`.
    older: String,
    database: RefCell<Option<js::Database>>,
    /// What is not begun yet, oldest first.
    waiting: RefCell<VecDeque<Task>>,
    state: Cell<State>,
    channel: RefCell<Option<js::BroadcastChannel>>,
    lock: RefCell<Option<Lock>>,
    listener: RefCell<Option<Rc<Listener>>>,
    callbacks: RefCell<Vec<Callback>>,
}

impl Storage {
    pub(super) fn new(scope: String, older: String) -> Rc<Self> {
        Rc::new(Self {
            scope,
            older,
            database: RefCell::default(),
            waiting: RefCell::default(),
            state: Cell::new(State::Closed),
            channel: RefCell::default(),
            lock: RefCell::default(),
            listener: RefCell::default(),
            callbacks: RefCell::default(),
        })
    }

    /// Who is told. Called once, before anything is asked.
    pub(super) fn listen(&self, listener: Rc<Listener>) {
        *self.listener.borrow_mut() = Some(listener);
    }

    fn tell(&self, told: Told<'_>) {
        let listener = self.listener.borrow().clone();
        if let Some(listener) = listener {
            listener(told);
        }
    }

    pub(super) fn load(self: &Rc<Self>) {
        self.run(Task::Load);
    }

    pub(super) fn keep(self: &Rc<Self>, cmid: Cmid, text: String) {
        // At once first: the page may be closed before the database has it.
        let key = self.local_key(cmid);
        let at_once = js::set_item(&key, &text).is_ok().then_some(key);
        self.run(Task::Keep(cmid, text, at_once));
    }

    pub(super) fn drop(self: &Rc<Self>, cmid: Cmid) {
        self.run(Task::Drop(cmid));
    }

    /// Asks for a lock and gives up any other.
    pub(super) fn own(self: &Rc<Self>, name: &str) {
        let this = self.clone();
        let before = self.lock.take();
        drop(before);
        *self.lock.borrow_mut() = Some(Lock::request(name, Rc::new(move || this.tell(Told::Owner))));
    }

    fn key(&self, cmid: Cmid) -> String {
        [self.scope.as_str(), ".", &cmid.text()].concat()
    }

    fn local_key(&self, cmid: Cmid) -> String {
        [LOCAL, &self.key(cmid)].concat()
    }

    fn run(self: &Rc<Self>, task: Task) {
        self.waiting.borrow_mut().push_back(task);
        match self.state.get() {
            State::Closed => self.open(),
            State::Ready => self.begin_all(),
            State::Opening | State::Busy => {}
        }
    }

    fn begin_all(self: &Rc<Self>) {
        self.state.set(State::Busy);
        loop {
            let task = self.waiting.borrow_mut().pop_front();
            let Some(task) = task else {
                break;
            };
            self.begin(task);
        }
        self.state.set(State::Ready);
    }

    fn open(self: &Rc<Self>) {
        self.state.set(State::Opening);
        self.hear_others();
        let Ok(request) = js::open_database("frontdesk", 1) else {
            self.opened(None);
            return;
        };
        let opening = request.clone();
        let upgraded = callback(move |_| {
            // Fails only when it is there.
            let _ = js::cast::<js::Database>(&opening.result()).create_object_store("out");
        });
        let (this, opening) = (self.clone(), request.clone());
        let done = callback(move |_| this.opened(Some(opening.result())));
        let this = self.clone();
        let failed = callback(move |_| this.opened(None)).into_js_value();
        request.set_onupgradeneeded(&upgraded.into_js_value());
        request.set_onsuccess(&done.into_js_value());
        request.set_onerror(&failed);
        request.set_onblocked(&failed);
    }

    fn opened(self: &Rc<Self>, database: Option<JsValue>) {
        if self.state.get() != State::Opening {
            return;
        }
        if let Some(database) = database {
            *self.database.borrow_mut() = Some(js::cast::<js::Database>(&database).clone());
            for (key, text) in self.in_local() {
                let id = key.get(key.len().saturating_sub(36)..).and_then(Cmid::parse);
                if let Some(cmid) = id {
                    self.waiting.borrow_mut().push_front(Task::Keep(cmid, text, Some(key)));
                }
            }
        }
        self.begin_all();
    }

    /// What `localStorage` holds of this outbox: from an older build, or from when there was no database.
    fn in_local(&self) -> Vec<(String, String)> {
        let mine = [LOCAL, &self.scope, "."].concat();
        let mut found = Vec::new();
        let mut index = 0;
        while let Ok(Some(key)) = js::key_at(index) {
            if (key.starts_with(&mine) || key.starts_with(&self.older))
                && let Ok(Some(text)) = js::get_item(&key)
            {
                found.push((key, text));
            }
            index += 1;
        }
        found
    }

    fn begin(self: &Rc<Self>, task: Task) {
        let Some(database) = self.database.borrow().clone() else {
            self.run_local(task);
            return;
        };
        let mode = if matches!(task, Task::Load) { "readonly" } else { "readwrite" };
        let Ok(change) = database.transaction("out", mode) else {
            self.run_local(task);
            return;
        };
        let store = change.object_store("out");
        match task {
            Task::Load => {
                let prefix = [self.scope.as_str(), "."].concat();
                let Ok(request) = store.get_all(&js::bound(&prefix, &[prefix.as_str(), LAST].concat())) else {
                    self.run_local(task);
                    return;
                };
                let (this, result) = (self.clone(), request.clone());
                let done = callback(move |_| {
                    let mut lines = js::cast::<js::Texts>(&result.result()).join("\n");
                    this.in_local().iter().for_each(|(_, text)| lines.extend(["\n", text]));
                    this.tell(Told::Loaded(&lines));
                });
                request.set_onsuccess(&done.into_js_value());
            }
            Task::Keep(cmid, text, local) => {
                // Its failure is the transaction's.
                let _ = store.put(&text, &self.key(cmid));
                let this = self.clone();
                self.finish(&change, move |done| match (&local, done) {
                    (Some(key), true) => {
                        let _ = js::remove_item(key);
                    }
                    (None, false) => this.keep_local(cmid, &text),
                    _ => {}
                });
            }
            Task::Drop(cmid) => {
                let _ = store.delete(&self.key(cmid));
                self.finish(&change, |_| {});
                self.run_local(task);
            }
        }
    }

    /// Calls back when the transaction took effect, or not, and lets the other tabs know.
    fn finish(self: &Rc<Self>, change: &js::Transaction, then: impl Fn(bool) + 'static) {
        let then = Rc::new(then);
        let (this, failed) = (self.clone(), then.clone());
        let done = callback(move |_| {
            then(true);
            if let Some(channel) = &*this.channel.borrow() {
                channel.post_message(0);
            }
        });
        change.set_oncomplete(&done.into_js_value());
        change.set_onabort(&callback(move |_| failed(false)).into_js_value());
    }

    fn run_local(&self, task: Task) {
        match task {
            Task::Load => {
                let texts: Vec<String> = self.in_local().into_iter().map(|(_, text)| text).collect();
                self.tell(Told::Loaded(&texts.join("\n")));
            }
            Task::Keep(cmid, text, _) => self.keep_local(cmid, &text),
            Task::Drop(cmid) => {
                let older = [&self.older[..], &cmid.text()].concat();
                // Nothing can be done about it; a text sent again is stored once.
                let _ = js::remove_item(&self.local_key(cmid));
                let _ = js::remove_item(&older);
            }
        }
    }

    fn keep_local(&self, cmid: Cmid, text: &str) {
        if js::set_item(&self.local_key(cmid), text).is_err() {
            self.tell(Told::NotKept);
        }
    }

    /// Hears of changes: other tabs say so, or the browser does where `localStorage` is used.
    fn hear_others(self: &Rc<Self>) {
        let this = self.clone();
        let said = callback(move |_| this.tell(Told::Changed));
        if let Ok(channel) = js::BroadcastChannel::new(&[LOCAL, &self.scope].concat()) {
            channel.set_onmessage(&said);
            *self.channel.borrow_mut() = Some(channel);
        }
        js::listen_on_window("storage", &said);
        self.callbacks.borrow_mut().push(said);
    }
}
