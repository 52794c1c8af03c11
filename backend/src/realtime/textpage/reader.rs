//! What a session tells, for one conversation.

use protocol::PROTOCOL_VERSION;
use protocol::codec::from_json;
use protocol::command::Hello;
use protocol::entry::Item;
use protocol::error::ErrorCode;
use protocol::event::Event;
use protocol::ids::ConversationId;
use protocol::state::{Cursor, VisitorConversation};
use tokio::time::{Instant, timeout_at};

use crate::error::{AppError, AppResult, Refusal};
use crate::http::chat::{Place, Thread};
use crate::realtime::Realtime;
use crate::realtime::caller::Caller;
use crate::realtime::hub::Transport;
use crate::realtime::session::{Lingering, Outgoing, Session};

/// A conversation as a session tells it.
pub(super) struct Reader {
    session: Session,
    line: VisitorConversation,
    /// `version` of the state told last.
    version: String,
    /// The newest entry told.
    seq: u64,
    /// Told and not taken yet.
    items: Vec<Item>,
    /// An address of the visitor is known.
    has_address: bool,
    over: bool,
}

impl Reader {
    /// Opens a session and reads everything after a position.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub(super) async fn open(
        realtime: &Realtime,
        caller: Caller,
        line: VisitorConversation,
        after: u64,
    ) -> AppResult<Self> {
        let hello = hello(realtime, line.id, after, None);
        let session = Session::open(realtime, caller, hello).await?;
        let (version, items) = (String::new(), Vec::new());
        let mut reader = Self { session, line, version, seq: after, items, has_address: false, over: false };
        reader.hear().await;
        Ok(reader)
    }

    /// Takes in everything the session has to tell now.
    pub(super) async fn hear(&mut self) {
        while let Some(out) = self.session.next().await {
            let event = match out {
                Outgoing::Text(text) => from_json::<Event>(&text),
                Outgoing::Close(_) => {
                    self.over = true;
                    return;
                }
            };
            match event {
                Some(Event::Entries(entries)) if entries.conversation == self.line.id => {
                    let told = self.seq;
                    self.items.extend(entries.items.into_iter().filter(|item| item.seq > told));
                    self.seq = self.items.last().map_or(told, |item| item.seq.max(told));
                }
                Some(Event::Visitor(state)) => {
                    self.version = state.version;
                    self.has_address = state.email.is_some();
                    if let Some(line) = state.conversations.into_iter().find(|line| line.id == self.line.id) {
                        self.line = line;
                    }
                }
                // The page is made again from the history there is now.
                Some(Event::Reset(reset)) if reset.conversation == self.line.id => self.over = true,
                _ => {}
            }
        }
    }

    /// Waits until there may be more to hear.
    pub(super) async fn ready(&self) {
        self.session.ready().await;
    }

    /// The session has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// What was heard since the last look.
    pub(super) fn take(&mut self) -> Thread {
        let items = std::mem::take(&mut self.items);
        Thread { line: self.line.clone(), items, has_address: self.has_address }
    }

    /// Everything heard.
    pub(super) fn into_thread(self) -> Thread {
        Thread { line: self.line, items: self.items, has_address: self.has_address }
    }

    /// The newest entry heard.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Keeps the visitor present for a while after this.
    pub(super) fn linger(&mut self) -> Lingering {
        Lingering::of(&mut self.session)
    }

    /// The address that is held until there is more than this.
    pub(super) fn held_address(&self, place: &Place) -> String {
        format!("{}?conversation={}&after={}.{}", place.address(), self.line.id, self.seq, self.version)
    }
}

/// Waits until there is more than `after` says, as [`Reader::held_address`] wrote it, as long as a poll is held.
///
/// # Errors
/// `malformed`, and as [`Session::open`].
pub(super) async fn hold(
    realtime: &Realtime,
    caller: Caller,
    line: &VisitorConversation,
    after: &str,
) -> AppResult<()> {
    let malformed = || AppError::from(Refusal::field("after", ErrorCode::Malformed, "not a position"));
    let (seq, version) = after.split_once('.').ok_or_else(malformed)?;
    let seq = seq.parse().map_err(|_| malformed())?;
    let _counted = caller.enter(&realtime.hub, Transport::LongPoll)?;
    let until = Instant::now() + realtime.pace.poll_hold;
    let hello = hello(realtime, line.id, seq, Some(version.to_owned()));
    let mut session = Session::open(realtime, caller, hello).await?;
    let _presence = Lingering::of(&mut session);
    loop {
        while let Some(out) = session.next().await {
            let Outgoing::Text(text) = out else { return Ok(()) };
            // The welcome alone is no news, nor is who types.
            if !matches!(from_json::<Event>(&text), Some(Event::Welcome(_) | Event::Typing(_) | Event::ReadMoved(_))) {
                return Ok(());
            }
        }
        if timeout_at(until, session.ready()).await.is_err() {
            return Ok(());
        }
    }
}

fn hello(realtime: &Realtime, conversation: ConversationId, seq: u64, state: Option<String>) -> Hello {
    let cursor = Cursor { conversation, epoch: realtime.app.epoch, seq };
    Hello { protocol: PROTOCOL_VERSION, token: None, tenant: None, resume: vec![cursor], state }
}
