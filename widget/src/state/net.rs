//! What the server and the connection say.

use alloc::boxed::Box;
use alloc::string::String;

use client::{ClientEvent, Status};
use protocol::entry::AuthorKind;
use protocol::error::ErrorCode;
use protocol::event::{Entries, Event, Refused, ResetReason};
use protocol::ids::{Cmid, ConversationId, VisitorId};
use protocol::limits::TYPING_SHOWN_MS;
use protocol::state::{Availability, ConversationState, VisitorState};
use protocol::timeline::{Applied, SendState, Timeline};

use super::thread::from_agent;
use super::{Effect, Env, Identity, Model, Screen, Timer, Typist};
use crate::texts::{Key, cut, key};

/// The visitor's words for a refusal.
pub fn refusal(code: ErrorCode) -> Key {
    match code {
        ErrorCode::ConversationClosed => key::ERROR_CLOSED,
        ErrorCode::RateLimited => key::ERROR_OFTEN,
        ErrorCode::TooLarge => key::ERROR_LARGE,
        ErrorCode::UnsupportedType => key::FILE_TYPE,
        ErrorCode::Malformed | ErrorCode::Invalid => key::ERROR_INVALID,
        ErrorCode::QueueFull => key::ERROR_QUEUE,
        ErrorCode::TenantSuspended => key::UNAVAILABLE,
        _ => key::ERROR_OTHER,
    }
}

impl Model {
    pub(super) fn client_event(&mut self, event: ClientEvent, env: &Env) {
        match event {
            ClientEvent::Status(status) => self.status_changed(status),
            ClientEvent::Event(event) => self.server_event(*event, env),
            ClientEvent::Sent { cmid, conversation, state } => self.sent(cmid, conversation, state),
            ClientEvent::Unsent { cmid, left: true, .. } => self.leaving = Some(cmid),
            // What an earlier page left unsent is shown where it belongs.
            ClientEvent::Unsent { conversation, pending: Some(pending), .. } => match conversation {
                Some(id) => self.thread_mut(&id).timeline.add_pending(pending),
                None => self.draft.add_pending(pending),
            },
            ClientEvent::Unsent { .. } => {}
            ClientEvent::Gone(cmid) => self.drop_send(cmid),
            ClientEvent::NotKept => self.not_kept = true,
        }
    }

    fn status_changed(&mut self, status: Status) {
        self.status = status;
        match status {
            Status::NeedToken => {
                self.identity = Identity::Asking;
                self.become_visitor();
            }
            Status::Stopped(code) if code == protocol::error::CloseCode::TooOld.code() => self.outdated = true,
            Status::Live(_) => {
                // What was asked for on the old connection may not have come.
                for thread in &mut self.threads {
                    thread.fetched = false;
                }
            }
            _ => {}
        }
    }

    fn server_event(&mut self, event: Event, env: &Env) {
        match event {
            Event::Welcome(welcome) => {
                if let Some(token) = welcome.token {
                    self.new_token(token);
                }
                if welcome.build != self.config.build {
                    // Not under the visitor's hands; a page just loaded is not loaded again at once.
                    if !self.open && self.composer.is_empty() && env.now > 60_000 {
                        self.effect(Effect::Reload);
                    }
                }
            }
            Event::Token(token) => self.new_token(token.token),
            Event::Entries(entries) => self.entries(entries),
            Event::Reset(reset) => {
                if reset.reason == ResetReason::NoAccess {
                    // Nothing of it is listed any more.
                    self.thread_mut(&reset.conversation).timeline = Timeline::default();
                    if self.screen == Screen::Thread(Some(reset.conversation)) {
                        self.show(Screen::Home);
                    }
                } else {
                    self.thread_mut(&reset.conversation).timeline.reset();
                }
            }
            Event::Visitor(state) => {
                self.visitor_state(state);
                self.say_place(env);
            }
            Event::Typing(typing) if typing.kind == AuthorKind::Agent => {
                self.typist = typing.active.then_some(Typist {
                    conversation: typing.conversation,
                    name: typing.name,
                    until: env.now + TYPING_SHOWN_MS,
                });
                self.effect(Effect::Later(Timer::Typist, TYPING_SHOWN_MS as u32));
            }
            Event::ReadMoved(read) if read.kind == AuthorKind::Agent => {
                let thread = self.thread_mut(&read.conversation);
                thread.agent_read = thread.agent_read.max(read.seq);
            }
            Event::Refused(refused) => self.refused(&refused),
            _ => {}
        }
    }

    /// A command outside the outbox was refused. What only tells something is not worth a word.
    fn refused(&mut self, refused: &Refused) {
        match refused.code {
            ErrorCode::TenantSuspended => self.suspended(),
            ErrorCode::RateLimited | ErrorCode::Invalid => self.say(refusal(refused.code)),
            _ => {}
        }
    }

    fn suspended(&mut self) {
        self.config.availability = Availability::Unavailable;
        if let Some(state) = &mut self.state {
            state.availability = Availability::Unavailable;
        }
    }

    fn entries(&mut self, entries: Entries) {
        let id = &entries.conversation.clone();
        let thread = self.thread_mut(id);
        let Applied::From(first) = thread.timeline.take(entries) else {
            return;
        };
        let agent_wrote = thread.timeline.items().iter().skip(first).any(from_agent);
        if agent_wrote && self.typist.as_ref().is_some_and(|it| it.conversation == *id) {
            self.typist = None;
        }
        self.load_pictures(id);
        self.tell_messages(id);
    }

    fn visitor_state(&mut self, state: VisitorState) {
        for line in &state.conversations {
            if let Some(thread) = self.threads.iter_mut().find(|thread| thread.id == line.id) {
                thread.agent_read = thread.agent_read.max(line.agent_read_seq);
            }
        }
        let first = self.state.is_none();
        let before = self.progress();
        self.visitor = Some(state.visitor);
        self.state = Some(Box::new(state));
        let now = self.progress();
        if let Some((id, ..)) = now {
            self.fetch_missing(&id);
            // Back on the page in the middle of a conversation: straight to it.
            if first && self.open && !self.chosen && self.screen == Screen::Home {
                self.open_thread(&id);
            }
        }
        if let Screen::Thread(Some(id)) = self.screen {
            self.fetch_missing(&id);
            let waited = before.is_some_and(|(it, state, _)| it == id && state != ConversationState::Offline);
            // The wait ended without an agent. Who is writing stays, and is asked for the address there.
            if waited && self.lacks_address() && self.composer.is_empty() {
                self.show(Screen::Offline(Some(id)));
                self.fill_form();
            }
        }
        self.tell_progress(before, now);
    }

    /// Where the current conversation stands. One copy of it is less to load than two.
    #[inline(never)]
    fn progress(&self) -> Progress {
        self.current().map(|line| (line.id, line.state, line.position))
    }

    /// What became of a send of the outbox.
    fn sent(&mut self, cmid: Cmid, conversation: Option<ConversationId>, state: SendState) {
        if self.left(cmid, state) {
            return;
        }
        if state == SendState::Failed(ErrorCode::TenantSuspended) {
            self.suspended();
        }
        let drafted = self.draft.pending().iter().find(|it| it.cmid == cmid).cloned();
        let Some(mut pending) = drafted else {
            for thread in &mut self.threads {
                thread.timeline.settle(cmid, state);
            }
            return;
        };
        pending.state = state;
        match (conversation, state) {
            (Some(id), SendState::Stored) => {
                self.draft.discard(cmid);
                self.thread_mut(&id).timeline.add_pending(pending);
                // What was written behind it goes the same way.
                while let Some(pending) = self.draft.pending().first().cloned() {
                    self.draft.discard(pending.cmid);
                    self.thread_mut(&id).timeline.add_pending(pending);
                }
                if self.screen == Screen::Thread(None) {
                    self.show(Screen::Thread(Some(id)));
                }
            }
            (_, SendState::Failed(ErrorCode::QueueFull)) => {
                self.draft.discard(cmid);
                self.effect(Effect::Discard(cmid));
                if let protocol::command::PostBody::Message(text) = pending.body {
                    self.form.add_text(&text.text);
                }
                self.show(Screen::Offline(None));
                self.fill_form();
                self.form.refused = Some(ErrorCode::QueueFull);
            }
            _ => self.draft.settle(cmid, state),
        }
    }

    /// The answer to who this visitor is.
    pub(super) fn visitor_reply(&mut self, status: u16, text: &str, wait_ms: u32, env: &Env) {
        let (visitor, token) = cut(text, b'\n').unwrap_or((text, ""));
        match VisitorId::parse(visitor) {
            Some(visitor) if status == 200 => {
                self.visitor_failures = 0;
                self.identity = Identity::Known;
                if self.visitor.is_some_and(|before| before != visitor) {
                    // The old token was of no use: somebody new.
                    self.state = None;
                    self.threads.clear();
                    self.chosen = false;
                    self.show(Screen::Home);
                }
                self.visitor = Some(visitor);
                self.new_token(token.into());
                self.effect(Effect::Connect { token: token.into(), visitor });
            }
            _ if status == 403 => {
                self.suspended();
                self.status = Status::Off;
            }
            _ if status == 401 => {
                self.token = None;
                self.become_visitor();
            }
            _ => {
                let longest = 1_000u32 << self.visitor_failures.min(5);
                self.visitor_failures += 1;
                let wait_ms = if wait_ms > 0 { wait_ms } else { longest };
                // Up to a second more: not everybody at once.
                let jitter = env.cmid.0.as_bytes().iter().fold(0, |sum, byte| sum + u32::from(*byte) / 4);
                self.status = Status::Waiting(u64::from(longest));
                self.effect(Effect::Later(Timer::Visitor, wait_ms.saturating_add(jitter)));
            }
        }
    }

    fn new_token(&mut self, token: String) {
        self.tell_token(&token);
        self.token = Some(token);
    }

    pub(super) fn timer(&mut self, timer: Timer, env: &Env) {
        match timer {
            Timer::Visitor => self.become_visitor(),
            Timer::Typist => {
                if self.typist.as_ref().is_some_and(|it| it.until <= env.now) {
                    self.typist = None;
                }
            }
            Timer::Typing => {
                if !self.composer.trim_ascii().is_empty() {
                    self.say_typing(env);
                }
            }
            Timer::Notice => self.notice = None,
            Timer::Place => self.say_place(env),
        }
    }
}

/// A conversation's identity, state and place, for telling what changed.
pub(super) type Progress = Option<(ConversationId, ConversationState, Option<u32>)>;
