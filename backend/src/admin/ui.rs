//! What every page has: language, texts, addresses of files; and around a signed-in page, the navigation.

use std::fmt;

use askama::filters::HtmlSafe;

use super::parts::Icon;
use crate::assets;
use crate::i18n::Texts;

/// What `base.html` and `plain.html` need.
#[derive(Clone, Copy)]
pub struct Ui {
    texts: &'static Texts,
}

impl Ui {
    /// Pages with these texts.
    pub fn new(texts: &'static Texts) -> Self {
        Self { texts }
    }

    /// The texts.
    pub fn texts(&self) -> &'static Texts {
        self.texts
    }

    /// The language (BCP 47).
    pub fn lang(&self) -> &'static str {
        self.texts.locale()
    }

    /// The direction of writing.
    pub fn dir(&self) -> &'static str {
        match self.lang().split('-').next() {
            Some("ar" | "fa" | "he" | "ur") => "rtl",
            _ => "ltr",
        }
    }

    /// The text with this key; empty when there is none (a test looks for those).
    pub fn t(&self, key: &str) -> &'static str {
        self.texts.find(key).unwrap_or_default()
    }

    /// The text with this key and its one value, `{value}`, filled.
    pub fn t1(&self, key: &str, value: impl fmt::Display) -> String {
        self.texts.fill(key, &[("value", &value.to_string())])
    }

    /// The text for one of the words of the protocol, such as a state or role: key `PREFIX.WORD`.
    pub fn word(&self, prefix: &str, word: impl fmt::Display) -> &'static str {
        self.t(&format!("{prefix}.{word}"))
    }

    /// The address of a file.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// A drawing.
    pub fn icon(&self, name: &'static str) -> Icon {
        Icon(name)
    }
}

/// What stands around a signed-in page.
pub struct Chrome {
    /// Groups of links.
    pub nav: Vec<Group>,
    /// Name of the tenant, or of the platform side.
    pub place: String,
    /// The tenants one can switch to; empty when there is no choice.
    pub tenants: Vec<Choice>,
    /// What the address of every form ends in, so that it says whose it is; empty on the platform side.
    pub stamp: String,
    /// Name of who is signed in.
    pub name: String,
    /// Address of who is signed in.
    pub email: String,
    /// The tenant is suspended: nothing can be changed.
    pub suspended: bool,
    /// What was just done.
    pub flash: Option<Flash>,
    /// Where the brand leads.
    pub home: &'static str,
}

/// Links that belong together.
pub struct Group {
    /// Heading, if any.
    pub title: Option<&'static str>,
    /// The links.
    pub links: Vec<NavLink>,
}

/// A link of the navigation.
pub struct NavLink {
    /// Where to.
    pub href: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Its drawing.
    pub icon: Icon,
    /// The page shown belongs to it.
    pub current: bool,
    /// How much there is to do.
    pub count: i64,
}

/// One of several values to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// It is the present one.
    pub selected: bool,
}

impl Choice {
    /// A choice, selected when its value is `present`.
    pub fn new(value: impl Into<String>, label: impl Into<String>, present: &str) -> Self {
        let value = value.into();
        let selected = value == present;
        Self { value, label: label.into(), selected }
    }
}

/// A message about what was just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flash {
    /// The message.
    pub text: &'static str,
    /// It went wrong.
    pub is_bad: bool,
}

impl Flash {
    /// The message a redirect asked for by the word after `done=` or `not=`. Only messages of the text table
    /// are shown: an address cannot put words into our mouth.
    pub fn of_query(ui: &Ui, query: &str) -> Option<Self> {
        let pair = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "done" || key == "not")?;
        let (key, word) = pair;
        let name = format!("flash.{word}");
        let text = ui.texts().find(&name)?;
        Some(Self { text, is_bad: key == "not" })
    }
}

/// Text that is already HTML.
pub struct Html(pub String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}
