//! Files to send and pictures to show.

use alloc::string::String;

use protocol::command::{PostBody, PostFile};
use protocol::entry::EntryBody;
use protocol::error::ErrorCode;
use protocol::ids::{AttachmentId, ConversationId};
use protocol::limits::ATTACHMENT_BYTES;

use super::{Effect, Env, Model, Screen};
use crate::texts::{fill, key};

/// A file the visitor chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Names it in this page.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Names it in this page.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Where to.
    pub conversation: ConversationId,
    /// Per cent sent; `None`: its turn has not come.
    pub done: Option<u8>,
    /// Why it was not taken.
    pub failed: Option<ErrorCode>,
}

/// A picture in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Which.
    pub attachment: AttachmentId,
    /// Where it stands.
    pub state: PictureState,
}

/// Where a picture stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureState {
    /// Being loaded.
    Loading,
    /// It lies here.
    Ready(String),
    /// It cannot be had.
    Gone,
}

/// Whether a file of this type is shown as a picture.
pub fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

impl Model {
    /// The state of a picture; `None` when it was not asked for yet.
    pub fn picture(&self, attachment: &AttachmentId) -> Option<&PictureState> {
        self.pictures.iter().find(|picture| picture.attachment == *attachment).map(|picture| &picture.state)
    }

    /// Asks for the pictures of a conversation that are not here.
    pub(super) fn load_pictures(&mut self, id: &ConversationId) {
        let Some(thread) = self.threads.iter().find(|thread| thread.id == *id) else { return };
        for item in thread.timeline.items() {
            if let Some(EntryBody::File(file)) = &item.body
                && is_picture(&file.media_type)
                && self.pictures.iter().all(|picture| picture.attachment != file.attachment)
            {
                self.pictures.push(Picture { attachment: file.attachment, state: PictureState::Loading });
                self.out.push(Effect::LoadPicture(file.attachment));
            }
        }
    }

    pub(super) fn picture_loaded(&mut self, attachment: AttachmentId, url: Option<String>) {
        if let Some(picture) = self.pictures.iter_mut().find(|it| it.attachment == attachment) {
            picture.state = url.map_or(PictureState::Gone, PictureState::Ready);
        }
    }

    /// The visitor chose, pasted or dropped a file.
    pub(super) fn file(&mut self, file: NewFile) {
        let NewFile { number, name, size } = file;
        let words = match self.screen {
            Screen::Thread(Some(conversation)) if self.is_open(&conversation) => {
                if size <= ATTACHMENT_BYTES {
                    self.uploads.push(Upload { number, name, conversation, done: None, failed: None });
                    return self.next_upload();
                }
                fill(key::FILE_LARGE, &[&name, &crate::texts::number(ATTACHMENT_BYTES / (1024 * 1024))])
            }
            _ => key::FILE_WAIT.text(),
        };
        self.notify(words);
        self.effect(Effect::DropFile(number));
    }

    /// One file at a time, in the order chosen.
    fn next_upload(&mut self) {
        let busy = self.uploads.iter().any(|upload| upload.done.is_some() && upload.failed.is_none());
        if busy {
            return;
        }
        if let Some(upload) = self.uploads.iter_mut().find(|it| it.failed.is_none()) {
            upload.done = Some(0);
            let effect =
                Effect::Upload { number: upload.number, conversation: upload.conversation, name: upload.name.clone() };
            self.effect(effect);
        }
    }

    fn forget_upload(&mut self, number: u32) {
        self.uploads.retain(|it| it.number != number);
        self.effect(Effect::DropFile(number));
    }

    fn upload_mut(&mut self, number: u32) -> Option<&mut Upload> {
        self.uploads.iter_mut().find(|it| it.number == number)
    }

    pub(super) fn upload_progress(&mut self, number: u32, done: u8) {
        if let Some(upload) = self.upload_mut(number) {
            upload.done = Some(done.min(100));
        }
    }

    pub(super) fn upload_done(&mut self, number: u32, status: u16, text: &str, env: &Env) {
        let attachment = AttachmentId::parse(text).filter(|_| (200..300).contains(&status));
        let Some(upload) = self.upload_mut(number) else {
            return;
        };
        match attachment {
            Some(attachment) => {
                let (name, conversation) = (upload.name.clone(), upload.conversation);
                self.forget_upload(number);
                self.sent_files.push((attachment, name));
                let body = PostBody::File(PostFile { attachment });
                self.post(Some(conversation), body, env);
            }
            None => {
                upload.failed = Some(ErrorCode::from_text(text).unwrap_or(ErrorCode::Unavailable));
            }
        }
        self.next_upload();
    }

    pub(super) fn retry_upload(&mut self, number: u32) {
        if let Some(upload) = self.upload_mut(number) {
            upload.failed = None;
            upload.done = None;
        }
        self.next_upload();
    }

    pub(super) fn drop_upload(&mut self, number: u32) {
        self.forget_upload(number);
        self.next_upload();
    }

    /// The name of a file in the threads, or one this page sent.
    pub fn file_name(&self, attachment: &AttachmentId) -> &str {
        let sent = self.sent_files.iter().find(|(id, _)| id == attachment);
        if let Some((_, name)) = sent {
            return name;
        }
        self.threads
            .iter()
            .flat_map(|thread| thread.timeline.items())
            .find_map(|item| match &item.body {
                Some(EntryBody::File(file)) if file.attachment == *attachment => Some(file.name.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }
}
