//! Everything that can happen to the model.

use protocol::command::{Command, DeclineReason};
use protocol::entry::File;
use protocol::error::ErrorCode;
use protocol::event::{Ack, Event, Refused};
use protocol::ids::{AgentId, Cmid, ConversationId, TenantId};
use protocol::state::{Pause, Presence};
use protocol::timeline::{Pending, SendState};

use super::transfer::Target;
use super::{Link, List, Me, Permission, Popover, Prefs, Scope, Sort};
use crate::text::Locale;

/// What happened.
#[cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::large_enum_variant, reason = "each lives for one update; smaller in a browser")
)]
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// From outside.
    Net(Net),
    /// The person does something with a conversation.
    Do(Do),
    /// The person writes.
    Write(Write),
    /// The person looks around.
    See(See),
}

/// News from the server, the connection and the browser's storage.
#[derive(Debug, Clone, PartialEq)]
pub enum Net {
    /// Who is signed in; `None`: nobody.
    Me(Option<Me>),
    /// Who is signed in could not be found out.
    MeFailed,
    /// The connection changed.
    Link(Link),
    /// Events in order.
    Events(Vec<Event>),
    /// A command was carried out.
    Done(Command, Ack),
    /// A command was refused.
    Refused(Command, Refused),
    /// What became of a message of the outbox.
    Settled(Cmid, SendState),
    /// Unsent messages of an earlier page or another tab.
    Restored(Vec<(ConversationId, Pending)>),
    /// An unsent message of another tab is unsent no longer.
    Unsaid(Cmid),
    /// Drafts of an earlier page.
    Drafts(Vec<(ConversationId, String)>),
    /// A draft changed in another tab.
    DraftElsewhere(ConversationId, String),
    /// A file is stored, or not.
    Uploaded(Cmid, Result<File, ErrorCode>),
    /// A file did not get through; the person may try again.
    UploadBroken(Cmid),
    /// Whether desktop notices may be shown.
    Permission(Permission),
    /// The settings of this browser.
    Prefs(Prefs),
    /// Messages cannot be kept in this browser.
    NoStorage,
    /// The browser holds sounds back until the person touches the page, or no longer.
    SoundBlocked(bool),
}

/// Acts on conversations.
#[derive(Debug, Clone, PartialEq)]
pub enum Do {
    /// Work for another tenant.
    Tenant(TenantId),
    /// Take conversations, or not.
    SetPresence(Presence),
    /// Go away, and say why or not.
    Pause(Option<Pause>),
    /// Show a conversation.
    Open(ConversationId),
    /// Show the conversation above (-1) or below (1) in the list.
    Step(i32),
    /// Take an offer; without an id the most urgent one.
    Accept(Option<ConversationId>),
    /// Pass an offer on and say why or not; without an id the most urgent one.
    Decline(Option<ConversationId>, Option<DeclineReason>),
    /// Take a conversation from a list; from a colleague it asks first.
    Pick,
    /// Take it from the colleague.
    TakeOver,
    /// Ask whether to end the shown conversation.
    AskClose,
    /// End it.
    Close,
    /// Ask whom to give the shown conversation to.
    AskTransfer,
    /// Choose whom.
    TransferTo(Target),
    /// Choose the first that is found.
    TransferFirst,
    /// Look for somebody by name.
    TransferSearch(String),
    /// Write the note of the transfer.
    TransferNote(String),
    /// Give it.
    Transfer,
    /// Ask whether to send everything a colleague holds back to the queue.
    AskRelease(AgentId),
    /// Send it.
    Release,
    /// Leave.
    SignOut,
    /// Try to connect at once.
    Reconnect,
    /// Load the page anew.
    Reload,
}

/// Writing.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// The input changed.
    Draft(ConversationId, String),
    /// The next message is a note, or not.
    Note(bool),
    /// Send the draft under this id.
    Send(Cmid),
    /// Send a failed message again.
    Retry(Cmid),
    /// Drop a failed message.
    Discard(Cmid),
    /// A file was chosen: its send, name, size in bytes.
    Attach(Cmid, String, u64),
    /// Upload a file again.
    RetryUpload(Cmid),
    /// Drop a file.
    DropUpload(Cmid),
}

/// Looking around.
#[derive(Debug, Clone, PartialEq)]
pub enum See {
    /// Time passes.
    Tick,
    /// A key, a click, a move of the pointer; not told more often than the server wants to hear it.
    Active,
    /// A key was pressed.
    Key(super::keys::Press),
    /// The page was shown and focused, or left.
    Focused(bool),
    /// The screen became so narrow that it shows one pane at a time, or no longer is.
    Narrow(bool),
    /// Choose a list.
    List(List),
    /// Choose departments.
    Scope(Scope),
    /// Choose an order.
    Sort(Sort),
    /// Filter the list.
    Filter(String),
    /// Go back one pane (narrow screens), or close what is open.
    Back,
    /// Show or hide the visitor's column (wide screens).
    Column(bool),
    /// Show the visitor's side (narrow screens).
    Visitor,
    /// Fold something out, or nothing.
    Popover(Option<Popover>),
    /// Show who works here.
    Team,
    /// Show what a colleague does.
    Colleague(AgentId),
    /// Show the shortcuts.
    Help,
    /// Close the dialog.
    CloseDialog,
    /// Show the newest entry.
    ToEnd,
    /// Show earlier entries.
    Earlier,
    /// The thread was scrolled to its end, or away from it.
    AtEnd(bool),
    /// Drop a notice.
    Dismiss(u64),
    /// Sounds off or on.
    Mute(bool),
    /// Ask for desktop notices.
    AllowNotices,
    /// Choose a language.
    Language(Locale),
    /// Put the cursor into the filter.
    FocusFilter,
    /// Put the cursor into the reply; true: as a note.
    FocusComposer(bool),
}
