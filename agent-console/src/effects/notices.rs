//! Desktop notices.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::ids::ConversationId;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Notification, NotificationOptions, NotificationPermission};
use yew::Callback;

use crate::model::msg::{Do, Net};
use crate::model::{Msg, Permission};

type Shown = (Notification, Closure<dyn FnMut()>);

/// The notices shown now.
pub(super) struct Notices {
    tell: Callback<Msg>,
    shown: Rc<RefCell<Vec<Shown>>>,
}

/// Whether notices may be shown.
pub(super) fn permission() -> Permission {
    let has =
        web_sys::window().is_some_and(|window| js_sys::Reflect::has(&window, &"Notification".into()).unwrap_or(false));
    if !has {
        return Permission::Unsupported;
    }
    match Notification::permission() {
        NotificationPermission::Granted => Permission::Granted,
        NotificationPermission::Denied => Permission::Denied,
        _ => Permission::Ask,
    }
}

impl Notices {
    pub(super) fn new(tell: Callback<Msg>) -> Self {
        Self { tell, shown: Rc::default() }
    }

    /// Asks the person; only ever called from a button.
    pub(super) fn ask(&self) {
        let tell = self.tell.clone();
        if permission() == Permission::Unsupported {
            return;
        }
        let Ok(asked) = Notification::request_permission() else {
            return;
        };
        spawn_local(async move {
            // The answer is read from the browser, whatever the promise says.
            let _ = JsFuture::from(asked).await;
            tell.emit(Msg::Net(Net::Permission(permission())));
        });
    }

    /// Shows a notice; a newer one about the same conversation replaces it.
    pub(super) fn show(&self, conversation: ConversationId, title: &str, body: &str) {
        if permission() != Permission::Granted {
            return;
        }
        let options = NotificationOptions::new();
        options.set_body(body);
        options.set_tag(&conversation.to_string());
        // Some phones have the interface and refuse to use it.
        let Ok(notice) = Notification::new_with_options(title, &options) else {
            return;
        };
        let tell = self.tell.clone();
        let clicked: Closure<dyn FnMut()> = Closure::new(move || {
            if let Some(window) = web_sys::window() {
                // Coming to the front may be refused; the conversation is opened all the same.
                let _ = window.focus();
            }
            tell.emit(Msg::Do(Do::Open(conversation)));
        });
        notice.set_onclick(Some(clicked.as_ref().unchecked_ref()));
        self.shown.borrow_mut().push((notice, clicked));
    }

    /// Takes all notices away.
    pub(super) fn clear(&self) {
        for (notice, _) in self.shown.borrow_mut().drain(..) {
            notice.set_onclick(None);
            notice.close();
        }
    }
}
