//! The console's whole state and everything that changes it. No browser in here: the same messages give the
//! same model and the same effects in a native test.

mod act;
/// Sound, title and desktop notices.
pub mod alerts;
mod compose;
/// Departments.
pub mod departments;
/// A fold of what the server tells besides the logs.
pub mod desk;
/// What the model asks of the world.
pub mod effect;
/// Keyboard shortcuts.
pub mod keys;
/// The lists of conversations.
pub mod lists;
mod me;
/// Everything that can happen.
pub mod msg;
mod net;
/// Offers that ring.
pub mod offers;
/// What a thread shows.
pub mod rows;
mod see;
/// Who works, who does not, and why.
pub mod staff;
#[cfg(test)]
mod tests;
/// One open conversation.
pub mod thread;
/// Giving a conversation to somebody else.
pub mod transfer;
mod update;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use protocol::entry::File;
use protocol::ids::{AttachmentId, ConversationId, Epoch, TenantId, VisitorId};
use protocol::state::{ConversationState, Summary, VisitorProfile};

pub use compose::Composer;
pub use departments::Scope;
pub use desk::Desk;
pub use effect::Effect;
pub use lists::{List, Sort};
pub use me::{Me, Membership};
pub use msg::Msg;
pub use staff::Chosen;
pub use thread::Thread;
pub use update::{start, update};
pub use view::{Build, Dialog, Notice, Pane, Permission, Popover, Prefs, Upload, View};

use crate::text::{Locale, Texts};

/// Everything the console knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The texts in the agent's language.
    pub texts: Texts,
    /// Client time of the message being handled, Unix milliseconds; set before every update.
    pub now: i64,
    /// How far the server's clock is ahead, in milliseconds.
    pub clock_offset: i64,
    /// How far signing in got.
    pub boot: Boot,
    /// The tenant worked for.
    pub tenant: Option<TenantId>,
    /// The connection.
    pub link: Link,
    /// The history the server holds.
    pub epoch: Option<Epoch>,
    /// The build of the server the page was loaded from, and whether it has another one now.
    pub build: Build,
    /// Lists, colleagues and marks; `None` before the first state.
    pub desk: Option<Desk>,
    /// Conversations whose entries are held.
    pub threads: BTreeMap<ConversationId, Thread>,
    /// Visitors asked for.
    pub profiles: BTreeMap<VisitorId, VisitorProfile>,
    /// What is written but not sent.
    pub drafts: BTreeMap<ConversationId, String>,
    /// Files whose message is not stored.
    pub uploads: Vec<Upload>,
    /// Files known from their upload.
    pub files: BTreeMap<AttachmentId, File>,
    /// Offers answered a moment ago.
    pub answered: BTreeSet<ConversationId>,
    /// Conversations with a command that waits for its answer.
    pub busy: BTreeSet<ConversationId>,
    /// The presence chosen but not confirmed.
    pub presence_wish: Option<Chosen>,
    /// Where this agent was last said to type, and when.
    pub typing_said: Option<(ConversationId, i64)>,
    /// Short notices to the agent.
    pub notices: Vec<Notice>,
    /// Number of the newest notice.
    pub last_notice: u64,
    /// What sounds, title and notices last told.
    pub alerted: alerts::Snapshot,
    /// What is on the screen.
    pub view: View,
    /// The settings of this browser.
    pub prefs: Prefs,
}

/// How far signing in got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// Asking who is signed in.
    Asking,
    /// Could not ask; the person may try again.
    Failed,
    /// Nobody is signed in: on the way to the sign-in page.
    SignedOut,
    /// The account works for no tenant.
    NoTenant(Me),
    /// Somebody is there.
    Ready(Me),
}

/// The connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// On the way.
    Connecting,
    /// Live; true when by long-poll.
    Live(bool),
    /// Broken; tried again at this client time, Unix milliseconds.
    Down(Option<i64>),
    /// The login ended.
    SignedOut,
    /// The server refuses this agent.
    Forbidden,
    /// The page is too old for the server.
    TooOld,
}

impl Model {
    /// A model at the start.
    pub fn new(locale: Locale, now: i64) -> Self {
        Self {
            texts: Texts::new(locale),
            now,
            clock_offset: 0,
            boot: Boot::Asking,
            tenant: None,
            link: Link::Connecting,
            epoch: None,
            build: Build::default(),
            desk: None,
            threads: BTreeMap::new(),
            profiles: BTreeMap::new(),
            drafts: BTreeMap::new(),
            uploads: Vec::new(),
            files: BTreeMap::new(),
            answered: BTreeSet::new(),
            busy: BTreeSet::new(),
            presence_wish: None,
            typing_said: None,
            notices: Vec::new(),
            last_notice: 0,
            alerted: alerts::Snapshot::default(),
            view: View::default(),
            prefs: Prefs::default(),
        }
    }

    /// Server time now, Unix milliseconds.
    pub fn server_now(&self) -> i64 {
        self.now + self.clock_offset
    }

    /// The line of a conversation.
    pub fn line(&self, id: ConversationId) -> Option<&Summary> {
        self.desk.as_ref()?.lines.get(&id)
    }

    /// The line of the shown conversation.
    pub fn selected_line(&self) -> Option<&Summary> {
        self.line(self.view.selected?)
    }

    /// The shown conversation's entries.
    pub fn selected_thread(&self) -> Option<&Thread> {
        self.threads.get(&self.view.selected?)
    }

    /// The visitor of the shown conversation.
    pub fn selected_visitor(&self) -> Option<VisitorId> {
        self.selected_line().map(|line| line.visitor).or(self.view.visitor)
    }

    /// The profile of the shown conversation's visitor.
    pub fn profile(&self) -> Option<&VisitorProfile> {
        self.profiles.get(&self.selected_visitor()?)
    }

    /// The state of the shown conversation, also when it is in no list any more.
    pub fn selected_state(&self) -> Option<ConversationState> {
        let id = self.view.selected?;
        self.line(id).map(|line| line.state).or_else(|| {
            let earlier = self.profile()?.conversations.iter().find(|one| one.id == id)?;
            Some(earlier.state)
        })
    }

    /// What to call the visitor of a line.
    pub fn visitor_name(&self, line: &Summary) -> String {
        line.visitor_name.clone().or_else(|| line.visitor_email.clone()).unwrap_or_else(|| self.nameless(line.visitor))
    }

    /// What to call a visitor who gave no name: short, and the same everywhere.
    pub fn nameless(&self, visitor: VisitorId) -> String {
        let id = visitor.to_string();
        let tail = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
        self.texts.fill("visitor.nameless", &[("tail", tail)])
    }

    /// Whether the connection is live.
    pub fn is_live(&self) -> bool {
        matches!(self.link, Link::Live(_))
    }

    /// The account, once known.
    pub fn me(&self) -> Option<&Me> {
        match &self.boot {
            Boot::Ready(me) | Boot::NoTenant(me) => Some(me),
            _ => None,
        }
    }

    /// Whether the screen changes with the clock alone.
    pub fn shows_time(&self) -> bool {
        let waiting = self.desk.as_ref().is_some_and(|desk| {
            lists::lines(desk, self.view.look()).iter().any(|line| lists::waits_since(line).is_some())
        });
        waiting
            || self.away_since().is_some()
            || !self.notices.is_empty()
            || !offers::offers(self).is_empty()
            || matches!(self.link, Link::Down(Some(_)))
            || self.threads.values().any(|thread| !thread.typists.is_empty())
    }
}
