//! Settings of queue and routing as people read and type them. What there is stands in [`SETTINGS`].

use domain::duration::{self, Unit as Time};
use domain::policy::{Group, Kind, Policy, PolicyError, SETTINGS, Setting, Unit};
use serde_json::Value;

use super::field::{Control, Errors, Field};
use super::pairs::Pairs;
use super::ui::{Choice, Ui};

/// Settings that stand together.
pub(super) struct GroupView {
    /// What they are about.
    pub(super) title: &'static str,
    /// One for each.
    pub(super) fields: Vec<Field>,
}

/// The settings of a table by group, each as the field that `field` makes; without those it makes none of.
pub(super) fn groups(ui: &Ui, field: impl Fn(&'static Setting) -> Option<Field>) -> Vec<GroupView> {
    let view = |group: &Group| {
        let own = SETTINGS.iter().filter(|setting| setting.group == *group);
        GroupView { title: ui.word("settings", group_word(*group)), fields: own.filter_map(&field).collect() }
    };
    Group::ALL.iter().map(view).filter(|group| !group.fields.is_empty()).collect()
}

/// Its key in the text tables.
pub(super) const fn group_word(group: Group) -> &'static str {
    match group {
        Group::Offers => "offers",
        Group::Queue => "queue",
        Group::Agents => "agents",
        Group::Conversation => "conversation",
        Group::Visitor => "visitor",
    }
}

/// A length of time in the reader's words, such as `30 s`.
pub(super) fn length(ui: &Ui, ms: i64) -> String {
    let (number, unit) = duration::split(ms);
    let key = match unit {
        Time::Second => "length.seconds",
        Time::Minute => "length.minutes",
        Time::Hour => "length.hours",
        Time::Day => "length.days",
    };
    ui.t1(key, number)
}

/// A number as people type it.
fn amount(ui: &Ui, unit: Unit, number: i64) -> String {
    match unit {
        Unit::Count => number.to_string(),
        Unit::Milliseconds => length(ui, number),
    }
}

/// A value as it stands in a sentence.
pub(super) fn said(ui: &Ui, setting: &Setting, value: &Value) -> String {
    match (setting.kind, value) {
        (Kind::Number { unit, .. }, value) => amount(ui, unit, value.as_i64().unwrap_or(0)),
        (Kind::Flag, value) => {
            ui.t(if value == &Value::Bool(true) { "settings.yes" } else { "settings.no" }).to_owned()
        }
        (Kind::Choice(_), value) => {
            ui.word(&format!("setting.{}", setting.name), value.as_str().unwrap_or_default()).to_owned()
        }
    }
}

/// A value as it stands in a field.
pub(super) fn typed(ui: &Ui, setting: &Setting, value: &Value) -> String {
    match (setting.kind, value) {
        (Kind::Number { .. }, value) => said(ui, setting, value),
        (Kind::Flag, Value::Bool(true)) => "on".to_owned(),
        (Kind::Flag, _) => String::new(),
        (Kind::Choice(_), value) => value.as_str().unwrap_or_default().to_owned(),
    }
}

/// The value that somebody typed or chose, or what is wrong with it.
pub(super) fn read(ui: &Ui, setting: &'static Setting, text: &str) -> Result<Value, String> {
    let text = text.trim();
    let value = match setting.kind {
        Kind::Number { .. } if text.is_empty() => return Err(ui.t("error.empty").to_owned()),
        Kind::Number { unit: Unit::Milliseconds, .. } => {
            Value::from(duration::parse(text).map_err(|_| ui.t("error.length").to_owned())?)
        }
        Kind::Flag => Value::Bool(matches!(text, "on" | "true")),
        Kind::Number { .. } | Kind::Choice(_) => {
            return setting.parse(text).map_err(|error| explain(ui, setting, &error));
        }
    };
    setting.check(&value).map_err(|error| explain(ui, setting, &error))?;
    Ok(value)
}

/// What a setting's rule says, for people.
fn explain(ui: &Ui, setting: &Setting, error: &PolicyError) -> String {
    match (setting.kind, error) {
        (Kind::Number { min, max, unit }, PolicyError::Range { .. } | PolicyError::NotANumber { .. }) => {
            let (min, max) = (amount(ui, unit, min), amount(ui, unit, max));
            ui.texts().fill("error.range", &[("min", &min), ("max", &max)])
        }
        _ => ui.t("error.format").to_owned(),
    }
}

/// The field of a tenant's setting. `text` is what is in it.
pub(super) fn field(ui: &Ui, setting: &'static Setting, text: &str, errors: &Errors) -> Field {
    let effect = ui.t(&format!("setting.{}.help", setting.name));
    let usual = Policy::default().get(setting.name).unwrap_or_default();
    let usual = said(ui, setting, &usual);
    let line = bare(ui, setting, text);
    let field = match setting.kind {
        Kind::Number { min, max, unit } => {
            let (min, max) = (amount(ui, unit, min), amount(ui, unit, max));
            let values =
                [("effect", effect), ("min", min.as_str()), ("max", max.as_str()), ("default", usual.as_str())];
            line.help(ui.texts().fill("settings.range", &values))
        }
        Kind::Flag => line.control(Control::Check).help(with_default(ui, effect, &usual)),
        Kind::Choice(of) => {
            line.control(Control::Select(words(ui, setting, of, text))).help(with_default(ui, effect, &usual))
        }
    };
    field.error(errors)
}

/// The field of a department's own setting, which may be as the tenant's. `text` is what is in it; empty: nothing of
/// its own.
pub(super) fn own_field(ui: &Ui, setting: &'static Setting, tenant: &Policy, text: &str, errors: &Errors) -> Field {
    let effect = ui.t(&format!("setting.{}.help", setting.name));
    let inherited = said(ui, setting, &tenant.get(setting.name).unwrap_or_default());
    let as_tenant = ui.t1("settings.as_tenant", &inherited);
    let line = bare(ui, setting, text);
    let field = match setting.kind {
        Kind::Number { min, max, unit } => {
            let (min, max) = (amount(ui, unit, min), amount(ui, unit, max));
            let values = [("effect", effect), ("min", min.as_str()), ("max", max.as_str())];
            line.empty_is(as_tenant).help(ui.texts().fill("settings.own_range", &values))
        }
        Kind::Flag => {
            let choices = vec![
                Choice::new("", as_tenant, text),
                Choice::new("true", ui.t("settings.yes"), text),
                Choice::new("false", ui.t("settings.no"), text),
            ];
            line.control(Control::Select(choices)).help(effect)
        }
        Kind::Choice(of) => {
            let mut choices = vec![Choice::new("", as_tenant, text)];
            choices.extend(words(ui, setting, of, text));
            line.control(Control::Select(choices)).help(effect)
        }
    };
    field.error(errors)
}

/// What a department's form holds of a setting: empty when it has none of its own.
pub(super) fn own_typed(ui: &Ui, setting: &Setting, own: Option<&Value>) -> String {
    match (setting.kind, own) {
        (_, None) => String::new(),
        (Kind::Flag, Some(value)) => value.to_string(),
        (_, Some(value)) => typed(ui, setting, value),
    }
}

fn bare(ui: &Ui, setting: &'static Setting, text: &str) -> Field {
    let label = ui.t(&format!("setting.{}", setting.name));
    Field { label, ..Field::line(ui, setting.name, text) }
}

fn with_default(ui: &Ui, effect: &str, usual: &str) -> String {
    ui.texts().fill("settings.default", &[("effect", effect), ("default", usual)])
}

fn words(ui: &Ui, setting: &Setting, of: &[&'static str], present: &str) -> Vec<Choice> {
    let prefix = format!("setting.{}", setting.name);
    of.iter().map(|word| Choice::new(*word, ui.word(&prefix, word), present)).collect()
}

/// A length of time from a form, within a range, in milliseconds; notes what is wrong with it.
pub(super) fn read_length(ui: &Ui, pairs: &Pairs, field: &'static str, max: i64, errors: &mut Errors) -> Option<i64> {
    let Ok(ms) = duration::parse(pairs.get(field)) else {
        errors.add(field, ui.t("error.length"));
        return None;
    };
    if ms > max {
        errors.add(field, ui.texts().fill("error.range", &[("min", &length(ui, 0)), ("max", &length(ui, max))]));
        return None;
    }
    Some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n;

    #[test]
    fn every_setting_has_its_texts_and_reads_what_it_shows() {
        for locale in domain::locale::COMPLETE {
            let ui = Ui::new(i18n::texts(locale));
            for setting in SETTINGS {
                for key in [format!("setting.{}", setting.name), format!("setting.{}.help", setting.name)] {
                    assert!(!ui.t(&key).is_empty(), "{key}");
                }
                let value = Policy::default().get(setting.name).unwrap();
                assert_eq!(read(&ui, setting, &typed(&ui, setting, &value)), Ok(value.clone()), "{}", setting.name);
                assert!(!said(&ui, setting, &value).is_empty(), "{}", setting.name);
                if let Kind::Choice(of) = setting.kind {
                    for word in of {
                        assert!(!ui.word(&format!("setting.{}", setting.name), word).is_empty(), "{word}");
                    }
                }
                if let Kind::Number { min, max, unit } = setting.kind {
                    for edge in [min, max] {
                        assert_eq!(read(&ui, setting, &amount(&ui, unit, edge)), Ok(Value::from(edge)));
                    }
                    assert!(read(&ui, setting, &amount(&ui, unit, max + 1_000)).is_err(), "{}", setting.name);
                }
            }
            assert!(Group::ALL.iter().all(|group| !ui.word("settings", group_word(*group)).is_empty()));
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_form() {
        let ui = Ui::new(i18n::texts("en"));
        let wrong = |name, text| read(&ui, Setting::named(name).unwrap(), text).unwrap_err();
        assert_eq!(wrong("offer_deadline_ms", "1 h"), "From 5 s to 10 min.");
        assert_eq!(wrong("capacity", "0"), "From 1 to 50.");
        assert_eq!(wrong("capacity", "many"), "From 1 to 50.");
        assert!(wrong("offer_deadline_ms", "soon").contains("30 s"));
        assert_eq!(wrong("strategy", "best"), "This is not valid.");
    }
}
