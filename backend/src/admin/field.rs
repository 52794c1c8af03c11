//! Fields of forms: label, help, what was typed, and what is wrong with it.

use askama::Template;
use askama::filters::HtmlSafe;

use super::ui::{Choice, Ui};

/// What kind of control a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// One line; the HTML input type.
    Line(&'static str),
    /// One line, with suggestions from the list that has this id on the page.
    Suggested(&'static str),
    /// Several lines.
    Lines(u32),
    /// One of several.
    Select(Vec<Choice>),
    /// Yes or no; the value is `on` or empty.
    Check,
}

/// A field of a form. Renders itself.
#[derive(Debug, Clone, Template)]
#[template(path = "field.html")]
pub struct Field {
    /// Its name in the form, also its id.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What to type.
    pub help: Option<String>,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// The control.
    pub control: Control,
    /// It must be filled.
    pub required: bool,
    /// What browsers may fill in by themselves.
    pub autocomplete: &'static str,
    /// What an empty field stands for.
    pub placeholder: Option<String>,
    /// The word for fields that may stay empty; shown when there is one.
    pub optional: Option<&'static str>,
}

impl HtmlSafe for Field {}

impl Field {
    /// A line of text that must be filled. The label is the text `label.NAME`.
    pub fn line(ui: &Ui, name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            label: ui.t(&format!("label.{name}")),
            help: None,
            value: value.into(),
            error: None,
            control: Control::Line("text"),
            required: true,
            autocomplete: "off",
            placeholder: None,
            optional: None,
        }
    }

    /// A field of another kind.
    pub fn control(self, control: Control) -> Self {
        Self { control, ..self }
    }

    /// An input of another type.
    pub fn input(self, kind: &'static str, autocomplete: &'static str) -> Self {
        Self { control: Control::Line(kind), autocomplete, ..self }
    }

    /// With help.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// May stay empty, without a word about it.
    pub fn empty_is(self, placeholder: impl Into<String>) -> Self {
        Self { required: false, placeholder: Some(placeholder.into()), ..self }
    }

    /// May stay empty.
    pub fn optional(self, ui: &Ui) -> Self {
        Self { required: false, optional: Some(ui.t("label.optional")), ..self }
    }

    /// With what is wrong, if anything.
    pub fn error(self, errors: &Errors) -> Self {
        Self { error: errors.of(self.name), ..self }
    }

    /// The ids that describe the control, for `aria-describedby`.
    fn described(&self) -> String {
        let mut ids = Vec::new();
        if self.help.is_some() {
            ids.push(format!("{}-help", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        ids.join(" ")
    }
}

/// What is wrong with a form, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// Notes what is wrong with a field. The first word about a field counts.
    pub fn add(&mut self, field: &'static str, text: impl Into<String>) {
        if self.of(field).is_none() {
            self.0.push((field, text.into()));
        }
    }

    /// What is wrong with a field.
    pub fn of(&self, field: &str) -> Option<String> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, text)| text.clone())
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the value, or notes the error and gives `None`.
    pub fn take<T>(&mut self, ui: &Ui, field: &'static str, result: Result<T, domain::text::TextError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, explain(ui, error));
                None
            }
        }
    }
}

/// What a text rule says, for people.
pub fn explain(ui: &Ui, error: domain::text::TextError) -> String {
    use domain::text::TextError;
    match error {
        TextError::Empty => ui.t("error.empty").to_owned(),
        TextError::TooLong { limit } => ui.t1("error.too_long", limit),
        TextError::Format => ui.t("error.format").to_owned(),
    }
}
