//! What the model asks of the world.

use protocol::command::{Command, Post};
use protocol::ids::{Cmid, ConversationId, TenantId};

use super::Prefs;

/// One thing to do outside the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask who is signed in.
    LoadMe,
    /// Connect for a tenant and bring its drafts and unsent messages back; ends an earlier connection.
    Connect(TenantId),
    /// Try to connect at once.
    Retry,
    /// Send a command.
    Send(Command),
    /// Put a message into the outbox.
    Post(Post),
    /// Send a failed message again.
    Resend(Cmid),
    /// Take a message out of the outbox.
    Discard(Cmid),
    /// Stop following a conversation's entries and resume it no more.
    Unwatch(ConversationId),
    /// Upload the file kept for this send.
    Upload(Cmid, ConversationId),
    /// Forget the file kept for this send.
    DropUpload(Cmid),
    /// Keep a draft; an empty one is forgotten.
    SaveDraft(ConversationId, String),
    /// Keep the settings of this browser.
    SavePrefs(Prefs),
    /// Start or stop the ringing.
    Ring(bool),
    /// Play the sound of a new message once.
    Chime,
    /// Set the title of the page.
    Title(String),
    /// Show a desktop notice.
    Notify {
        /// What it is about; a newer one replaces it.
        conversation: ConversationId,
        /// First line.
        title: String,
        /// Second line.
        body: String,
    },
    /// Take desktop notices away: they were seen.
    ClearNotices,
    /// Ask whether desktop notices may be shown.
    AskNotices,
    /// Put the cursor somewhere.
    Focus(Spot),
    /// Bring the selected row into view.
    RevealRow(ConversationId),
    /// Show the newest entry.
    ToEnd,
    /// End the login.
    SignOut,
    /// Go to the sign-in page.
    GoSignIn,
    /// Load the page anew.
    Reload,
    /// Set the language of the document.
    Language(&'static str),
}

/// Where the cursor can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The reply.
    Composer,
    /// The reply, unless the device has no keyboard.
    ComposerIfKeyboard,
    /// The filter above the list.
    Filter,
    /// Nowhere: shortcuts work.
    Page,
}

/// What a desktop notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeText {
    /// A visitor wrote.
    Message,
    /// A conversation is offered.
    Offer,
}
