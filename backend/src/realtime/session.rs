//! One person on one connection, whatever carries it. See the model in [`super`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use protocol::PROTOCOL_VERSION;
use protocol::codec::{Value, to_json};
use protocol::command::{Command, Hello};
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Ack, Event, Reconnect, Refused, Reset, ResetReason, Welcome};
use protocol::frame::CommandFrame;
use protocol::ids::{Cmid, ConversationId};
use protocol::limits::RESUME_CONVERSATIONS;
use protocol::state::Cursor;
use tokio::time::{Instant, sleep_until};

use super::Realtime;
use super::caller::Caller;
use super::cursors::{Cursors, Unknown, Verdict};
use super::decode::{Unreadable, decode, decode_value};
use super::dispatch::{Outcome, cmid_of, conversation_of, dispatch};
use super::hub::Subscriptions;
use super::mailbox::{Audience, End, Mail, Mailbox};
use crate::actions::{Done, connected, view};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::limiter::Rule;
use crate::bus::Topic;
use crate::error::{AppError, AppResult, Refusal};

/// Shortest time between two reads of the state: a busy tenant changes it many times a second.
const STATE_EVERY: Duration = Duration::from_millis(100);
/// Wait before a read that failed is tried again.
const RETRY_AFTER_MS: u64 = 2_000;
/// Failed reads in a row after which the connection is given up.
const RETRIES: u32 = 5;
/// Refused frames in a row, for rate or form, after which the connection is cut (C9).
const STRIKES: u32 = 100;

/// How many protocol versions before this one are spoken.
const VERSIONS_BACK: u32 = 2;

/// What a transport has to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// An encoded event.
    Text(Arc<str>),
    /// The last thing of a session.
    Close(CloseCode),
}

/// One person on one connection. Dropping it leaves every topic and uncounts the connection.
pub struct Session {
    realtime: Realtime,
    who: Principal,
    mailbox: Arc<Mailbox>,
    subscriptions: Subscriptions,
    cursors: Cursors,
    /// What goes out before the mailbox is looked at.
    steps: VecDeque<Step>,
    /// `version` of the state the client has.
    state_version: Option<String>,
    state_read_at: Option<Instant>,
    state_due: bool,
    retry_at: Option<Instant>,
    retries: u32,
    strikes: u32,
    over: bool,
    presence: Option<PresenceGuard>,
}

enum Step {
    Text(Arc<str>),
    State,
    Pages(Pages),
    Close(CloseCode),
}

impl Step {
    fn is_a_read(&self) -> bool {
        matches!(self, Self::State | Self::Pages(_))
    }
}

/// Entries to read from the log, page by page, so that a long history never lies in memory as a whole.
struct Pages {
    conversation: ConversationId,
    after: u64,
    /// The command that asked; it is answered when the last page is out.
    asked_by: Option<u64>,
}

impl Session {
    /// Opens a session: subscribes, then prepares the welcome, the state and everything the client missed.
    /// [`Session::next`] yields them.
    ///
    /// # Errors
    /// Refuses a client that is too old, brings too many cursors or comes while the server stops, and passes
    /// on what the storage says.
    pub(super) async fn open(realtime: &Realtime, caller: Caller, hello: Hello) -> AppResult<Self> {
        check_hello(realtime, &hello)?;
        let mut session = Self::detached(realtime, caller.who);
        for topic in own_topics(&session.who) {
            session.subscriptions.add(topic);
        }
        session.presence = Some(PresenceGuard::new(Arc::clone(&realtime.app), session.who.clone()));
        session.queue(&Event::Welcome(Welcome {
            protocol: PROTOCOL_VERSION,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            at: realtime.app.now(),
            epoch: realtime.app.epoch,
            token: caller.fresh_token,
        }));
        session.state_version = hello.state;
        session.steps.push_back(Step::State);
        for cursor in hello.resume {
            session.resume(cursor).await?;
        }
        Ok(session)
    }

    /// A session that runs commands and hears nothing: for commands sent beside a long-poll.
    pub(super) fn detached(realtime: &Realtime, who: Principal) -> Self {
        let (audience, unknown) = match who {
            Principal::Visitor(_) => (Audience::Everyone, Unknown::StartsAtZero),
            Principal::Agent(_) => (Audience::Agents, Unknown::Ignored),
        };
        let mailbox = realtime.hub.mailbox(audience);
        Self {
            realtime: realtime.clone(),
            who,
            subscriptions: Subscriptions::new(Arc::clone(&realtime.hub), Arc::clone(&mailbox)),
            mailbox,
            cursors: Cursors::new(unknown),
            steps: VecDeque::new(),
            state_version: None,
            state_read_at: None,
            state_due: false,
            retry_at: None,
            retries: 0,
            strikes: 0,
            over: false,
            presence: None,
        }
    }

    /// The session's mailbox.
    pub(super) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Who this is.
    pub(super) fn who(&self) -> &Principal {
        &self.who
    }

    /// Takes over the count of this connection, so that it may outlive the session.
    pub(super) fn take_presence(&mut self) -> Option<PresenceGuard> {
        self.presence.take()
    }

    /// The next frame to send; `None` when there is nothing right now. Not to be dropped half-way.
    pub async fn next(&mut self) -> Option<Outgoing> {
        while !self.over {
            if self.retry_at.is_some_and(|at| at > Instant::now()) {
                return None;
            }
            if self.mailbox.is_over() && self.steps.front().is_some_and(Step::is_a_read) {
                self.steps.clear();
            }
            if let Some(step) = self.steps.pop_front() {
                if let Some(out) = self.step(step).await {
                    return Some(out);
                }
                continue;
            }
            if self.state_due && self.state_at().is_none_or(|at| at <= Instant::now()) {
                self.state_due = false;
                self.steps.push_back(Step::State);
                continue;
            }
            let mail = self.mailbox.take()?;
            if let Some(out) = self.open_mail(mail) {
                return Some(out);
            }
        }
        None
    }

    /// Waits until [`Session::next`] may have something. May be dropped at any moment.
    pub async fn ready(&self) {
        if let Some(at) = self.retry_at {
            return Box::pin(sleep_until(at)).await;
        }
        if !self.steps.is_empty() {
            return;
        }
        match self.state_at().filter(|_| self.state_due) {
            Some(at) => tokio::select! {
                () = self.mailbox.ready() => {}
                () = Box::pin(sleep_until(at)) => {}
            },
            None => self.mailbox.ready().await,
        }
    }

    /// Runs the command in `text`. Its answer, and what it sends before it, come from [`Session::next`].
    pub async fn receive(&mut self, text: &str) {
        self.run(decode(text)).await;
    }

    /// As [`Session::receive`], for a frame that is already parsed.
    pub(super) async fn receive_value(&mut self, value: &Value) {
        self.run(decode_value(value)).await;
    }

    /// Answers what still has pages to come as if it were complete: the client sees that entries are missing
    /// and fetches them with its next request.
    pub(super) fn cut_short(&mut self) {
        for step in std::mem::take(&mut self.steps) {
            match step {
                Step::Pages(pages) => {
                    if let Some(id) = pages.asked_by {
                        self.acknowledge(id, Done { conversation: Some(pages.conversation), ..Done::default() });
                    }
                }
                step => self.steps.push_back(step),
            }
        }
    }

    async fn run(&mut self, frame: Result<CommandFrame, Unreadable>) {
        if self.over || self.mailbox.is_over() {
            // Whoever lost the right to be here is not served a last command; others send it again.
            return;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(unreadable) => {
                self.strike();
                return self.refuse(unreadable.id, None, unreadable.refusal);
            }
        };
        let cmid = cmid_of(&frame.command);
        match frame.command {
            Command::Pong(_) => return,
            Command::Hello(_) => {
                self.strike();
                let refusal = Refusal::new(ErrorCode::WrongState, "hello was said before");
                return self.refuse(frame.id, None, refusal);
            }
            _ => {}
        }
        if let Err(refusal) = self.spend(&frame.command) {
            self.strike();
            return self.refuse(frame.id, cmid, refusal);
        }
        let conversation = conversation_of(&frame.command);
        let app = Arc::clone(&self.realtime.app);
        // Boxed: an idle connection must not carry the memory of every action.
        match Box::pin(dispatch(&app, &self.who, frame.command)).await {
            Ok(outcome) => {
                self.strikes = 0;
                self.finish(frame.id, outcome);
            }
            Err(error) => self.fail(frame.id, cmid, conversation, &error),
        }
    }

    fn finish(&mut self, id: u64, outcome: Outcome) {
        match outcome {
            Outcome::Done(done) => self.acknowledge(id, done),
            Outcome::Profile(profile) => {
                self.queue(&Event::Profile(profile));
                self.acknowledge(id, Done::default());
            }
            Outcome::Watch { conversation, after } => {
                self.subscriptions.add(Topic::Conversation(self.who.tenant(), conversation));
                self.cursors.set(conversation, after);
                self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by: Some(id) }));
            }
            Outcome::Unwatch(conversation) => {
                self.forget(conversation);
                self.acknowledge(id, Done { conversation: Some(conversation), ..Done::default() });
            }
            Outcome::Fetch { conversation, after } => {
                // What the client says it has is where live entries must continue.
                if matches!(self.who, Principal::Visitor(_)) || self.cursors.contains(conversation) {
                    self.cursors.set(conversation, after);
                }
                self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by: Some(id) }));
            }
        }
    }

    async fn resume(&mut self, cursor: Cursor) -> AppResult<()> {
        let conversation = cursor.conversation;
        if matches!(self.who, Principal::Agent(_)) {
            self.subscriptions.add(Topic::Conversation(self.who.tenant(), conversation));
        }
        let mut after = cursor.seq;
        if let Err(reason) = Box::pin(view::check_cursor(&self.realtime.app, &self.who, &cursor)).await? {
            self.queue(&Event::Reset(Reset { conversation, reason }));
            if reason == ResetReason::NoAccess {
                self.forget(conversation);
                return Ok(());
            }
            after = 0;
        }
        self.cursors.set(conversation, after);
        self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by: None }));
        Ok(())
    }

    async fn step(&mut self, step: Step) -> Option<Outgoing> {
        match step {
            Step::Text(text) => Some(Outgoing::Text(text)),
            Step::State => Box::pin(self.state()).await,
            Step::Pages(pages) => Box::pin(self.page(pages)).await,
            Step::Close(code) => {
                self.over = true;
                Some(Outgoing::Close(code))
            }
        }
    }

    async fn state(&mut self) -> Option<Outgoing> {
        let app = &self.realtime.app;
        self.state_read_at = Some(Instant::now());
        let read = match &self.who {
            Principal::Visitor(visitor) => {
                view::visitor_state(app, visitor).await.map(|state| (state.version.clone(), Event::Visitor(state)))
            }
            Principal::Agent(agent) => {
                view::agent_state(app, agent).await.map(|state| (state.version.clone(), Event::Agent(state)))
            }
        };
        match read {
            Ok((version, event)) => {
                self.read_worked();
                if self.state_version.as_ref() == Some(&version) {
                    return None;
                }
                self.state_version = Some(version);
                Some(Outgoing::Text(to_json(&event).into()))
            }
            Err(AppError::Refused(refusal)) => {
                self.steps.push_front(Step::Close(close_for(refusal.code)));
                None
            }
            Err(error) => {
                self.retry(Step::State, &error);
                None
            }
        }
    }

    async fn page(&mut self, mut pages: Pages) -> Option<Outgoing> {
        let conversation = pages.conversation;
        match view::entries_after(&self.realtime.app, &self.who, conversation, pages.after).await {
            Ok(entries) => {
                self.read_worked();
                let sent = entries.items.last().map_or(pages.after, |item| item.seq);
                let is_new = sent > pages.after;
                pages.after = sent;
                self.cursors.advance(conversation, sent);
                if is_new && sent < entries.last_seq {
                    self.steps.push_front(Step::Pages(pages));
                } else if let Some(id) = pages.asked_by {
                    let done = Done { conversation: Some(conversation), ..Done::default() };
                    self.steps.push_front(Step::Text(ack(id, done)));
                }
                is_new.then(|| Outgoing::Text(to_json(&Event::Entries(entries)).into()))
            }
            Err(error) => {
                self.page_failed(pages, &error);
                None
            }
        }
    }

    fn page_failed(&mut self, pages: Pages, error: &AppError) {
        let refused = matches!(error, AppError::Refused(_));
        if refused {
            self.forget(pages.conversation);
        }
        match pages.asked_by {
            Some(id) => self.fail(id, None, Some(pages.conversation), error),
            None if refused => {
                let reset = Reset { conversation: pages.conversation, reason: ResetReason::NoAccess };
                self.queue(&Event::Reset(reset));
            }
            None => self.retry(Step::Pages(pages), error),
        }
    }

    fn open_mail(&mut self, mail: Mail) -> Option<Outgoing> {
        match mail {
            Mail::Frame(frame) => Some(Outgoing::Text(frame)),
            Mail::StateChanged => {
                self.state_due = true;
                None
            }
            Mail::Entries { conversation, from, last_seq, frame } => {
                match self.cursors.judge(conversation, from, last_seq) {
                    Verdict::Send => Some(Outgoing::Text(frame)),
                    Verdict::Drop => None,
                    Verdict::Read { after } => {
                        self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by: None }));
                        None
                    }
                }
            }
            Mail::Ended(end) => {
                let code = match end {
                    End::Slow => CloseCode::Slow,
                    End::Revoked(code) => code,
                    End::Superseded => CloseCode::Normal,
                    End::Drain { after_ms } => {
                        self.queue(&Event::Reconnect(Reconnect { after_ms }));
                        CloseCode::Restart
                    }
                };
                self.steps.push_back(Step::Close(code));
                None
            }
        }
    }

    /// Puts a read that failed back and waits a little: an outage of the storage must not cut every
    /// connection (C14). The error is logged here, once per failure.
    fn retry(&mut self, step: Step, error: &AppError) {
        self.retries += 1;
        tracing::warn!(connection = self.mailbox.id(), %error, "a read failed");
        if self.retries > RETRIES {
            self.steps.push_front(Step::Close(CloseCode::Internal));
            self.retry_at = None;
            return;
        }
        self.steps.push_front(step);
        let jitter = rand::random_range(0..RETRY_AFTER_MS / 2);
        self.retry_at = Some(Instant::now() + Duration::from_millis(RETRY_AFTER_MS + jitter));
    }

    fn read_worked(&mut self) {
        self.retries = 0;
        self.retry_at = None;
    }

    fn state_at(&self) -> Option<Instant> {
        self.state_read_at.map(|at| at + STATE_EVERY)
    }

    fn forget(&mut self, conversation: ConversationId) {
        self.subscriptions.remove(Topic::Conversation(self.who.tenant(), conversation));
        self.cursors.remove(conversation);
    }

    /// Counts a command against the limits of the person.
    fn spend(&self, command: &Command) -> Result<(), Refusal> {
        let app = &self.realtime.app;
        let (key, message) = match &self.who {
            Principal::Visitor(visitor) => (visitor.visitor.to_string(), Rule::VisitorMessage),
            Principal::Agent(agent) => (agent.agent.to_string(), Rule::AgentMessage),
        };
        let rule = match command {
            Command::Post(_) => message,
            Command::Start(_) | Command::LeaveMessage(_) => Rule::NewConversation,
            _ => Rule::Command,
        };
        app.limiter.take(rule, &key, app.clock.monotonic())
    }

    fn strike(&mut self) {
        self.strikes += 1;
        if self.strikes == STRIKES {
            self.steps.push_back(Step::Close(CloseCode::Flood));
        }
    }

    fn queue(&mut self, event: &Event) {
        self.steps.push_back(Step::Text(to_json(event).into()));
    }

    fn acknowledge(&mut self, id: u64, done: Done) {
        self.steps.push_back(Step::Text(ack(id, done)));
    }

    fn fail(&mut self, id: u64, cmid: Option<Cmid>, conversation: Option<ConversationId>, error: &AppError) {
        if !matches!(error, AppError::Refused(_)) {
            let conversation = conversation.map(tracing::field::display);
            tracing::error!(connection = self.mailbox.id(), conversation, %error, "a command failed");
        }
        self.refuse(id, cmid, error.to_refusal());
    }

    fn refuse(&mut self, id: u64, cmid: Option<Cmid>, refusal: Refusal) {
        self.queue(&refused(id, cmid, refusal));
    }
}

/// Whether a client speaks a protocol that this server has forgotten.
pub(super) fn is_too_old(hello: &Hello) -> bool {
    PROTOCOL_VERSION.saturating_sub(hello.protocol) > VERSIONS_BACK
}

/// The event that refuses a command.
pub(super) fn refused(id: u64, cmid: Option<Cmid>, refusal: Refusal) -> Event {
    Event::Refused(Refused {
        id,
        code: refusal.code,
        message: refusal.message,
        cmid,
        field: refusal.field.map(str::to_owned),
        limit: refusal.limit,
        retry_after_ms: refusal.retry_after_ms,
    })
}

/// How a connection ends when what it lives on is refused.
pub(super) fn close_for(code: ErrorCode) -> CloseCode {
    match code {
        ErrorCode::Unauthenticated => CloseCode::Unauthenticated,
        ErrorCode::Unavailable => CloseCode::Internal,
        ErrorCode::RateLimited => CloseCode::Flood,
        ErrorCode::Malformed | ErrorCode::Invalid | ErrorCode::TooLarge | ErrorCode::HelloRequired => {
            CloseCode::HelloExpected
        }
        _ => CloseCode::Forbidden,
    }
}

fn ack(id: u64, done: Done) -> Arc<str> {
    let Done { conversation, cmid, seq, at } = done;
    to_json(&Event::Ack(Ack { id, conversation, cmid, seq, at })).into()
}

fn check_hello(realtime: &Realtime, hello: &Hello) -> Result<(), Refusal> {
    if realtime.hub.is_draining() {
        let refusal = Refusal::new(ErrorCode::Unavailable, "the server is stopping");
        return Err(Refusal { retry_after_ms: Some(RETRY_AFTER_MS), ..refusal });
    }
    if hello.resume.len() > RESUME_CONVERSATIONS {
        let refusal = Refusal::field("resume", ErrorCode::Invalid, "too many conversations");
        return Err(Refusal { limit: Some(RESUME_CONVERSATIONS as u64), ..refusal });
    }
    Ok(())
}

fn own_topics(who: &Principal) -> [Topic; 2] {
    match who {
        Principal::Visitor(visitor) => {
            [Topic::Visitors(visitor.tenant), Topic::Visitor(visitor.tenant, visitor.visitor)]
        }
        Principal::Agent(agent) => [Topic::Agents(agent.tenant), Topic::Agent(agent.tenant, agent.agent)],
    }
}

/// Counts a connection as present. Dropping it uncounts it.
pub(super) struct PresenceGuard {
    app: Arc<App>,
    who: Principal,
}

impl PresenceGuard {
    fn new(app: Arc<App>, who: Principal) -> Self {
        connected::joined(&app, &who);
        Self { app, who }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        connected::left(&self.app, &self.who);
    }
}
