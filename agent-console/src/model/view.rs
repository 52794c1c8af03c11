//! What is on the screen, and what this browser keeps of it.

use protocol::ids::{AgentId, Cmid, ConversationId, TenantId, VisitorId};

use super::lists::Look;
use super::transfer::Transferring;
use super::{List, Scope, Sort};
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
    Transfer(Transferring),
    /// Who works here.
    Team,
    /// What a colleague does.
    Colleague(AgentId),
    /// Send everything this colleague holds back to the queue?
    Release(AgentId),
}

/// What is folded out; one at a time. Its choices have numbers, which are keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Popover {
    /// The agent's menu.
    Menu,
    /// Why the agent goes away.
    Pauses,
    /// Which departments the lists show.
    Scopes,
    /// Why the agent declines this offer.
    Reasons(ConversationId),
}

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The list.
    pub list: List,
    /// Its order.
    pub sort: Sort,
    /// Of which departments.
    pub scope: Scope,
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
    /// What is folded out.
    pub popover: Option<Popover>,
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
            scope: Scope::All,
            filter: String::new(),
            selected: None,
            visitor: None,
            pane: Pane::List,
            column_hidden: false,
            popover: None,
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

impl View {
    /// What part of the conversations is looked at.
    pub fn look(&self) -> Look<'_> {
        Look { list: self.list, scope: self.scope, sort: self.sort, filter: &self.filter }
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
    /// The departments looked at last.
    pub scope: Scope,
}
