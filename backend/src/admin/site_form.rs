//! The form of a site: what is shown, what was typed, what is wrong with it.

use domain::text::{Color, Name, Origin, TextError};
use protocol::ids::DepartmentId;
use protocol::site::{FieldRule, Side, SiteConfig, SiteTexts, Theme};
use serde::Deserialize;

use super::field::{Control, Errors, Field, explain};
use super::pairs::Pairs;
use super::ui::{Choice, Ui};
use crate::actions::site_rules::own_text;
use crate::store::department::Department;
use crate::store::site::Site;

/// What the form sends. Every field is text; the checks are in [`SiteInput::check`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SiteInput {
    name: String,
    origins: String,
    color: String,
    side: String,
    theme: String,
    locale: String,
    ask_name: String,
    ask_email: String,
    typing_preview: String,
    greeting_en: String,
    welcome_en: String,
    offline_en: String,
    greeting_zh: String,
    welcome_zh: String,
    offline_zh: String,
    department: String,
    ask_department: String,
    /// Departments that visitors choose from. `None`: the form did not ask.
    #[serde(skip)]
    offered: Option<Vec<DepartmentId>>,
}

/// The form as fields.
pub(super) struct SiteForm {
    pub(super) name: Field,
    pub(super) origins: Field,
    pub(super) color: Field,
    pub(super) side: Field,
    pub(super) theme: Field,
    pub(super) locale: Field,
    pub(super) ask_name: Field,
    pub(super) ask_email: Field,
    pub(super) typing_preview: Field,
    pub(super) texts: Vec<TextsForm>,
    /// Only when there is a choice.
    pub(super) departments: Option<DepartmentsForm>,
}

/// Where conversations of a site go.
pub(super) struct DepartmentsForm {
    pub(super) department: Field,
    pub(super) ask: Field,
    /// Those that visitors may choose.
    pub(super) offered: Vec<Choice>,
    pub(super) error: Option<String>,
}

/// A merchant's own texts in one language.
pub(super) struct TextsForm {
    pub(super) legend: &'static str,
    pub(super) greeting: Field,
    pub(super) welcome: Field,
    pub(super) offline: Field,
}

impl SiteInput {
    /// The form of a new site.
    pub(super) fn fresh() -> Self {
        Self {
            color: "#2f55d4".to_owned(),
            ask_name: FieldRule::Optional.as_str().to_owned(),
            ask_email: FieldRule::Optional.as_str().to_owned(),
            typing_preview: "on".to_owned(),
            ..Self::default()
        }
    }

    /// What was typed.
    pub(super) fn sent(pairs: &Pairs) -> Self {
        let asked = pairs.find("ask_department").is_some();
        let offered = asked.then(|| pairs.all("offered").filter_map(DepartmentId::parse).collect());
        Self { offered, ..pairs.read() }
    }

    /// The form of a site as it is.
    pub(super) fn of(site: &Site) -> Self {
        let config = &site.config;
        let own = |locale: &str| config.texts.iter().find(|texts| texts.locale == locale);
        let text = |locale: &str, pick: fn(&SiteTexts) -> &Option<String>| {
            own(locale).and_then(|texts| pick(texts).clone()).unwrap_or_default()
        };
        Self {
            name: site.name.clone(),
            origins: site.origins.join("\n"),
            color: config.color.clone(),
            side: config.side.as_str().to_owned(),
            theme: config.theme.as_str().to_owned(),
            locale: config.locale.clone().unwrap_or_default(),
            ask_name: config.ask_name.as_str().to_owned(),
            ask_email: config.ask_email.as_str().to_owned(),
            typing_preview: if config.typing_preview { "on".to_owned() } else { String::new() },
            greeting_en: text("en", |texts| &texts.greeting),
            welcome_en: text("en", |texts| &texts.welcome),
            offline_en: text("en", |texts| &texts.offline),
            greeting_zh: text("zh-CN", |texts| &texts.greeting),
            welcome_zh: text("zh-CN", |texts| &texts.welcome),
            offline_zh: text("zh-CN", |texts| &texts.offline),
            department: site.department_id.to_string(),
            ask_department: config.ask_department.unwrap_or(FieldRule::Off).as_str().to_owned(),
            offered: Some(config.departments.clone().unwrap_or_default()),
        }
    }

    /// The department typed; `None` leaves what there is.
    pub(super) fn department(&self) -> Option<DepartmentId> {
        DepartmentId::parse(&self.department)
    }

    /// The origins, one a line.
    pub(super) fn origins(&self) -> Vec<String> {
        self.origins.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// What is wrong, in words; an origin with its line. The action checks again.
    pub(super) fn check(&self, ui: &Ui) -> Errors {
        let mut errors = Errors::default();
        errors.take(ui, "name", Name::parse(&self.name));
        errors.take(ui, "color", Color::parse(&self.color));
        if self.origins().is_empty() {
            errors.add("origins", ui.t("error.empty"));
        }
        for (index, line) in self.origins.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
            if Origin::parse(line.strip_suffix('/').unwrap_or(line)).is_err() {
                let line_number = (index + 1).to_string();
                let values = [("line", line_number.as_str()), ("text", line)];
                errors.add("origins", ui.texts().fill("error.origin", &values));
            }
        }
        for (field, text) in self.own_texts() {
            // Empty is as good as none.
            if let Err(error @ (TextError::TooLong { .. } | TextError::Format)) = own_text(text) {
                errors.add(field, explain(ui, error));
            }
        }
        errors
    }

    fn own_texts(&self) -> [(&'static str, &str); 6] {
        [
            ("greeting_en", &self.greeting_en),
            ("welcome_en", &self.welcome_en),
            ("offline_en", &self.offline_en),
            ("greeting_zh", &self.greeting_zh),
            ("welcome_zh", &self.welcome_zh),
            ("offline_zh", &self.offline_zh),
        ]
    }

    /// The name typed.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The configuration typed, on top of what the site has in languages this form does not show.
    pub(super) fn config(&self, before: &SiteConfig) -> SiteConfig {
        let own = |text: &String| (!text.trim().is_empty()).then(|| text.clone());
        let mut texts = vec![
            SiteTexts {
                locale: "en".to_owned(),
                greeting: own(&self.greeting_en),
                welcome: own(&self.welcome_en),
                offline: own(&self.offline_en),
            },
            SiteTexts {
                locale: "zh-CN".to_owned(),
                greeting: own(&self.greeting_zh),
                welcome: own(&self.welcome_zh),
                offline: own(&self.offline_zh),
            },
        ];
        let others = before.texts.iter().filter(|other| texts.iter().all(|known| known.locale != other.locale));
        texts.extend(others.cloned().collect::<Vec<_>>());
        SiteConfig {
            color: self.color.clone(),
            side: Side::from_text(&self.side).unwrap_or(before.side),
            theme: Theme::from_text(&self.theme).unwrap_or(before.theme),
            locale: (!self.locale.is_empty()).then(|| self.locale.clone()),
            ask_name: FieldRule::from_text(&self.ask_name).unwrap_or(before.ask_name),
            ask_email: FieldRule::from_text(&self.ask_email).unwrap_or(before.ask_email),
            typing_preview: self.typing_preview == "on",
            ask_department: FieldRule::from_text(&self.ask_department).or(before.ask_department),
            departments: self.offered.clone().or_else(|| before.departments.clone()),
            texts,
            ..before.clone()
        }
    }

    /// The form with what was typed and what is wrong.
    pub(super) fn form(&self, ui: &Ui, live: &[Department], errors: &Errors) -> SiteForm {
        let choose = |name, prefix: &str, words: Vec<&'static str>, present: &str| {
            let choices = words.into_iter().map(|word| Choice::new(word, ui.word(prefix, word), present));
            Field { required: false, ..Field::line(ui, name, present) }.control(Control::Select(choices.collect()))
        };
        let rules = || FieldRule::ALL.iter().map(|rule| rule.as_str()).collect::<Vec<_>>();
        let locales = [Choice::new("", ui.t("locale.visitor"), &self.locale)].into_iter();
        let complete = domain::locale::COMPLETE.iter();
        let locales = locales.chain(complete.map(|tag| Choice::new(*tag, ui.word("locale", tag), &self.locale)));
        SiteForm {
            name: Field::line(ui, "name", &self.name).help(ui.t("help.site_name")).error(errors),
            origins: Field {
                autocomplete: "off",
                ..Field::line(ui, "origins", &self.origins)
                    .control(Control::Lines(3))
                    .help(ui.t("help.origins"))
                    .error(errors)
            },
            color: Field::line(ui, "color", &self.color).input("color", "off").error(errors),
            side: choose("side", "side", Side::ALL.iter().map(|side| side.as_str()).collect(), &self.side),
            theme: choose("theme", "theme", Theme::ALL.iter().map(|theme| theme.as_str()).collect(), &self.theme),
            locale: Field { required: false, ..Field::line(ui, "locale", &self.locale) }
                .control(Control::Select(locales.collect()))
                .help(ui.t("help.locale")),
            ask_name: choose("ask_name", "rule", rules(), &self.ask_name),
            ask_email: choose("ask_email", "rule", rules(), &self.ask_email),
            typing_preview: Field::line(ui, "typing_preview", &self.typing_preview)
                .control(Control::Check)
                .help(ui.t("help.typing_preview")),
            texts: self.texts_forms(ui, errors),
            departments: (live.len() > 1).then(|| self.departments_form(ui, live, errors)),
        }
    }

    fn departments_form(&self, ui: &Ui, live: &[Department], errors: &Errors) -> DepartmentsForm {
        let department = live.iter().map(|row| Choice::new(row.id.to_string(), &row.name, &self.department)).collect();
        let present = if self.ask_department.is_empty() { FieldRule::Off.as_str() } else { &self.ask_department };
        let rules = FieldRule::ALL.iter().map(|rule| Choice::new(rule.as_str(), ui.word("rule", rule), present));
        let is_offered = |id| self.offered.iter().flatten().any(|offered| *offered == id);
        let offered = live.iter().filter(|row| row.listed || is_offered(row.id)).map(|row| Choice {
            value: row.id.to_string(),
            label: row.name.clone(),
            selected: is_offered(row.id),
        });
        DepartmentsForm {
            department: Field { required: false, ..Field::line(ui, "department", &self.department) }
                .control(Control::Select(department))
                .help(ui.t("help.site_department"))
                .error(errors),
            ask: Field { required: false, ..Field::line(ui, "ask_department", present) }
                .control(Control::Select(rules.collect()))
                .help(ui.t("help.ask_department")),
            offered: offered.collect(),
            error: errors.of("departments"),
        }
    }

    fn texts_forms(&self, ui: &Ui, errors: &Errors) -> Vec<TextsForm> {
        let field = |name, label: &str, value: &str, control| {
            let field = Field { label: ui.t(label), ..Field::line(ui, name, value).optional(ui) };
            field.control(control).error(errors)
        };
        let line = || Control::Line("text");
        vec![
            TextsForm {
                legend: ui.t("site.texts.en"),
                greeting: field("greeting_en", "label.greeting", &self.greeting_en, line()),
                welcome: field("welcome_en", "label.welcome", &self.welcome_en, line()),
                offline: field("offline_en", "label.offline", &self.offline_en, Control::Lines(2)),
            },
            TextsForm {
                legend: ui.t("site.texts.zh"),
                greeting: field("greeting_zh", "label.greeting", &self.greeting_zh, line()),
                welcome: field("welcome_zh", "label.welcome", &self.welcome_zh, line()),
                offline: field("offline_zh", "label.offline", &self.offline_zh, Control::Lines(2)),
            },
        ]
    }
}
