//! What happens to the widget.

use alloc::string::String;

use client::ClientEvent;
use protocol::ids::{AttachmentId, Cmid};

use super::{NewFile, Timer};

/// The clocks and the dice of one update.
#[derive(Debug, Clone, Copy)]
pub struct Env {
    /// A steady clock, in milliseconds.
    pub now: u64,
    /// Wall clock, Unix milliseconds.
    pub wall: i64,
    /// A fresh id of a send.
    pub cmid: Cmid,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg<'a> {
    /// A button or form, by its `data-a`.
    Act(&'a str),
    /// An input changed.
    Input {
        /// Its id.
        field: &'a str,
        /// What is in it.
        value: &'a str,
    },
    /// The page around says something, in JSON.
    Host(&'a str),
    /// The connection says something.
    Client(ClientEvent),
    /// Answer of `POST /v1/visitor`.
    Visitor {
        /// HTTP status, 0 without answer.
        status: u16,
        /// Visitor and token, one a line.
        text: &'a str,
        /// After how many milliseconds to ask again; 0: the answer does not say.
        wait_ms: u32,
    },
    /// The newest message came into view or left it.
    AtEnd(bool),
    /// A timer ran out.
    Timer(Timer),
    /// The visitor chose, pasted or dropped a file.
    File(NewFile),
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
        /// The attachment, or the code of the error.
        text: &'a str,
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
