//! What a form says, and the command it becomes. Everything wrong with it is found before anything is written,
//! and said beside the field; what was typed stays.

use domain::text::{EmailAddress, MessageText, Name, RatingComment, TextError, optional};
use protocol::command::{Close, Command, KeepPlace, LeaveMessage, Post, PostBody, Rate, Start};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId, DepartmentId};
use protocol::site::FieldRule;
use serde::Deserialize;
use uuid::Uuid;

use super::Place;
use crate::error::{AppResult, Refusal};
use crate::i18n::Texts;

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Begin a conversation.
    Start,
    /// Leave a message for later.
    Leave,
    /// Write into a conversation.
    Send,
    /// Keep a place in the queue.
    Keep,
    /// End a conversation.
    Close,
    /// Rate a conversation.
    Rate,
}

/// The fields of all forms; each form has some of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Which form.
    #[serde(rename = "do")]
    pub act: String,
    /// Proof that it was made for this visit.
    pub proof: String,
    /// Id of this send: the same form sent twice is stored once (C2).
    pub cmid: String,
    /// The conversation it is about.
    pub conversation: String,
    /// The newest entry that was shown with it.
    pub seen: u64,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Department.
    pub department: String,
    /// Message.
    pub text: String,
    /// Mark from 1 to 5.
    pub score: String,
    /// What is added to the mark.
    pub comment: String,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// What to say beside it.
    pub text: String,
}

impl Form {
    /// An empty form with a new id.
    pub fn new() -> Self {
        Self { cmid: Uuid::new_v4().to_string(), ..Self::default() }
    }

    /// What it is for.
    ///
    /// # Errors
    /// `malformed` for a form that is none of ours.
    pub fn act(&self) -> AppResult<Act> {
        match self.act.as_str() {
            "start" => Ok(Act::Start),
            "leave" => Ok(Act::Leave),
            "send" => Ok(Act::Send),
            "keep" => Ok(Act::Keep),
            "close" => Ok(Act::Close),
            "rate" => Ok(Act::Rate),
            _ => Err(Refusal::field("do", ErrorCode::Malformed, "no such form").into()),
        }
    }

    /// The conversation it names, if any.
    ///
    /// # Errors
    /// `malformed` for what is not an id.
    pub fn conversation(&self) -> AppResult<Option<ConversationId>> {
        if self.conversation.is_empty() {
            return Ok(None);
        }
        ConversationId::parse(&self.conversation).map(Some).ok_or_else(|| malformed("conversation"))
    }

    fn cmid(&self) -> AppResult<Cmid> {
        Cmid::parse(&self.cmid).ok_or_else(|| malformed("cmid"))
    }

    fn named(&self) -> AppResult<ConversationId> {
        self.conversation()?.ok_or_else(|| malformed("conversation"))
    }

    /// The command, or everything that is wrong with the fields.
    ///
    /// # Errors
    /// `malformed` for what no page of ours sends.
    pub fn command(&self, place: &Place) -> AppResult<Result<Command, Vec<Wrong>>> {
        let check = Check { texts: place.texts, wrong: Vec::new() };
        Ok(match self.act()? {
            Act::Start => self.start(check, place)?,
            Act::Leave => self.leave(check, place)?,
            Act::Send => self.send(check)?,
            Act::Keep => self.keep(check)?,
            Act::Close => Ok(Command::Close(Close { conversation: self.named()? })),
            Act::Rate => self.rate(check)?,
        })
    }

    fn start(&self, mut check: Check, place: &Place) -> AppResult<Result<Command, Vec<Wrong>>> {
        let cmid = self.cmid()?;
        let name = check.by_rule(place.config.ask_name, "name", |it| it.name(&self.name));
        let email = check.by_rule(place.config.ask_email, "email", |it| it.email(&self.email));
        let department = self.department(&mut check, place)?;
        let text = check.text(&self.text);
        Ok(check.done(Command::Start(Start { cmid, name, email, text, page: None, department })))
    }

    /// The department chosen, where there is a choice.
    fn department(&self, check: &mut Check, place: &Place) -> AppResult<Option<DepartmentId>> {
        let rule = place.ask_department();
        if rule == FieldRule::Off {
            return Ok(None);
        }
        if self.department.is_empty() {
            if rule == FieldRule::Required {
                check.say("department", "chat.error.department", None);
            }
            return Ok(None);
        }
        DepartmentId::parse(&self.department).map(Some).ok_or_else(|| malformed("department"))
    }

    fn keep(&self, mut check: Check) -> AppResult<Result<Command, Vec<Wrong>>> {
        let conversation = self.named()?;
        let email = check.required("email", |it| it.email(&self.email)).unwrap_or_default();
        Ok(check.done(Command::KeepPlace(KeepPlace { conversation, email })))
    }

    fn leave(&self, mut check: Check, place: &Place) -> AppResult<Result<Command, Vec<Wrong>>> {
        let (cmid, conversation) = (self.cmid()?, self.conversation()?);
        let name = check.required("name", |it| it.name(&self.name)).unwrap_or_default();
        let email = check.required("email", |it| it.email(&self.email)).unwrap_or_default();
        // What waits has its department.
        let department = if conversation.is_none() { self.department(&mut check, place)? } else { None };
        let text = check.text(&self.text).unwrap_or_default();
        Ok(check.done(Command::LeaveMessage(LeaveMessage {
            cmid,
            conversation,
            name,
            email,
            text,
            page: None,
            department,
        })))
    }

    fn send(&self, mut check: Check) -> AppResult<Result<Command, Vec<Wrong>>> {
        let (cmid, conversation) = (self.cmid()?, Some(self.named()?));
        let body = PostBody::Message(Text { text: check.text(&self.text).unwrap_or_default() });
        Ok(check.done(Command::Post(Post { cmid, conversation, body })))
    }

    fn rate(&self, mut check: Check) -> AppResult<Result<Command, Vec<Wrong>>> {
        let conversation = self.named()?;
        let score = self.score.parse().ok().filter(|score| (1..=5).contains(score));
        if score.is_none() {
            check.say("score", "chat.error.score", None);
        }
        let comment = optional(Some(&self.comment), RatingComment::parse).map(|it| it.map(RatingComment::into_string));
        let comment = check.unwrap("comment", comment);
        Ok(check.done(Command::Rate(Rate { conversation, score: score.unwrap_or_default(), comment })))
    }
}

fn malformed(field: &'static str) -> crate::error::AppError {
    Refusal::field(field, ErrorCode::Malformed, "not an id").into()
}

/// Collects what is wrong.
struct Check {
    texts: &'static Texts,
    wrong: Vec<Wrong>,
}

impl Check {
    fn say(&mut self, field: &'static str, key: &str, limit: Option<u64>) {
        let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
        self.wrong.push(Wrong { field, text: self.texts.fill(key, &[("n", &limit)]) });
    }

    /// The value, or a note of what is wrong with it.
    fn unwrap(&mut self, field: &'static str, parsed: Result<Option<String>, TextError>) -> Option<String> {
        let error = match parsed {
            Ok(value) => return value,
            Err(error) => error,
        };
        let key = match (field, error) {
            ("name", TextError::TooLong { .. }) => "chat.error.name_long",
            ("name", _) => "chat.error.name",
            ("email", TextError::Empty) => "chat.error.email_missing",
            ("email", _) => "chat.error.email",
            ("comment", _) => "chat.error.comment",
            (_, TextError::TooLong { .. }) => "chat.error.text_long",
            _ => "chat.error.text",
        };
        self.say(field, key, error.limit());
        None
    }

    fn name(&mut self, text: &str) -> Option<String> {
        let parsed = optional(Some(text), Name::parse).map(|name| name.map(Name::into_string));
        self.unwrap("name", parsed)
    }

    fn email(&mut self, text: &str) -> Option<String> {
        let parsed = optional(Some(text), EmailAddress::parse).map(|email| email.map(EmailAddress::into_string));
        self.unwrap("email", parsed)
    }

    fn text(&mut self, text: &str) -> Option<String> {
        let parsed = MessageText::parse(text).map(|text| Some(text.into_string()));
        self.unwrap("text", parsed)
    }

    fn required(&mut self, field: &'static str, read: impl FnOnce(&mut Self) -> Option<String>) -> Option<String> {
        let before = self.wrong.len();
        let value = read(self);
        if value.is_none() && self.wrong.len() == before {
            self.unwrap(field, Err(TextError::Empty));
        }
        value
    }

    fn by_rule(
        &mut self,
        rule: FieldRule,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Option<String>,
    ) -> Option<String> {
        match rule {
            FieldRule::Required => self.required(field, read),
            FieldRule::Optional => read(self),
            _ => None,
        }
    }

    fn done(self, command: Command) -> Result<Command, Vec<Wrong>> {
        if self.wrong.is_empty() { Ok(command) } else { Err(self.wrong) }
    }
}
