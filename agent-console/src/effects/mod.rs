//! Carries out what the model asks of the browser, and tells the model what happens there.

mod answers;
mod http;
mod listen;
mod notices;
/// What is left to do when the console itself failed.
pub(crate) mod panic;
mod place;
mod sound;
mod storage;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use client::Config;
use client::browser::{Driver, new_cmid, wall};
use protocol::command::Command;
use protocol::ids::{Cmid, TenantId};
use web_sys::File;
use yew::Callback;

use crate::model::msg::Net;
use crate::model::{Effect, Model, Msg};
use answers::Answers;
use listen::Listeners;
use notices::Notices;
use sound::Sound;
use storage::Drafts;

pub(crate) use answers::Files;
pub(crate) use listen::is_composing;
pub(crate) use storage::load_prefs;

/// Client time, Unix milliseconds.
pub(crate) fn now() -> i64 {
    wall()
}

/// A fresh id of a send.
pub(crate) fn fresh() -> Cmid {
    new_cmid()
}

/// The browser, as far as the console uses it.
pub(crate) struct World {
    tell: Callback<Msg>,
    driver: Option<Driver>,
    answers: Rc<Answers>,
    files: Files,
    sound: Sound,
    notices: Notices,
    drafts: Rc<RefCell<Option<Drafts>>>,
    uploading: Rc<RefCell<usize>>,
    /// What waits for the next drawing, because it is about what will be drawn.
    later: Vec<Effect>,
    _listeners: Listeners,
}

impl World {
    /// The browser, telling through `tell`; `files` holds chosen files by their send.
    pub(crate) fn new(tell: Callback<Msg>, files: Files) -> Self {
        let drafts = Rc::new(RefCell::new(None));
        let uploading = Rc::new(RefCell::new(0));
        let sound = Sound::new(tell.clone());
        let listeners = Listeners::new(&tell, &drafts, &uploading, &sound);
        tell.emit(Msg::Net(Net::Permission(notices::permission())));
        Self {
            notices: Notices::new(tell.clone()),
            answers: Rc::new(Answers::new(tell.clone())),
            tell,
            driver: None,
            files,
            sound,
            drafts,
            uploading,
            later: Vec::new(),
            _listeners: listeners,
        }
    }

    /// Carries effects out, except those that wait for the next drawing.
    pub(crate) fn run(&mut self, effects: Vec<Effect>, model: &Model) {
        *self.uploading.borrow_mut() = model.uploads.iter().filter(|upload| !upload.broken).count();
        for effect in effects {
            match effect {
                Effect::Focus(_) | Effect::RevealRow(_) | Effect::ToEnd => self.later.push(effect),
                Effect::Connect(tenant) => self.connect(tenant, model),
                Effect::Upload(cmid, conversation) => {
                    http::upload(&self.tell, &self.files, cmid, (conversation, model.tenant));
                }
                effect => self.one(effect),
            }
        }
    }

    /// Carries out what waited for a drawing.
    pub(crate) fn drawn(&mut self) {
        for effect in std::mem::take(&mut self.later) {
            place::run(&effect);
        }
    }

    fn one(&mut self, effect: Effect) {
        match effect {
            Effect::LoadMe => http::load_me(&self.tell),
            Effect::Send(command) => self.send(command),
            Effect::Post(post) => self.with(|driver| driver.post(&Command::Post(post))),
            Effect::Resend(cmid) => self.with(|driver| driver.retry(cmid)),
            Effect::Discard(cmid) => self.with(|driver| {
                driver.discard(cmid);
            }),
            Effect::Unwatch(conversation) => {
                self.with(|driver| driver.forget(conversation));
                self.send(Command::Unwatch(protocol::command::Unwatch { conversation }));
            }
            Effect::Retry => self.with(|driver| {
                driver.stop();
                driver.start();
            }),
            Effect::DropUpload(cmid) => {
                self.files.borrow_mut().remove(&cmid);
            }
            Effect::SaveDraft(conversation, text) => {
                if let Some(drafts) = &*self.drafts.borrow() {
                    drafts.save(conversation, &text);
                }
            }
            Effect::SavePrefs(prefs) => storage::save_prefs(&prefs),
            Effect::Ring(on) => self.sound.ring(on),
            Effect::Chime => self.sound.chime(),
            Effect::Title(title) => place::title(&title),
            Effect::Notify { conversation, title, body } => self.notices.show(conversation, &title, &body),
            Effect::ClearNotices => self.notices.clear(),
            Effect::AskNotices => self.notices.ask(),
            Effect::SignOut => http::sign_out(),
            Effect::GoSignIn => place::go("/sign-in?next=/console"),
            Effect::Reload => place::reload(),
            Effect::Language(tag) => place::language(tag),
            Effect::Connect(_) | Effect::Upload(..) | Effect::Focus(_) | Effect::RevealRow(_) | Effect::ToEnd => {}
        }
    }

    fn with(&self, act: impl FnOnce(&Driver)) {
        if let Some(driver) = &self.driver {
            act(driver);
        }
    }

    fn send(&self, command: Command) {
        if let Some(driver) = &self.driver {
            let id = driver.send(&command);
            self.answers.expect(id, command);
        }
    }

    fn connect(&mut self, tenant: TenantId, model: &Model) {
        self.with(Driver::stop);
        self.answers.retire();
        let Some(agent) = model.me().and_then(|me| me.membership(tenant)).map(|one| one.agent) else {
            return;
        };
        let drafts = Drafts::new(agent);
        self.tell.emit(Msg::Net(Net::Drafts(drafts.load())));
        *self.drafts.borrow_mut() = Some(drafts);
        let answers = Rc::new(Answers::new(self.tell.clone()));
        // One outbox for each agent: nobody sends what somebody else wrote at this desk.
        let config = Config { client: new_cmid(), token: None, tenant: Some(tenant), scope: agent.to_string() };
        let listener = answers.clone();
        let older = format!("frontdesk.outbox.{agent}.");
        let driver = Driver::new(config, older, Box::new(move |event| listener.hear(event)));
        driver.open(None);
        driver.start();
        self.answers = answers;
        self.driver = Some(driver);
    }
}

/// Files chosen but not uploaded.
pub(crate) type FileMap = HashMap<Cmid, File>;
