//! Files to send, pictures to show, files to save.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use client::browser::{self, Request};
use protocol::ids::{AttachmentId, ConversationId};
use wasm_bindgen::prelude::JsValue;

use super::app::App;
use super::js::{self, Dom, Event, FileList, Transfer, Xhr, cast};
use crate::state::{Msg, NewFile};

/// A file the visitor chose.
pub(super) struct Chosen {
    number: u32,
    file: js::File,
    request: Option<Xhr>,
}

impl App {
    pub(super) fn dragging(self: &Rc<Self>, dragging: bool) {
        let now = self.model.try_borrow().is_ok_and(|model| model.dragging);
        if now != dragging {
            self.send(Msg::Dragging(dragging));
        }
    }

    /// Files chosen by the button.
    pub(super) fn picked(self: &Rc<Self>, picker: &Dom) {
        // An input holds its files under the same name as a paste or drop does.
        self.take_files(&cast::<Transfer>(picker).files());
        // So that the same file can be chosen again.
        picker.set_value("");
    }

    /// Takes files in; `false` when there are none.
    pub(super) fn take_files(self: &Rc<Self>, list: &FileList) -> bool {
        let mut new = Vec::new();
        if let Ok(mut chosen) = self.chosen.try_borrow_mut() {
            let mut index = 0;
            while let Some(file) = list.item(index) {
                index += 1;
                let number = chosen.last().map_or(0, |last| last.number) + 1;
                new.push(NewFile { number, name: file.name(), size: file.size() as u64 });
                chosen.push(Chosen { number, file, request: None });
            }
        }
        let some = !new.is_empty();
        if some {
            self.send(Msg::Files(new));
        }
        some
    }

    pub(super) fn drop_file(&self, number: u32) {
        if let Ok(mut chosen) = self.chosen.try_borrow_mut()
            && let Some(it) = chosen.iter_mut().find(|it| it.number == number)
        {
            if let Some(request) = it.request.take() {
                request.abort();
            }
            chosen.retain(|it| it.number != number);
        }
    }

    fn token(&self) -> String {
        let model = self.model.try_borrow().ok();
        model.and_then(|model| model.token.clone()).unwrap_or_default()
    }

    /// By `XMLHttpRequest`, because `fetch` does not tell how far it is.
    pub(super) fn upload(self: &Rc<Self>, number: u32, conversation: ConversationId, name: &str) {
        let Ok(mut chosen) = self.chosen.try_borrow_mut() else {
            return;
        };
        let Some(chosen) = chosen.iter_mut().find(|it| it.number == number) else {
            return;
        };
        let mut path = String::from("/v1/files?conversation=");
        path.push_str(&conversation.text());
        path.push_str("&name=");
        path.push_str(&js::encode(name));
        let mut bearer = String::from("Bearer ");
        bearer.push_str(&self.token());
        let request = Xhr::new();
        request.open("POST", &path);
        request.header("Authorization", &bearer);
        request.header("X-Frontdesk", "1");
        let app = Rc::clone(self);
        let progress = browser::callback(move |event| {
            let event: &Event = cast(&event);
            let done = (event.loaded() * 100.0 / event.total()) as u8;
            app.send(Msg::UploadProgress { number, done });
        });
        request.upload().set_onprogress(&progress.into_js_value());
        let app = Rc::clone(self);
        let ended = browser::callback(move |event| {
            let request = cast::<Event>(&event).target();
            let request: &Xhr = cast(&request);
            app.send(Msg::UploadDone { number, status: request.status(), text: request.response() });
        });
        request.set_onloadend(&ended.into_js_value());
        request.send(&chosen.file);
        chosen.request = Some(request);
    }

    /// Fetches a file with the token in a header, because addresses end up in logs.
    fn fetch_file(&self, attachment: AttachmentId, mut done: impl FnMut(Option<String>) + 'static) {
        let mut path = String::from("/v1/files/");
        path.push_str(&attachment.text());
        let token = self.token();
        let request = Request { path: &path, body: None, token: Some(&token) };
        browser::load_blob(&request, move |status, blob: JsValue| {
            done((status == 200).then(|| js::object_url(&blob)));
        });
    }

    pub(super) fn load_picture(self: &Rc<Self>, attachment: AttachmentId) {
        let app = Rc::clone(self);
        self.fetch_file(attachment, move |url| {
            app.send(Msg::PictureLoaded { attachment, url });
        });
    }

    pub(super) fn download(self: &Rc<Self>, attachment: AttachmentId, name: String) {
        let app = Rc::clone(self);
        self.fetch_file(attachment, move |url| match url {
            Some(url) => {
                let link = js::create("a");
                link.set_attribute("href", &url);
                link.set_attribute("download", &name);
                link.click();
            }
            None => app.send(Msg::DownloadFailed),
        });
    }
}
