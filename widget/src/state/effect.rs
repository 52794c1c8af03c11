//! What the model asks of the browser.

use alloc::boxed::Box;
use alloc::string::String;

use protocol::command::Command;
use protocol::ids::{AttachmentId, Cmid, ConversationId, VisitorId};

/// Timers; setting one again replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Ask again to become a visitor.
    Visitor = 0,
    /// A typing notice lapses.
    Typist = 1,
    /// Say again that the visitor types.
    Typing = 2,
    /// A notice goes away.
    Notice = 3,
    /// Read the place in the queue out.
    Place = 4,
}

impl Timer {
    /// Every timer, in the order of its number.
    pub const ALL: [Self; 5] = [Self::Visitor, Self::Typist, Self::Typing, Self::Notice, Self::Place];
}

/// Something to do outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `POST /v1/visitor`, with the token of an earlier visit.
    BecomeVisitor(Option<String>),
    /// Connect as this visitor.
    Connect {
        /// Bring this.
        token: String,
        /// Names the outbox.
        visitor: VisitorId,
    },
    /// Disconnect and forget the outbox.
    Forget,
    /// Send a command.
    Send(Box<Command>),
    /// Put a send into the outbox.
    Post(Box<Command>),
    /// Send again.
    Retry(Cmid),
    /// Drop from the outbox.
    Discard(Cmid),
    /// Tell the page around, in JSON.
    Host(String),
    /// Put the focus on the element with this id.
    Focus(&'static str),
    /// Set the value of the input with this id.
    SetValue(&'static str, String),
    /// Call back with the timer after this many milliseconds.
    Later(Timer, u32),
    /// Let the visitor choose files.
    PickFiles,
    /// Send a chosen file.
    Upload {
        /// Which.
        number: u32,
        /// Where to.
        conversation: ConversationId,
        /// Its name.
        name: String,
    },
    /// Stop and forget a chosen file.
    DropFile(u32),
    /// Load a picture.
    LoadPicture(AttachmentId),
    /// Save a file under this name.
    Download(AttachmentId, String),
    /// Language, colours and direction changed.
    Dress,
    /// Load the frame anew.
    Reload,
}
