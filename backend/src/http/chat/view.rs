//! The pages. None has a script, an inline style or anything a person wrote as markup.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use askama::filters::HtmlSafe;
use protocol::site::FieldRule;
use protocol::state::{Availability, ConversationState, VisitorConversation, VisitorState};

use super::Place;
use super::form::{Act, Form, Wrong};
use super::thread::{Shown, Thread};
use super::ui::{Choice, Field, Ui, stands};
use crate::error::{AppError, AppResult};

/// Where a page that is sent piece by piece is cut. What people write cannot contain it: it is escaped.
const HERE: &str = "<!--here-->";

/// How a conversation is kept up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The page stays open and grows. When it ends, for whatever reason, the browser loads it again after this
    /// many seconds.
    Live(u32),
    /// The browser loads this address, which is held until there is news. What is being written would be lost,
    /// so writing is a page of its own.
    Held(String),
    /// Not at all: for writing.
    Still,
}

/// A sentence above a form.
pub struct Notice<'a> {
    /// What to say: key of a text.
    pub key: &'a str,
}

#[derive(Template)]
#[template(path = "chat/start.html")]
struct StartPage<'a> {
    ui: Ui<'a>,
    title: String,
    refresh: Option<String>,
    lead: &'a str,
    opens: Option<String>,
    greeting: &'a str,
    notice: Option<&'a str>,
    /// `start` or `leave`.
    act: &'static str,
    cmid: &'a str,
    conversation: &'a str,
    fields: Vec<Field<'a>>,
    submit: &'a str,
    earlier: &'a [VisitorConversation],
}

#[derive(Template)]
#[template(path = "chat/message.html")]
struct MessagePage<'a> {
    ui: Ui<'a>,
    title: String,
    refresh: Option<String>,
    heading: &'a str,
    lead: &'a str,
    link: Option<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "chat/thread.html")]
struct ThreadPage<'a> {
    ui: Ui<'a>,
    title: String,
    refresh: Option<String>,
    notice: Option<&'a str>,
    line: &'a VisitorConversation,
    cmid: &'a str,
    seen: u64,
    text: Option<Field<'a>>,
    is_still: bool,
    whole: Option<String>,
    entries: Entries,
    state: State<'a>,
}

#[derive(Template)]
#[template(path = "chat/entries.html")]
struct Entries {
    entries: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "chat/state.html")]
struct State<'a> {
    ui: Ui<'a>,
    line: &'a VisitorConversation,
    seen: u64,
    heading: String,
    details: Vec<String>,
    /// The form that leaves a message, and what the link to it says.
    leave: Option<(String, &'a str)>,
    /// The place can be kept, and is not.
    may_keep: bool,
    email: &'a str,
    is_closed: bool,
    comment: &'a str,
    error: Option<&'a str>,
}

impl HtmlSafe for Entries {}
impl HtmlSafe for State<'_> {}

/// Makes the pages of one visit.
pub struct Pages<'a> {
    ui: Ui<'a>,
    filled: &'a Form,
    wrong: &'a [Wrong],
    notice: Option<&'a str>,
}

impl<'a> Pages<'a> {
    /// Pages with nothing typed into their forms. `proof` goes into every form.
    pub fn new(place: &'a Place, proof: &'a str, filled: &'a Form) -> Self {
        Self { ui: Ui { place, proof }, filled, wrong: &[], notice: None }
    }

    /// The same with what is wrong beside the fields, and a sentence above them.
    pub fn with(self, wrong: &'a [Wrong], notice: Option<Notice<'a>>) -> Self {
        let notice = notice.map(|notice| self.ui.t(notice.key));
        Self { wrong, notice, ..self }
    }

    fn title(&self) -> String {
        self.ui.t1("chat.title", "site", &self.ui.site())
    }

    /// The chat is switched off.
    ///
    /// # Errors
    /// When a template fails.
    pub fn unavailable(&self) -> AppResult<HttpResponse> {
        let page = MessagePage {
            ui: self.ui,
            title: self.title(),
            refresh: None,
            heading: self.ui.t("chat.unavailable.title"),
            lead: self.ui.t("chat.unavailable.lead"),
            link: None,
        };
        respond(StatusCode::OK, render(&page)?)
    }

    /// Goes on by itself: a browser that came from another site brings its cookie only to a page that one of
    /// ours leads to.
    ///
    /// # Errors
    /// When a template fails.
    pub fn enter(&self) -> AppResult<HttpResponse> {
        let href = format!("{}?here=1", self.ui.address());
        let page = MessagePage {
            ui: self.ui,
            title: self.title(),
            refresh: Some(format!("0; url={href}")),
            heading: self.ui.site(),
            lead: self.ui.t("chat.enter.lead"),
            link: Some((&href, self.ui.t("chat.enter.link"))),
        };
        respond(StatusCode::OK, render(&page)?)
    }

    /// The form that begins a conversation, or leaves a message, with the earlier conversations.
    ///
    /// # Errors
    /// When a template fails.
    pub fn start(&self, status: StatusCode, act: Act, state: Option<&VisitorState>) -> AppResult<HttpResponse> {
        let (ui, config) = (self.ui, &self.ui.place.config);
        let leaves = act == Act::Leave;
        let lead = match (leaves, ui.place.availability) {
            _ if leaves && self.is_unanswered(state) => ui.t("chat.left_ask"),
            (true, Availability::Online | Availability::OnlineForQueue) => ui.t("chat.leave"),
            (true, _) => ui.own(|own| own.offline.as_ref(), "chat.offline"),
            (_, Availability::OnlineForQueue) => ui.t("chat.busy"),
            _ => ui.own(|own| own.welcome.as_ref(), "chat.welcome"),
        };
        let known = |pick: fn(&VisitorState) -> &Option<String>| {
            state.and_then(|state| pick(state).as_deref()).unwrap_or_default()
        };
        let name = Field { autocomplete: "name", ..self.field("name", "text", "chat.name", &self.filled.name) };
        let email = Field { autocomplete: "email", ..self.field("email", "email", "chat.email", &self.filled.email) };
        let asked = [
            (if leaves { FieldRule::Required } else { config.ask_name }, name, known(|state| &state.name)),
            (if leaves { FieldRule::Required } else { config.ask_email }, email, known(|state| &state.email)),
        ];
        let mut fields = Vec::new();
        // A conversation that waits has its department.
        if self.filled.conversation.is_empty() {
            fields.extend(self.department());
        }
        for (rule, field, known) in asked {
            let value = if field.value.is_empty() { known } else { field.value };
            if rule != FieldRule::Off {
                fields.push(Field { required: rule == FieldRule::Required, value, ..field });
            }
        }
        fields.push(Field { required: true, ..self.field("text", "lines", "chat.message", &self.filled.text) });
        let page = StartPage {
            ui,
            title: self.title(),
            refresh: None,
            lead,
            opens: ui.place.opens_at.filter(|_| leaves).map(|at| ui.opens(at)),
            greeting: ui.own(|own| own.greeting.as_ref(), "chat.greeting"),
            notice: self.notice,
            act: if leaves { "leave" } else { "start" },
            cmid: &self.filled.cmid,
            conversation: &self.filled.conversation,
            fields,
            submit: ui.t(if leaves { "chat.leave" } else { "chat.start" }),
            earlier: state.map(|state| state.conversations.as_slice()).unwrap_or_default(),
        };
        respond(status, render(&page)?)
    }

    /// Whether the message is for a conversation that nobody answered, of a visitor without an address.
    fn is_unanswered(&self, state: Option<&VisitorState>) -> bool {
        let lines = state.filter(|state| state.email.is_none()).into_iter().flat_map(|state| &state.conversations);
        let mut offline = lines.filter(|line| line.state == ConversationState::Offline);
        offline.any(|line| line.id.to_string() == self.filled.conversation)
    }

    /// The page of a conversation, in the two parts between which more entries and states may be sent.
    ///
    /// # Errors
    /// When a template fails.
    pub fn thread(&self, thread: &Thread, way: &Way) -> AppResult<(String, String)> {
        let here = self.ui.conversation(&thread.line);
        let refresh = match way {
            Way::Live(seconds) => Some(format!("{seconds}; url={here}")),
            Way::Held(address) => Some(format!("1; url={address}")),
            Way::Still => None,
        };
        let text = self.field("text", "lines", "chat.message", &self.filled.text);
        let page = ThreadPage {
            ui: self.ui,
            title: self.title(),
            refresh,
            notice: self.notice,
            line: &thread.line,
            cmid: &self.filled.cmid,
            seen: thread.last(),
            text: (!matches!(way, Way::Held(_))).then_some(Field { required: true, ..text }),
            is_still: *way == Way::Still,
            whole: thread.is_cut().then(|| format!("{here}&whole=1&still=1")),
            entries: self.shown(thread),
            state: self.standing(thread, thread.last()),
        };
        let page = render(&page)?;
        let (before, after) = page.split_once(HERE).unwrap_or((&page, ""));
        Ok((before.to_owned(), after.to_owned()))
    }

    /// Entries.
    ///
    /// # Errors
    /// When a template fails.
    pub fn entries(&self, thread: &Thread) -> AppResult<String> {
        render(&self.shown(thread))
    }

    fn shown(&self, thread: &Thread) -> Entries {
        let shown = |item| Shown::new(self.ui.place, item, thread.has_address);
        Entries { entries: thread.items.iter().filter_map(shown).collect() }
    }

    /// Where a conversation stands. Of several on a page, the last is shown.
    ///
    /// # Errors
    /// When a template fails.
    pub fn state(&self, thread: &Thread, seen: u64) -> AppResult<String> {
        render(&self.standing(thread, seen))
    }

    fn standing<'l>(&self, thread: &'l Thread, seen: u64) -> State<'l>
    where
        'a: 'l,
    {
        let (ui, line) = (self.ui, &thread.line);
        let (heading, details) = stands(ui, thread);
        let leave = match line.state {
            ConversationState::Waiting => Some("chat.leave_instead"),
            _ => thread.lacks_address().then_some("chat.leave"),
        };
        let may_keep = line.can_keep.is_some() && line.kept.is_none();
        State {
            ui,
            line,
            seen,
            heading,
            details,
            leave: leave.map(|words| (format!("{}?leave=1&conversation={}", ui.address(), line.id), ui.t(words))),
            may_keep,
            email: &self.filled.email,
            is_closed: line.state == ConversationState::Closed,
            comment: &self.filled.comment,
            error: ["score", "comment", "email"].into_iter().find_map(|field| self.error(field)),
        }
    }

    fn field(&self, name: &'static str, kind: &'static str, label: &'a str, value: &'a str) -> Field<'a> {
        let (label, error) = (self.ui.t(label), self.error(name));
        Field { name, kind, autocomplete: "off", label, required: false, value, error, choices: Vec::new() }
    }

    /// The department to choose, where the site asks for one. Of those that are closed it says when they open.
    fn department(&self) -> Option<Field<'a>> {
        let (ui, chosen) = (self.ui, self.filled.department.as_str());
        let required = match ui.place.ask_department() {
            FieldRule::Off => return None,
            rule => rule == FieldRule::Required,
        };
        let none = if required { "chat.department_choose" } else { "chat.department_any" };
        let none = Choice { value: String::new(), label: ui.t(none).to_owned(), chosen: chosen.is_empty() };
        let choices = ui.place.choices.iter().flatten().map(|choice| {
            let value = choice.id.to_string();
            let label = match (choice.availability, choice.opens_at) {
                (Availability::Offline, Some(at)) => format!("{} · {}", choice.name, ui.opens(at)),
                (Availability::Offline, None) => format!("{} · {}", choice.name, ui.t("chat.closed")),
                _ => choice.name.clone(),
            };
            Choice { chosen: value == chosen, value, label }
        });
        let choices = std::iter::once(none).chain(choices).collect();
        Some(Field { required, choices, ..self.field("department", "select", "chat.department", chosen) })
    }

    fn error(&self, field: &str) -> Option<&'a str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.text.as_str())
    }
}

fn render(page: &impl Template) -> AppResult<String> {
    page.render().map_err(|error| AppError::Internal(error.into()))
}

fn respond(status: StatusCode, body: String) -> AppResult<HttpResponse> {
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}
