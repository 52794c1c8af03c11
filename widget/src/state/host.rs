//! Talking with the loader in the merchant's page. Everything said is small JSON with a member `t`.

use alloc::string::{String, ToString};

use protocol::codec::{Value, Wire, parse, write_int, write_text};
use protocol::command::{Command, Page};
use protocol::entry::EntryBody;
use protocol::ids::{ConversationId, DepartmentId};
use protocol::site::Theme;
use protocol::state::{Availability, ConversationState};

use super::net::Progress;
use super::thread::from_agent;
use super::{Effect, Env, Identity, Model, Screen};
use crate::texts::Locale;

/// One JSON object, built member by member.
struct Note(String);

impl Note {
    fn new(kind: &str) -> Self {
        let mut out = String::from("{\"t\":");
        write_text(&mut out, kind);
        Self(out)
    }

    /// A public event of the API.
    fn event(name: &str) -> Self {
        Self::new("event").text("name", name)
    }

    fn key(&mut self, key: &str) {
        self.0.push(',');
        write_text(&mut self.0, key);
        self.0.push(':');
    }

    fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        write_text(&mut self.0, value);
        self
    }

    fn int(mut self, key: &str, value: i64) -> Self {
        self.key(key);
        write_int(&mut self.0, value);
        self
    }

    fn done(mut self) -> Effect {
        self.0.push('}');
        Effect::Host(self.0)
    }
}

impl Model {
    /// The page around says something.
    pub(super) fn host(&mut self, text: &str, env: &Env) {
        let Some(message) = parse(text) else { return };
        let word = |key: &str| message.get(key).and_then(Value::text).unwrap_or("");
        match word("t") {
            "init" => self.host_init(&message),
            "open" => self.host_open(),
            "close" => self.open = false,
            "page" => {
                if let Some(page) = Page::read(&message) {
                    self.new_page(page);
                }
            }
            "locale" => {
                if let Some(locale) = Locale::of_tag(word("v")) {
                    self.locale = locale;
                    self.effect(Effect::Dress);
                }
            }
            "theme" => {
                if let Some(theme) = Theme::from_text(word("v")) {
                    self.theme = theme;
                    self.effect(Effect::Dress);
                }
            }
            "department" => self.department = DepartmentId::parse(word("v")),
            // The page knows who the visitor is: asked again, the server hears it.
            "identify" if self.identity != Identity::Unknown => self.become_visitor(),
            "send" => self.send_for_host(&message, env),
            "logout" => {
                self.effect(Effect::Forget);
                self.effect(Note::new("bye").done());
            }
            _ => {}
        }
    }

    fn host_init(&mut self, message: &Value) {
        let word = |key: &str| message.get(key).and_then(Value::text);
        self.token = self.token.take().or(word("token").map(ToString::to_string));
        if let Some(locale) = word("locale").and_then(Locale::of_tag) {
            self.locale = locale;
        }
        if let Some(theme) = word("theme").and_then(Theme::from_text) {
            self.theme = theme;
        }
        self.department = word("department").and_then(DepartmentId::parse);
        self.page = message.get("page").and_then(Page::read);
        self.effect(Effect::Dress);
        self.effect(Note::new("ready").done());
        // A conversation goes on from an earlier page, so its messages are to be counted.
        if matches!(message.get("resume"), Some(Value::Bool(true))) {
            self.need_server();
        }
        if matches!(message.get("open"), Some(Value::Bool(true))) {
            self.host_open();
        }
    }

    /// The panel is shown.
    pub fn host_open(&mut self) {
        if self.open {
            return;
        }
        self.open = true;
        self.need_server();
        let current = self.current().map(|line| line.id);
        match self.screen {
            Screen::Thread(Some(id)) => self.open_thread(&id),
            Screen::Home if !self.chosen => {
                if let Some(id) = current {
                    self.open_thread(&id);
                }
            }
            _ => {}
        }
        let field = match self.screen {
            Screen::Thread(_) => "composer",
            Screen::PreChat | Screen::Offline(_) => "first",
            _ => "main",
        };
        self.focus(field);
    }

    /// The visitor closes the panel.
    pub(super) fn host_close(&mut self) {
        if !self.alone {
            self.open = false;
            self.effect(Note::new("close").done());
        }
    }

    fn new_page(&mut self, page: Page) {
        self.page = Some(page.clone());
        if self.identity == Identity::Known {
            self.send_command(Command::Page(page));
        }
    }

    pub(super) fn tell_token(&mut self, token: &str) {
        self.effect(Note::new("token").text("v", token).done());
    }

    /// What agents wrote, once each.
    pub(super) fn tell_messages(&mut self, id: &ConversationId) {
        let read = self.conversation(id).map_or(0, |line| line.visitor_read_seq);
        let thread = self.thread_mut(id);
        let after = thread.told.max(read);
        thread.told = thread.timeline.seq();
        let Some(thread) = self.threads.iter().find(|thread| thread.id == *id) else { return };
        for item in thread.timeline.items() {
            let text = match &item.body {
                _ if item.seq <= after || !from_agent(item) => continue,
                Some(EntryBody::Message(text)) => &text.text,
                Some(EntryBody::File(file)) => &file.name,
                _ => continue,
            };
            let mut note = Note::event("message").text("text", text);
            if let Some(name) = item.author.as_ref().and_then(|author| author.name.as_ref()) {
                note = note.text("agent", name);
            }
            self.out.push(note.done());
        }
    }

    /// The visible steps of the current conversation.
    pub(super) fn tell_progress(&mut self, before: Progress, now: Progress) {
        if before == now {
            return;
        }
        let over = before.filter(|(id, ..)| now.is_none_or(|(other, ..)| other != *id));
        if let Some((id, ..)) = over
            && self.conversation(&id).is_some_and(|line| line.state == ConversationState::Closed)
        {
            self.effect(Note::event("closed").done());
        }
        let Some((id, state, position)) = now else {
            return;
        };
        match state {
            ConversationState::Waiting => {
                let note = Note::event("queued").int("position", i64::from(position.unwrap_or(0)));
                self.effect(note.done());
            }
            ConversationState::Active if before.is_none_or(|(_, state, _)| state != ConversationState::Active) => {
                let agent = self.conversation(&id).and_then(|line| line.agent.as_ref());
                let name = agent.map_or("", |agent| agent.name.as_str());
                let note = Note::event("assigned").text("agent", name);
                self.effect(note.done());
            }
            _ => {}
        }
    }

    pub(super) fn tell_rated(&mut self, score: u8) {
        self.effect(Note::event("rated").int("score", i64::from(score)).done());
    }

    /// Unread count, availability and whether a conversation goes on, when they changed.
    pub(super) fn tell_host(&mut self) {
        if self.state.is_none() && self.told_availability.is_some() {
            return;
        }
        let unread = self.conversations().iter().map(|line| self.unread(line)).sum();
        if unread != self.told_unread {
            self.told_unread = unread;
            self.effect(Note::new("unread").int("v", i64::from(unread)).done());
        }
        let live = self.current().is_some();
        if live != self.told_live {
            self.told_live = live;
            self.effect(Note::new("live").int("v", i64::from(live)).done());
        }
        let availability: Availability = self.availability();
        if self.told_availability != Some(availability) {
            self.told_availability = Some(availability);
            self.effect(Note::event("availability").text("availability", availability.as_str()).done());
        }
    }
}
