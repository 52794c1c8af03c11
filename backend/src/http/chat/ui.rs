//! What every page knows, and the inputs of its forms.

use protocol::site::{SiteTexts, Theme};
use protocol::state::{ConversationState, VisitorConversation};

use super::{Place, Thread};
use crate::admin::time;
use crate::assets;

/// What every page knows.
#[derive(Clone, Copy)]
pub(in crate::http) struct Ui<'a> {
    pub(in crate::http) place: &'a Place,
    pub(in crate::http) proof: &'a str,
}

impl<'a> Ui<'a> {
    pub(in crate::http) fn t(&self, key: &'a str) -> &'a str {
        self.place.texts.get(key)
    }

    pub(in crate::http) fn t1(&self, key: &str, name: &str, value: &dyn std::fmt::Display) -> String {
        self.place.texts.fill(key, &[(name, &value.to_string())])
    }

    pub(in crate::http) fn lang(&self) -> &'static str {
        self.place.texts.locale()
    }

    pub(in crate::http) fn dir(&self) -> &'static str {
        "ltr"
    }

    pub(in crate::http) fn site(&self) -> &'a str {
        &self.place.config.name
    }

    pub(in crate::http) fn theme(&self) -> &'static str {
        self.place.config.theme.as_str()
    }

    pub(in crate::http) fn schemes(&self) -> &'static str {
        match self.place.config.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
            _ => "light dark",
        }
    }

    pub(in crate::http) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    pub(in crate::http) fn address(&self) -> String {
        self.place.address()
    }

    pub(in crate::http) fn conversation(&self, line: &VisitorConversation) -> String {
        format!("{}?conversation={}", self.address(), line.id)
    }

    pub(in crate::http) fn state(&self, line: &VisitorConversation) -> &'static str {
        let key = format!("chat.state.{}", line.state);
        self.place.texts.find(&key).unwrap_or_default()
    }

    pub(in crate::http) fn day(&self, at: &i64) -> String {
        let time::Date { year, month, day } = time::Date::of(*at);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// When it opens, in words; the reader's time zone is not known here.
    pub(super) fn opens(&self, at: i64) -> String {
        self.t1("chat.opens", "time", &time::minute(at))
    }

    /// The merchant's own text, else ours.
    pub(in crate::http) fn own(&self, pick: impl Fn(&SiteTexts) -> Option<&String>, key: &'a str) -> &'a str {
        let texts = &self.place.config.texts;
        let own = texts.iter().find(|own| domain::locale::complete(&own.locale) == Some(self.lang()));
        own.and_then(pick).map_or_else(|| self.t(key), String::as_str)
    }
}

/// One of the values to choose from.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
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
    /// What there is to choose from, for `select`.
    pub(super) choices: Vec<Choice>,
}

/// Where a conversation stands, in words.
pub(super) fn stands(ui: Ui<'_>, thread: &Thread) -> (String, Vec<String>) {
    let line = &thread.line;
    let t = |key: &str| ui.place.texts.get(key).to_owned();
    match line.state {
        ConversationState::Waiting => {
            let place = line.position.map(|place| match place {
                1 => t("chat.next"),
                place => ui.t1("chat.place", "n", &place),
            });
            let wait = match &line.estimate {
                None => t("chat.soon"),
                Some(estimate) if estimate.p90_s <= 90 => t("chat.estimate_short"),
                Some(estimate) => {
                    let minutes = |seconds: u32| seconds.div_ceil(60).max(1).to_string();
                    let (from, to) = (minutes(estimate.p50_s), minutes(estimate.p90_s));
                    ui.place.texts.fill("chat.estimate", &[("from", &from), ("to", &to)])
                }
            };
            let kept = line.kept.map(|_| t("chat.keep_hint"));
            (t("chat.waiting"), place.into_iter().chain([wait]).chain(kept).collect())
        }
        ConversationState::Offered => (t("chat.offered"), Vec::new()),
        ConversationState::Active => match &line.agent {
            Some(agent) => (ui.t1("chat.active", "name", &agent.name), Vec::new()),
            None => (t("chat.active_nobody"), Vec::new()),
        },
        ConversationState::Closed => {
            let thanks = line.rating.map(|_| t("chat.rated_thanks"));
            (t("chat.ended"), thanks.into_iter().collect())
        }
        _ if thread.lacks_address() => (t("chat.note.noted"), vec![t("chat.left_ask")]),
        _ => (t("chat.left"), Vec::new()),
    }
}
