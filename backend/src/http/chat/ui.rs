//! What every page knows, and the inputs of its forms.

use protocol::site::{SiteTexts, Theme};
use protocol::state::VisitorConversation;

use super::Place;
use crate::admin::time;
use crate::assets;

/// What every page knows.
#[derive(Clone, Copy)]
pub(super) struct Ui<'a> {
    pub(super) place: &'a Place,
    pub(super) proof: &'a str,
}

impl<'a> Ui<'a> {
    pub(super) fn t(&self, key: &'a str) -> &'a str {
        self.place.texts.get(key)
    }

    pub(super) fn t1(&self, key: &str, name: &str, value: &dyn std::fmt::Display) -> String {
        self.place.texts.fill(key, &[(name, &value.to_string())])
    }

    pub(super) fn lang(&self) -> &'static str {
        self.place.texts.locale()
    }

    pub(super) fn dir(&self) -> &'static str {
        "ltr"
    }

    pub(super) fn site(&self) -> &'a str {
        &self.place.config.name
    }

    pub(super) fn theme(&self) -> &'static str {
        self.place.config.theme.as_str()
    }

    pub(super) fn schemes(&self) -> &'static str {
        match self.place.config.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
            _ => "light dark",
        }
    }

    pub(super) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    pub(super) fn address(&self) -> String {
        self.place.address()
    }

    pub(super) fn conversation(&self, line: &VisitorConversation) -> String {
        format!("{}?conversation={}", self.address(), line.id)
    }

    pub(super) fn state(&self, line: &VisitorConversation) -> &'static str {
        let key = format!("chat.state.{}", line.state);
        self.place.texts.find(&key).unwrap_or_default()
    }

    pub(super) fn day(&self, at: &i64) -> String {
        let time::Date { year, month, day } = time::Date::of(*at);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The merchant's own text, else ours.
    pub(super) fn own(&self, pick: impl Fn(&SiteTexts) -> Option<&String>, key: &'a str) -> &'a str {
        let texts = &self.place.config.texts;
        let own = texts.iter().find(|own| domain::locale::complete(&own.locale) == Some(self.lang()));
        own.and_then(pick).map_or_else(|| self.t(key), String::as_str)
    }
}

/// One input.
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) label: &'a str,
    pub(super) required: bool,
    pub(super) value: &'a str,
    pub(super) error: Option<&'a str>,
}
