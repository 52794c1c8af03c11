//! One person on one connection, whatever carries it. See the model in [`super`].

/// Commands and their answers.
mod answering;
/// What the session reads by itself: state, entries.
mod reading;
/// Being counted as present.
mod present;

pub(super) use answering::refused;
pub(super) use present::{Lingering, PresenceGuard};

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::PROTOCOL_VERSION;
use protocol::codec::{Value, to_json};
use protocol::command::Hello;
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Event, Reconnect, Welcome};
use protocol::ids::ConversationId;
use protocol::limits::RESUME_CONVERSATIONS;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::Realtime;
use super::caller::Caller;
use super::cursors::{Cursors, Unknown, Verdict};
use super::decode::{decode, decode_value};
use super::hub::Subscriptions;
use super::mailbox::{Audience, End, Mail, Mailbox};
use crate::actions::Done;
use crate::auth::Principal;
use crate::bus::{Listening, Topic};
use crate::error::{AppResult, Refusal};
use crate::metrics::metrics;

/// Shortest time between two reads of the state: a busy tenant changes it many times a second.
const STATE_EVERY: Duration = Duration::from_millis(100);
/// When to try again what failed for a reason that passes.
const RETRY_AFTER_MS: u64 = 2_000;
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
    /// Other nodes' notes.
    listening: Listening,
    cursors: Cursors,
    /// What goes out before the mailbox is looked at.
    steps: VecDeque<Step>,
    /// `version` of the state the client has.
    state_version: Option<String>,
    state_read_at: Option<Instant>,
    state_due: bool,
    retry_at: Option<Instant>,
    retries: u32,
    /// A turn to read that was waited for beside other things. A std mutex: held for a move, never across an await.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
    strikes: u32,
    over: bool,
    /// Why it has no right to be here any more.
    refusal: Option<Box<Refusal>>,
    presence: Option<PresenceGuard>,
    /// Where the person connects from, as a key of limits.
    place: Box<str>,
    /// Origin of the page around a visitor's chat, as the token says.
    origin: Option<Box<str>>,
}

enum Step {
    Text(Arc<str>),
    /// The answer to a command, which waits for nothing that the session reads by itself.
    Answer(Arc<str>),
    State,
    Pages(Pages),
    Close(CloseCode),
}

impl Step {
    fn is_a_read(&self) -> bool {
        matches!(self, Self::State | Self::Pages(_))
    }

    /// Whether it is read without being asked for. What somebody asked for has been counted against their limits and
    /// waits for nobody.
    fn is_own_read(&self) -> bool {
        matches!(self, Self::State | Self::Pages(Pages { asked_by: None, .. }))
    }
}

/// Entries to read from the log, page by page, so that a long history never lies in memory as a whole.
struct Pages {
    conversation: ConversationId,
    after: u64,
    asked_by: Option<Asked>,
}

/// The command that asked for entries; it is answered when the last page is out.
#[derive(Clone, Copy)]
struct Asked {
    id: u64,
    /// It also asked for what is to come.
    watches: bool,
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
        let mut session = Self::detached(realtime, caller.who, caller.place);
        session.origin = caller.claims.and_then(|claims| claims.origin);
        for topic in own_topics(&session.who) {
            session.subscriptions.add(topic);
        }
        session.listening = realtime.app.bus.listen(session.who.tenant());
        session.listening.ready().await;
        if realtime.hub.is_draining() {
            // It began after the check above, and may have missed this session.
            session.mailbox.end(End::Drain { after_ms: RETRY_AFTER_MS });
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
    pub(super) fn detached(realtime: &Realtime, who: Principal, place: Box<str>) -> Self {
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
            listening: Listening::default(),
            cursors: Cursors::new(unknown),
            steps: VecDeque::new(),
            state_version: None,
            state_read_at: None,
            state_due: false,
            retry_at: None,
            retries: 0,
            turn: Mutex::default(),
            strikes: 0,
            over: false,
            refusal: None,
            presence: None,
            place,
            origin: None,
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

    /// Why the person has no right to be here any more, if that was found out here.
    pub(super) fn refusal(&mut self) -> Option<Refusal> {
        self.refusal.take().map(|refusal| *refusal)
    }

    /// Takes over the count of this connection, so that it may outlive the session.
    pub(super) fn take_presence(&mut self) -> Option<PresenceGuard> {
        self.presence.take()
    }

    /// The next frame to send; `None` when there is nothing right now. Not to be dropped half-way.
    pub async fn next(&mut self) -> Option<Outgoing> {
        loop {
            let out = self.next_in_turn().await;
            if out.is_some() || !self.wants_turn() {
                return out;
            }
            self.take_turn().await;
        }
    }

    /// As [`Session::next`], but does not wait for a turn to read: [`Session::ready`] does, beside whatever else its
    /// caller waits for. When everybody comes back at once, or the storage hangs, thousands wait for one.
    pub(super) async fn next_in_turn(&mut self) -> Option<Outgoing> {
        while !self.over {
            let ending = self.mailbox.is_over();
            if let Some(answer) = self.overtaking() {
                return Some(Outgoing::Text(answer));
            }
            if !ending && self.retry_at.is_some_and(|at| at > Instant::now()) {
                return None;
            }
            self.retry_at = None;
            if ending && self.steps.front().is_some_and(Step::is_a_read) {
                self.steps.clear();
            }
            if self.wants_turn() && !self.has_turn_now() {
                return None;
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
            // Who is to leave does not wait for the storage.
            return tokio::select! {
                () = self.mailbox.ended() => {}
                () = Box::pin(sleep_until(at)) => {}
            };
        }
        if self.wants_turn() {
            return tokio::select! {
                () = self.mailbox.ended() => {}
                () = self.take_turn() => {}
            };
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
                    if let Some(asked) = pages.asked_by {
                        self.acknowledge(asked.id, Done { conversation: Some(pages.conversation), ..Done::default() });
                    }
                }
                step => self.steps.push_back(step),
            }
        }
    }

    /// The first answer behind a read of the session's own, which may wait for long.
    fn overtaking(&mut self) -> Option<Arc<str>> {
        self.steps.front().filter(|step| step.is_own_read())?;
        let place = self.steps.iter().position(|step| matches!(step, Step::Answer(_)))?;
        match self.steps.remove(place) {
            Some(Step::Answer(text)) => Some(text),
            _ => None,
        }
    }

    async fn step(&mut self, step: Step) -> Option<Outgoing> {
        match step {
            Step::Text(text) | Step::Answer(text) => Some(Outgoing::Text(text)),
            Step::State => {
                let _turn = self.use_turn();
                Box::pin(self.state()).await
            }
            Step::Pages(pages) => {
                let _turn = if pages.asked_by.is_none() { self.use_turn() } else { None };
                Box::pin(self.page(pages)).await
            }
            Step::Close(code) => {
                self.over = true;
                Some(Outgoing::Close(code))
            }
        }
    }

    fn open_mail(&mut self, mail: Mail) -> Option<Outgoing> {
        match mail {
            Mail::Frame(frame) | Mail::Line { frame, .. } => Some(Outgoing::Text(frame)),
            Mail::StateChanged => {
                self.state_due = true;
                None
            }
            Mail::Entries { conversation, from, last_seq, frame } => {
                match self.cursors.judge(conversation, from, last_seq) {
                    Verdict::Send => Some(Outgoing::Text(frame)),
                    Verdict::Drop => None,
                    Verdict::Read { after } => {
                        if from == 0 {
                            metrics().reconciliation_repairs.increment(1);
                        }
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

    fn state_at(&self) -> Option<Instant> {
        self.state_read_at.map(|at| at + STATE_EVERY)
    }

    fn forget(&mut self, conversation: ConversationId) {
        self.subscriptions.remove(Topic::Conversation(self.who.tenant(), conversation));
        self.cursors.remove(conversation);
    }

    fn queue(&mut self, event: &Event) {
        self.steps.push_back(Step::Text(to_json(event).into()));
    }
}

/// Whether a client speaks a protocol that this server has forgotten.
pub(super) fn is_too_old(hello: &Hello) -> bool {
    PROTOCOL_VERSION.saturating_sub(hello.protocol) > VERSIONS_BACK
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
