//! Buttons, and writing.

use alloc::string::{String, ToString};

use client::TypingStep;
use protocol::codec::Value;
use protocol::command::{Close, Command, Post, PostBody, Typing};
use protocol::entry::Text;
use protocol::ids::{AttachmentId, Cmid, ConversationId};
use protocol::limits::{MESSAGE_CHARS, PREVIEW_CHARS};
use protocol::state::Availability;
use protocol::timeline::{Pending, SendState};

use super::{Effect, Env, Model, Screen, Timer};
use crate::texts::{count_chars, cut, first_chars, number_of};

impl Model {
    /// A button or form was used. Actions are `name` or `name:argument`.
    pub(super) fn act(&mut self, action: &str, env: &Env) {
        let (name, argument) = cut(action, b':').unwrap_or((action, ""));
        match name {
            "home" => self.go(Screen::Home),
            "history" => self.go(Screen::History),
            "chat" => self.begin(),
            "open" => {
                if let Some(id) = ConversationId::parse(argument) {
                    self.chosen = true;
                    self.open_thread(&id);
                }
            }
            "offline" => self.leave_message(),
            "form" => self.submit(env),
            "place" => self.ask_to_keep(),
            "keep-place" => self.keep_place(),
            "send" => self.send(env),
            "retry" | "discard" => self.resend(name == "retry", argument),
            "end" => {
                self.ending = true;
                self.focus("keep");
            }
            "keep" => {
                self.ending = false;
                self.focus("composer");
            }
            "really-end" => self.end(),
            "score" => self.rating.score = number_of(argument).min(5) as u8,
            "rate" => {
                if let Screen::Thread(Some(id)) = self.screen {
                    self.rate(id);
                }
            }
            "close" => self.host_close(),
            "escape" if self.ending => self.ending = false,
            "escape" => self.host_close(),
            "to-end" => self.at_end = true,
            "attach" => self.effect(Effect::PickFiles),
            "file-retry" => self.retry_upload(number_of(argument)),
            "file-drop" => self.drop_upload(number_of(argument)),
            "save" => self.save(argument),
            "dismiss" => self.notice = None,
            "reload" => self.effect(Effect::Reload),
            _ => {}
        }
    }

    fn go(&mut self, screen: Screen) {
        self.chosen = true;
        self.show(screen);
        self.focus("top");
    }

    /// The main button of the home screen: go on, begin, or leave a message.
    pub(super) fn begin(&mut self) {
        self.chosen = true;
        self.need_server();
        if let Some(id) = self.current().map(|line| line.id) {
            self.open_thread(&id);
        } else if !self.draft.pending().is_empty() {
            self.show(Screen::Thread(None));
        } else {
            match self.availability() {
                Availability::Unavailable => {}
                Availability::Offline => self.leave_message(),
                _ if self.asks_first() => {
                    self.show(Screen::PreChat);
                    self.fill_form();
                    self.focus("first");
                }
                _ => {
                    self.show(Screen::Thread(None));
                    self.focus("composer");
                }
            }
        }
    }

    /// The offline form, for the conversation on the screen when it waits.
    fn leave_message(&mut self) {
        let waiting = match self.screen {
            Screen::Thread(id) => id.filter(|id| self.is_open(id)),
            _ => None,
        };
        self.go(Screen::Offline(waiting));
        self.need_server();
        self.fill_form();
        self.focus("first");
    }

    fn end(&mut self) {
        self.ending = false;
        if let Screen::Thread(Some(conversation)) = self.screen {
            self.send_command(Command::Close(Close { conversation }));
        }
    }

    pub(super) fn input(&mut self, field: &str, value: String, env: &Env) {
        if field == "composer" {
            self.composer = value;
            self.say_typing(env);
        } else {
            self.form_input(field, value);
        }
    }

    /// Tells the agent that the visitor types, as often as is useful.
    pub(super) fn say_typing(&mut self, env: &Env) {
        let Screen::Thread(Some(conversation)) = self.screen else {
            return;
        };
        let text = self.composer.trim_ascii();
        match self.typing.changed(env.now, text.is_empty()) {
            TypingStep::Say(active) => {
                let preview = active && self.config.site.typing_preview;
                let preview = preview.then(|| first_chars(text, PREVIEW_CHARS).to_string());
                self.send_command(Command::Typing(Typing { conversation, active, preview }));
            }
            TypingStep::AskAgain(after) => self.effect(Effect::Later(Timer::Typing, after as u32)),
            TypingStep::Nothing => {}
        }
    }

    /// Sends what is in the composer.
    fn send(&mut self, env: &Env) {
        let text = self.composer.trim_ascii();
        if text.is_empty() || count_chars(text) > MESSAGE_CHARS {
            return;
        }
        let text = text.to_string();
        self.composer.clear();
        self.typing.sent();
        self.set_value("composer", String::new());
        self.write(text, env);
        self.focus("composer");
    }

    /// Writes a message into the conversation on the screen, or begins one.
    pub(super) fn write(&mut self, text: String, env: &Env) {
        match self.screen {
            Screen::Thread(Some(id)) => self.post(Some(id), PostBody::Message(Text { text }), env),
            _ if self.draft.pending().is_empty() => self.start(text, env),
            _ => self.post(None, PostBody::Message(Text { text }), env),
        }
    }

    /// Puts a post into the outbox and shows it at once.
    pub(super) fn post(&mut self, conversation: Option<ConversationId>, body: PostBody, env: &Env) {
        let pending = Pending { cmid: env.cmid, body: body.clone(), at: env.wall, state: SendState::Sending };
        match conversation {
            Some(id) => {
                let thread = self.thread_mut(&id);
                thread.new_from = None;
                thread.timeline.add_pending(pending);
            }
            None => self.draft.add_pending(pending),
        }
        self.post_command(Command::Post(Post { cmid: env.cmid, conversation, body }));
        self.at_end = true;
    }

    fn resend(&mut self, again: bool, argument: &str) {
        let Some(cmid) = Cmid::parse(argument) else {
            return;
        };
        if again {
            self.effect(Effect::Retry(cmid));
        } else {
            self.drop_send(cmid);
            self.effect(Effect::Discard(cmid));
        }
    }

    /// Takes the bubble of a send away.
    pub(super) fn drop_send(&mut self, cmid: Cmid) {
        if self.leaving == Some(cmid) {
            self.leaving = None;
        }
        self.draft.discard(cmid);
        for thread in &mut self.threads {
            thread.timeline.discard(cmid);
        }
    }

    fn save(&mut self, argument: &str) {
        if let Some(attachment) = AttachmentId::parse(argument) {
            let name = self.file_name(&attachment).to_string();
            self.effect(Effect::Download(attachment, name));
        }
    }

    /// The page around sent a command with a text in it.
    pub(super) fn send_for_host(&mut self, message: &Value, env: &Env) {
        let Some(text) = message.get("text").and_then(Value::text).map(str::trim_ascii) else {
            return;
        };
        if text.is_empty() || count_chars(text) > MESSAGE_CHARS {
            return;
        }
        let text = text.to_string();
        self.begin();
        match self.screen {
            Screen::Thread(_) => self.write(text, env),
            _ => {
                self.form.text.clone_from(&text);
                self.set_value("text", text);
            }
        }
    }
}
