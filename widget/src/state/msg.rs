//! What happens to the widget.

use alloc::string::String;
use alloc::vec::Vec;

use client::ClientEvent;
use protocol::ids::{AttachmentId, Cmid, ConversationId};
use protocol::timeline::Pending;

use super::{NewFile, Timer};

/// The clocks and the dice of one update.
#[derive(Debug, Clone, Copy)]
pub struct Env {
    /// A steady clock, in milliseconds.
    pub now: u64,
    /// Wall clock, Unix milliseconds.
    pub wall: i64,
    /// A fresh random id.
    pub cmid: Cmid,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// A button or form, by its `data-a`.
    Act(String),
    /// An input changed.
    Input {
        /// Its id.
        field: String,
        /// What is in it.
        value: String,
    },
    /// The page around says something, in JSON.
    Host(String),
    /// The connection says something.
    Client(ClientEvent),
    /// A message that an earlier page left unsent, and where it goes.
    Unsent(Option<ConversationId>, Pending),
    /// An offline message that an earlier page left unsent.
    Leaving(Cmid),
    /// Answer of `POST /v1/visitor`.
    Visitor {
        /// HTTP status, 0 without answer.
        status: u16,
        /// Body.
        text: String,
    },
    /// The newest message came into view or left it.
    AtEnd(bool),
    /// A timer ran out.
    Timer(Timer),
    /// Files are dragged over the widget, or no longer.
    Dragging(bool),
    /// The visitor chose, pasted or dropped files.
    Files(Vec<NewFile>),
    /// Part of a file is sent.
    UploadProgress {
        /// Which file.
        number: u32,
        /// Per cent.
        done: u8,
    },
    /// A file was answered.
    UploadDone {
        /// Which file.
        number: u32,
        /// HTTP status, 0 without answer.
        status: u16,
        /// Body.
        text: String,
    },
    /// A picture is there, or cannot be had.
    PictureLoaded {
        /// Which.
        attachment: AttachmentId,
        /// Where it lies in this page.
        url: Option<String>,
    },
    /// A file could not be loaded.
    DownloadFailed,
}
