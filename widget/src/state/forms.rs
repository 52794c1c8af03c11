//! The forms before, instead of and after a conversation.

use alloc::string::{String, ToString};

use protocol::command::{Command, LeaveMessage, PostBody, Rate, Start};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::{ConversationId, DepartmentId};
use protocol::limits::{EMAIL_BYTES, MESSAGE_CHARS, NAME_CHARS};
use protocol::site::FieldRule;
use protocol::timeline::{Pending, SendState};

use super::{Effect, Env, Model, Screen};
use crate::texts::{Key, count_chars, cut, fill, key, number};

/// What stands in the form and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Message.
    pub text: String,
    /// What is wrong with the name.
    pub name_error: Option<Key>,
    /// What is wrong with the address.
    pub email_error: Option<Key>,
    /// What is wrong with the message, as markup.
    pub text_error: Option<String>,
    /// Department chosen.
    pub department: Option<DepartmentId>,
    /// None was chosen where one must be.
    pub department_error: bool,
    /// What the server refused.
    pub refused: Option<ErrorCode>,
}

/// The rating being given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rating {
    /// 1 to 5; 0: not chosen.
    pub score: u8,
    /// What the visitor adds.
    pub comment: String,
    /// Given in this page.
    pub given: bool,
}

/// Whether a text looks like an address that a letter can be sent to. The server looks closer.
pub(super) fn looks_like_email(email: &str) -> bool {
    let Some((local, domain)) = cut(email, b'@') else {
        return false;
    };
    let dots = domain.bytes().filter(|byte| *byte == b'.').count();
    !local.is_empty()
        && email.len() <= EMAIL_BYTES
        && dots > 0
        && !matches!(domain.as_bytes(), [b'.', ..] | [.., b'.'])
        && !email.bytes().any(|byte| byte <= b' ' || byte == 0x7f)
        && !domain.bytes().any(|byte| byte == b'@')
}

impl Form {
    /// Puts a text below what stands in the message already: of several that come back, and of what is being typed, none
    /// is lost.
    pub(super) fn add_text(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    /// What is wrong with the address.
    pub(super) fn check_email(&self, rule: FieldRule) -> Option<Key> {
        let address = self.email.trim_ascii();
        match rule {
            FieldRule::Off => None,
            FieldRule::Required if address.is_empty() => Some(key::EMAIL_MISSING),
            _ => (!address.is_empty() && !looks_like_email(address)).then_some(key::EMAIL_WRONG),
        }
    }
}

fn none_if_empty(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    (!text.is_empty()).then(|| text.to_string())
}

impl Model {
    pub(super) fn form_input(&mut self, field: &str, value: String) {
        let form = &mut self.form;
        form.refused = None;
        match field {
            "name" => {
                form.name = value;
                form.name_error = None;
            }
            "email" => {
                form.email = value;
                form.email_error = None;
            }
            "text" => {
                form.text = value;
                form.text_error = None;
            }
            "department" => {
                form.department = DepartmentId::parse(&value);
                form.department_error = false;
            }
            _ => self.rating.comment = value,
        }
    }

    /// What the forms know already.
    pub(super) fn fill_form(&mut self) {
        if let Some(state) = &self.state {
            if self.form.name.is_empty() {
                self.form.name = state.name.clone().unwrap_or_default();
            }
            if self.form.email.is_empty() {
                self.form.email = state.email.clone().unwrap_or_default();
            }
        }
        self.form.name_error = None;
        self.form.email_error = None;
        self.form.text_error = None;
        self.form.department_error = false;
        self.form.refused = None;
        self.set_value("name", self.form.name.clone());
        self.set_value("email", self.form.email.clone());
        self.set_value("text", self.form.text.clone());
        self.set_value("department", self.form.department.map(|id| id.text()).unwrap_or_default());
    }

    /// Whether a form has to come before the first message.
    pub(super) fn asks_first(&self) -> bool {
        let known = |value: fn(&protocol::state::VisitorState) -> bool| self.state.as_deref().is_some_and(value);
        let site = &self.config.site;
        (site.ask_name != FieldRule::Off && !known(|state| state.name.is_some()))
            || (site.ask_email != FieldRule::Off && !known(|state| state.email.is_some()))
            || self.ask_department() != FieldRule::Off
    }

    /// What the form on the screen asks for: name, address and department.
    pub fn rules(&self) -> [FieldRule; 3] {
        let site = &self.config.site;
        let (name, email) = match self.leaves() {
            true => (FieldRule::Required, FieldRule::Required),
            false => (site.ask_name, site.ask_email),
        };
        [name, email, self.ask_department()]
    }

    fn check_form(&mut self) -> bool {
        let [name, email, department] = self.rules();
        let form = &mut self.form;
        form.department_error = department == FieldRule::Required && form.department.is_none();
        let name_length = count_chars(form.name.trim_ascii());
        form.name_error = if name == FieldRule::Required && name_length == 0 {
            Some(key::NAME_MISSING)
        } else {
            (name_length > NAME_CHARS && name != FieldRule::Off).then_some(key::NAME_LONG)
        };
        form.email_error = form.check_email(email);
        let length = count_chars(form.text.trim_ascii());
        form.text_error = if length == 0 {
            Some(key::TEXT_MISSING.text())
        } else if length > MESSAGE_CHARS {
            Some(too_long(length))
        } else {
            None
        };
        let wrong = if form.department_error {
            "department"
        } else if form.name_error.is_some() {
            "name"
        } else if form.email_error.is_some() {
            "email"
        } else if form.text_error.is_some() {
            "text"
        } else {
            return true;
        };
        self.focus(wrong);
        false
    }

    /// The form before or instead of a conversation is sent.
    pub(super) fn submit(&mut self, env: &Env) {
        if self.leaving.is_some() || !self.check_form() {
            return;
        }
        let text = self.form.text.trim_ascii().to_string();
        if self.leaves() {
            self.leave(text, env);
        } else {
            self.start(text, env);
            self.form.text.clear();
        }
    }

    /// Begins a conversation with its first message.
    pub(super) fn start(&mut self, text: String, env: &Env) {
        self.need_server();
        self.draft.add_pending(Pending {
            cmid: env.cmid,
            body: PostBody::Message(Text { text: text.clone() }),
            at: env.wall,
            state: SendState::Sending,
        });
        let site = &self.config.site;
        let given = |rule: FieldRule, value: &str| (rule != FieldRule::Off).then(|| none_if_empty(value)).flatten();
        let command = Command::Start(Start {
            cmid: env.cmid,
            name: given(site.ask_name, &self.form.name),
            email: given(site.ask_email, &self.form.email),
            text: Some(text),
            page: self.page.clone(),
            department: self.destination(),
        });
        self.post_command(command);
        self.show(Screen::Thread(None));
        self.focus("composer");
    }

    /// Leaves a message, for the conversation that waits or as a new one.
    fn leave(&mut self, text: String, env: &Env) {
        self.need_server();
        self.form.refused = None;
        self.leaving = Some(env.cmid);
        let conversation = match self.screen {
            Screen::Offline(conversation) => conversation,
            _ => None,
        };
        let command = Command::LeaveMessage(LeaveMessage {
            cmid: env.cmid,
            conversation,
            name: self.form.name.trim_ascii().to_string(),
            email: self.form.email.trim_ascii().to_string(),
            text,
            page: self.page.clone(),
            department: self.destination(),
        });
        self.post_command(command);
    }

    /// The offline form's message was stored or refused. `true` when it was that message.
    pub(super) fn left(&mut self, cmid: protocol::ids::Cmid, state: SendState) -> bool {
        if self.leaving != Some(cmid) {
            return false;
        }
        match state {
            SendState::Stored => {
                self.leaving = None;
                self.form.text.clear();
                // The server tells of an address only with something else that changed.
                if let Some(known) = &mut self.state {
                    known.email = none_if_empty(&self.form.email).or(known.email.take());
                }
                if matches!(self.screen, Screen::Offline(_) | Screen::PreChat) {
                    self.show(Screen::Left);
                }
            }
            SendState::Failed(code) => {
                self.leaving = None;
                self.form.refused = Some(code);
                self.effect(Effect::Discard(cmid));
            }
            SendState::Sending | SendState::Stale => {}
        }
        true
    }

    pub(super) fn rate(&mut self, id: ConversationId) {
        if self.rating.score == 0 {
            return;
        }
        let comment = none_if_empty(&self.rating.comment);
        self.send_command(Command::Rate(Rate { conversation: id, score: self.rating.score, comment }));
        self.rating.given = true;
        self.tell_rated(self.rating.score);
    }
}

/// "This message is too long: 8001 of 8000 characters.", as markup.
pub fn too_long(length: usize) -> String {
    fill(key::TEXT_LONG, &[&number(length as u64), &number(MESSAGE_CHARS as u64)])
}
