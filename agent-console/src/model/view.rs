//! What is on the screen, and what this browser keeps of it.

use protocol::ids::{AgentId, Cmid, ConversationId, TenantId, VisitorId};

use super::{List, Sort};
use crate::text::Locale;

/// Builds of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Build {
    /// The first one seen.
    pub first: Option<String>,
    /// Whether a newer one answered since.
    pub newer: bool,
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The send it becomes.
    pub cmid: Cmid,
    /// Where to.
    pub conversation: ConversationId,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it did not get through.
    pub broken: bool,
}

/// A short notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: u64,
    /// Whether something went wrong.
    pub error: bool,
    /// The text.
    pub text: String,
    /// Shown until this client time, Unix milliseconds.
    pub until: i64,
}

/// Which pane a narrow screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The lists.
    #[default]
    List,
    /// The conversation.
    Thread,
    /// The visitor.
    Visitor,
}

/// A question that needs an answer before going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// The shortcuts.
    Help,
    /// End this conversation?
    Close(ConversationId),
    /// Take this conversation from a colleague?
    TakeOver(ConversationId),
    /// Whom to give this conversation to.
    Transfer {
        /// Which.
        conversation: ConversationId,
        /// To whom; `None`: nothing chosen, `Some(None)`: the queue.
        to: Option<Option<AgentId>>,
        /// A note for the next agent.
        note: String,
    },
}

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The list.
    pub list: List,
    /// Its order.
    pub sort: Sort,
    /// What it is filtered by.
    pub filter: String,
    /// The conversation.
    pub selected: Option<ConversationId>,
    /// Whose earlier conversation is shown when the selected one is in no list.
    pub visitor: Option<VisitorId>,
    /// The pane of a narrow screen.
    pub pane: Pane,
    /// Whether the visitor's column is hidden on a wide screen.
    pub column_hidden: bool,
    /// Whether the menu is open.
    pub menu: bool,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// Whether the page is shown and focused.
    pub focused: bool,
    /// Whether one pane is shown at a time.
    pub narrow: bool,
    /// Whether the newest entry is in view.
    pub at_end: bool,
    /// Whether the next message is a note.
    pub note: bool,
    /// Grows when the model writes into the composer.
    pub composer_version: u64,
    /// Whether this browser keeps messages over a reload.
    pub no_storage: bool,
    /// Whether the browser holds sounds back.
    pub sound_blocked: bool,
    /// Whether desktop notices may be shown.
    pub permission: Permission,
}

impl Default for View {
    fn default() -> Self {
        Self {
            list: List::Mine,
            sort: Sort::Newest,
            filter: String::new(),
            selected: None,
            visitor: None,
            pane: Pane::List,
            column_hidden: false,
            menu: false,
            dialog: None,
            focused: true,
            narrow: false,
            at_end: true,
            note: false,
            composer_version: 0,
            no_storage: false,
            sound_blocked: false,
            permission: Permission::Unsupported,
        }
    }
}

/// Whether the browser lets this page show desktop notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// The person said no.
    Denied,
    /// The person may be asked.
    Ask,
    /// The browser has none.
    Unsupported,
}

/// The settings of this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefs {
    /// No sounds.
    pub muted: bool,
    /// The language chosen; `None`: the browser's.
    pub locale: Option<Locale>,
    /// The order of the lists.
    pub sort: Sort,
    /// The tenant chosen last.
    pub tenant: Option<TenantId>,
    /// The list looked at last.
    pub list: List,
}
