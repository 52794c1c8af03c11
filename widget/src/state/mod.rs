//! What the widget knows and how it changes: [`Model::update`] takes a [`Msg`] and asks for [`Effect`]s. No
//! clock, no browser.

mod compose;
mod department;
mod effect;
mod files;
mod forms;
mod host;
mod msg;
mod net;
mod place;
mod thread;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use client::{ReadThrottle, Status, TypingThrottle};
use protocol::command::{Command, Page};
use protocol::ids::{AttachmentId, Cmid, ConversationId, DepartmentId, VisitorId};
use protocol::site::{FrameConfig, Theme};
use protocol::state::{Availability, ConversationState, VisitorConversation, VisitorState};
use protocol::timeline::Timeline;

use crate::clock::Offset;
use crate::texts::{Key, Locale};
pub use effect::{Effect, Timer};
pub use files::{NewFile, Picture, PictureState, Upload, is_picture};
pub use forms::{Form, Rating, too_long};
pub use msg::{Env, Msg};
pub use net::refusal;
pub use thread::{Thread, from_agent};

/// Which page of the widget is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Greeting and conversations.
    Home,
    /// Every conversation.
    History,
    /// The form before a conversation.
    PreChat,
    /// A conversation; `None`: one that begins with its first message.
    Thread(Option<ConversationId>),
    /// The form when nobody is there; for a waiting conversation or a new one.
    Offline(Option<ConversationId>),
    /// The offline form was taken.
    Left,
}

/// Whether the server knows who this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Nothing was asked yet: the visitor has done nothing.
    Unknown,
    /// Asked.
    Asking,
    /// Known.
    Known,
}

/// Somebody who types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typist {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub name: Option<String>,
    /// Shown until then, on the steady clock.
    pub until: u64,
}

/// Everything the widget knows.
pub struct Model {
    /// The site and how the frame was started.
    pub config: Box<FrameConfig>,
    /// The reader's time zone.
    pub offset: Offset,
    /// Language of the texts.
    pub locale: Locale,
    /// Colour scheme.
    pub theme: Theme,
    /// Whether the frame stands alone, without a page around it.
    pub alone: bool,
    /// Whether the panel is shown.
    pub open: bool,
    /// What is shown.
    pub screen: Screen,
    /// Whether the visitor went somewhere, so that nothing else may.
    pub chosen: bool,
    /// Whether the server knows who this is.
    pub identity: Identity,
    /// The visitor token, once there is one.
    pub token: Option<String>,
    /// The visitor.
    pub visitor: Option<VisitorId>,
    /// The connection.
    pub status: Status,
    /// What the server last said about this visitor.
    pub state: Option<Box<VisitorState>>,
    /// The conversations held.
    pub threads: Vec<Thread>,
    /// Sends that will begin a conversation.
    pub draft: Timeline,
    /// The forms before a conversation.
    pub form: Form,
    /// The rating being given.
    pub rating: Rating,
    /// What is in the composer.
    pub composer: String,
    /// Who types.
    pub typist: Option<Typist>,
    /// The department that the page around names.
    pub department: Option<DepartmentId>,
    /// Whether the form that keeps a place is open.
    pub keeping: bool,
    /// The place in the queue that was last read out; 0: another step.
    pub said_place: u32,
    /// The page the visitor is on.
    pub page: Option<Page>,
    /// Files on their way.
    pub uploads: Vec<Upload>,
    /// Pictures shown.
    pub pictures: Vec<Picture>,
    /// Names of files this page sent.
    pub sent_files: Vec<(AttachmentId, String)>,
    /// Whether the newest message is in view.
    pub at_end: bool,
    /// Whether to ask before ending a conversation.
    pub ending: bool,
    /// Something went wrong that belongs to no field; markup.
    pub notice: Option<String>,
    /// Whether unsent messages cannot be kept over a reload.
    pub not_kept: bool,
    /// Whether the server runs a newer build than this page.
    pub outdated: bool,
    /// The offline form's message on its way.
    pub leaving: Option<Cmid>,
    /// Failures in a row to become a visitor.
    visitor_failures: u32,
    /// No place is read out before this time of the steady clock.
    say_after: u64,
    reads: ReadThrottle,
    typing: TypingThrottle,
    told_unread: u32,
    told_live: bool,
    told_availability: Option<Availability>,
    out: Vec<Effect>,
}

impl Model {
    /// The widget as it starts: closed, at home, nothing asked.
    pub fn new(config: FrameConfig, language: &str, alone: bool, offset: Offset) -> Self {
        let fallback = config.site.locale.as_deref().and_then(Locale::of_tag);
        let locale = Locale::of_tag(language).or(fallback).unwrap_or(Locale::En);
        let theme = config.site.theme;
        Self {
            config: Box::new(config),
            offset,
            locale,
            theme,
            alone,
            open: false,
            screen: Screen::Home,
            chosen: false,
            identity: Identity::Unknown,
            token: None,
            visitor: None,
            status: Status::Off,
            state: None,
            threads: Vec::new(),
            draft: Timeline::default(),
            form: Form::default(),
            rating: Rating::default(),
            composer: String::new(),
            typist: None,
            department: None,
            keeping: false,
            said_place: 0,
            page: None,
            uploads: Vec::new(),
            pictures: Vec::new(),
            sent_files: Vec::new(),
            at_end: true,
            ending: false,
            notice: None,
            not_kept: false,
            outdated: false,
            leaving: None,
            visitor_failures: 0,
            say_after: 0,
            reads: ReadThrottle::default(),
            typing: TypingThrottle::default(),
            told_unread: 0,
            told_live: false,
            told_availability: None,
            out: Vec::new(),
        }
    }

    /// Applies a message.
    pub fn update(&mut self, msg: Msg<'_>, env: &Env) {
        match msg {
            Msg::Act(action) => self.act(action, env),
            Msg::Input { field, value } => self.input(field, String::from(value), env),
            Msg::Host(text) => self.host(text, env),
            Msg::Client(event) => self.client_event(event, env),
            Msg::Visitor { status, text, wait_ms } => self.visitor_reply(status, text, wait_ms, env),
            Msg::AtEnd(at_end) => self.at_end = at_end,
            Msg::Timer(timer) => self.timer(timer, env),
            Msg::File(file) => self.file(file),
            Msg::UploadProgress { number, done } => self.upload_progress(number, done),
            Msg::UploadDone { number, status, text } => self.upload_done(number, status, text, env),
            Msg::PictureLoaded { attachment, url } => self.picture_loaded(attachment, url),
            Msg::DownloadFailed => self.say(crate::texts::key::FILE_GONE),
        }
        self.settle();
    }

    /// What must be done outside, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.out)
    }

    /// The merchant's own text, if there is one in the visitor's language.
    pub fn own_text(&self, pick: fn(&protocol::site::SiteTexts) -> &Option<String>) -> Option<&str> {
        self.config
            .site
            .texts
            .iter()
            .filter(|texts| Locale::of_tag(&texts.locale) == Some(self.locale))
            .find_map(|texts| pick(texts).as_deref())
            .filter(|text| !text.is_empty())
    }

    /// The conversations, newest first.
    pub fn conversations(&self) -> &[VisitorConversation] {
        self.state.as_ref().map_or(&[], |state| state.conversations.as_slice())
    }

    /// One conversation's line.
    pub fn conversation(&self, id: &ConversationId) -> Option<&VisitorConversation> {
        self.conversations().iter().find(|line| line.id == *id)
    }

    /// The conversation that is not over, if there is one.
    pub fn current(&self) -> Option<&VisitorConversation> {
        self.conversations().first().filter(|line| line.state != ConversationState::Closed)
    }

    /// The thread of a conversation, if it is held.
    pub fn thread(&self, id: &ConversationId) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == *id)
    }

    /// The timeline on the screen: a thread's or the draft's.
    pub fn timeline(&self) -> Option<&Timeline> {
        match &self.screen {
            Screen::Thread(Some(id)) => self.thread(id).map(|thread| &thread.timeline),
            Screen::Thread(None) => Some(&self.draft),
            _ => None,
        }
    }

    /// How many messages of agents the visitor has not read in a conversation.
    pub fn unread(&self, line: &VisitorConversation) -> u32 {
        match self.thread(&line.id) {
            Some(thread) if thread.timeline.seq() >= line.last_seq => thread.unread_after(line.visitor_read_seq),
            _ => line.unread,
        }
    }

    /// Whether an address of the visitor is known.
    pub fn has_address(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.email.is_some())
    }

    /// Whether the current conversation was left for later and there is no address to answer to.
    pub fn lacks_address(&self) -> bool {
        self.current().is_some_and(|line| line.state == ConversationState::Offline) && !self.has_address()
    }

    /// Whether a conversation may still be written in.
    pub fn is_open(&self, id: &ConversationId) -> bool {
        self.conversation(id).is_none_or(|line| line.state != ConversationState::Closed)
    }

    fn effect(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    fn send_command(&mut self, command: Command) {
        self.effect(Effect::Send(Box::new(command)));
    }

    fn post_command(&mut self, command: Command) {
        self.effect(Effect::Post(Box::new(command)));
    }

    fn set_value(&mut self, id: &'static str, value: String) {
        self.effect(Effect::SetValue(id, value));
    }

    fn focus(&mut self, id: &'static str) {
        self.effect(Effect::Focus(id));
    }

    /// Asks who the visitor is, with the token of an earlier visit.
    fn become_visitor(&mut self) {
        let token = self.token.clone();
        self.effect(Effect::BecomeVisitor(token));
    }

    fn say(&mut self, key: Key) {
        self.notify(key.text());
    }

    /// Says something in markup that belongs to no field, for a while.
    fn notify(&mut self, words: String) {
        self.notice = Some(words);
        self.effect(Effect::Later(Timer::Notice, 8_000));
    }

    fn show(&mut self, screen: Screen) {
        if self.screen != screen {
            self.screen = screen;
            self.ending = false;
            self.keeping = false;
            self.notice = None;
            self.at_end = true;
            self.rating = Rating::default();
            if let Screen::Thread(_) = screen {
                self.set_value("composer", self.composer.clone());
            }
        }
    }

    /// Asks who this visitor is, once there is a reason to.
    fn need_server(&mut self) {
        if self.identity == Identity::Unknown {
            self.identity = Identity::Asking;
            self.become_visitor();
        }
    }

    /// What follows from any change: reading, and what the page around is told.
    fn settle(&mut self) {
        self.read_what_is_seen();
        self.tell_host();
    }
}
