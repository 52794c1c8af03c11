//! The connection and who the visitor is.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use client::Config;
use client::browser::{self, Driver, LocalStorage, Request};
use protocol::codec::to_json;
use protocol::command::Command;
use protocol::frame::VisitorRequest;
use protocol::ids::VisitorId;

use super::app::App;
use crate::state::Msg;

impl App {
    pub(super) fn become_visitor(self: &Rc<Self>, token: Option<&str>) {
        let site = self.model.try_borrow().map_or_else(|_| String::new(), |model| model.config.site.key.clone());
        let body = to_json(&VisitorRequest { site, token: token.map(ToString::to_string) });
        let request = Request { path: "/v1/visitor", body: Some(&body), token: None };
        let app = Rc::clone(self);
        browser::send_request(&request, move |status, text| {
            let text = text.to_string();
            app.send(Msg::Visitor { status, text });
        });
    }

    pub(super) fn with_driver(&self, call: impl FnOnce(&Driver)) {
        let driver = self.driver.try_borrow().ok().and_then(|slot| slot.as_ref().map(|(_, driver)| driver.clone()));
        if let Some(driver) = driver {
            call(&driver);
        }
    }

    /// Connects as `visitor`; the same visitor goes on with a new token.
    pub(super) fn connect(self: &Rc<Self>, token: String, visitor: VisitorId) {
        let mut same = false;
        self.with_driver(|driver| {
            same = self
                .driver
                .try_borrow()
                .is_ok_and(|slot| slot.as_ref().is_some_and(|(connected, _)| *connected == visitor));
            if same {
                driver.set_token(token.clone());
                driver.start();
            } else {
                driver.stop();
            }
        });
        if same {
            return;
        }
        let app = Rc::clone(self);
        let config = Config { client: browser::new_cmid(), token: Some(token), tenant: None };
        let mut prefix = String::from("frontdesk:out:");
        prefix.push_str(&visitor.text());
        prefix.push(':');
        let storage = Box::new(LocalStorage::new(prefix));
        let driver = Driver::new(config, storage, Box::new(move |event| app.send(Msg::Client(event))));
        driver.each_unsent(&mut |item| {
            let msg = match (&item.outgoing.command, item.pending()) {
                (Command::LeaveMessage(message), _) => Msg::Leaving(message.cmid),
                (_, Some(pending)) => Msg::Unsent(item.conversation(), pending),
                _ => return,
            };
            self.send(msg);
        });
        if let Ok(mut slot) = self.driver.try_borrow_mut() {
            *slot = Some((visitor, driver));
        }
        let early = self.early.try_borrow_mut().map(|mut early| core::mem::take(&mut *early));
        for command in early.unwrap_or_default() {
            self.with_driver(|driver| driver.post(command));
        }
        self.with_driver(Driver::start);
    }

    pub(super) fn post(&self, command: Command) {
        let connected = self.driver.try_borrow().is_ok_and(|slot| slot.is_some());
        if connected {
            self.with_driver(|driver| driver.post(command));
        } else if let Ok(mut early) = self.early.try_borrow_mut() {
            early.push(command);
        }
    }

    /// Nothing of this visitor stays in the browser.
    pub(super) fn forget(&self) {
        self.with_driver(|driver| {
            driver.stop();
            let mut unsent = Vec::new();
            driver.each_unsent(&mut |item| unsent.extend(item.cmid()));
            for cmid in unsent {
                driver.discard(cmid);
            }
        });
    }
}
