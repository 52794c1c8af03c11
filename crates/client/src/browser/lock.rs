//! A lock that one tab of the browser holds.

use alloc::rc::Rc;
use core::cell::RefCell;

use wasm_bindgen::prelude::JsValue;

use super::{callback, js};

/// A lock, held or wished for; given up when dropped.
pub(super) struct Lock {
    wish: js::AbortController,
    /// Settles the promise that holds the lock.
    release: JsValue,
}

impl Lock {
    /// Asks for a lock. Where there are no locks it is granted to everybody, at once.
    pub(super) fn request(name: &str, granted: Rc<dyn Fn()>) -> Self {
        let release = Rc::new(RefCell::new(JsValue::UNDEFINED));
        let slot = release.clone();
        let held = js::Promise::new(&callback(move |resolve| *slot.borrow_mut() = resolve));
        let wish = js::AbortController::new();
        let lock = Self { release: release.take(), wish };
        let Ok(options) = js::parse("{}") else {
            return lock;
        };
        let signal = lock.wish.signal();
        js::cast::<js::Init>(&options).set_signal(&signal);
        let grant = {
            let granted = granted.clone();
            js::granted(move || {
                granted();
                held.clone().into()
            })
        };
        let Ok(request) = js::request_lock(name, &options, &grant) else {
            granted();
            return lock;
        };
        let refused = callback(move |_| {
            if !js::cast::<js::Signal>(&signal).aborted() {
                granted();
            }
        });
        request.then(&callback(|_| {}).into_js_value(), &refused.into_js_value());
        lock
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.wish.abort();
        js::call(&self.release);
    }
}
