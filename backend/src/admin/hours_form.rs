//! Business hours in a form: a line of times for each day, and a line for each date that differs.

use domain::hours::{self, Block, Day, Holiday, Hours, HoursError, On, Rule, Span};

use super::field::{Control, Errors, Field};
use super::pairs::Pairs;
use super::settings::length;
use super::ui::Ui;
use crate::i18n;

/// The fields of the days, Monday first.
const DAYS: [&str; 7] = ["hours_mon", "hours_tue", "hours_wed", "hours_thu", "hours_fri", "hours_sat", "hours_sun"];

/// What the form holds.
#[derive(Debug, Clone, Default)]
pub(super) struct HoursInput {
    on: bool,
    time_zone: String,
    days: [String; 7],
    holidays: String,
}

/// The fields.
pub(super) struct HoursForm {
    pub(super) on: Field,
    pub(super) time_zone: Field,
    pub(super) days: Vec<Field>,
    pub(super) holidays: Field,
    /// Names of time zones to choose from.
    pub(super) zones: &'static [String],
}

impl HoursInput {
    /// The form of hours as they are.
    pub(super) fn of(ui: &Ui, hours: Option<&Hours>) -> Self {
        let Some(hours) = hours else { return Self::default() };
        let line = |holiday: &Holiday| {
            let name = holiday.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let open = match holiday.blocks.as_slice() {
                [] => ui.t("hours.closed").to_owned(),
                blocks => hours::spans_text(blocks),
            };
            format!("{}{name}: {open}", holiday.date)
        };
        Self {
            on: true,
            time_zone: hours.time_zone.clone(),
            days: Day::ALL.map(|day| hours::spans_text(&hours.of(day))),
            holidays: hours.holidays.iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    }

    /// What was typed.
    pub(super) fn sent(pairs: &Pairs) -> Self {
        Self {
            on: pairs.get("hours_on") == "on",
            time_zone: pairs.get("time_zone").trim().to_owned(),
            days: DAYS.map(|name| pairs.get(name).to_owned()),
            holidays: pairs.get("holidays").to_owned(),
        }
    }

    /// The hours, `None` for always open. What is wrong is noted; what is read then does not matter.
    pub(super) fn read(&self, ui: &Ui, errors: &mut Errors) -> Option<Hours> {
        if !self.on {
            return None;
        }
        let mut week = Vec::new();
        let mut sound = true;
        for ((day, name), text) in Day::ALL.into_iter().zip(DAYS).zip(&self.days) {
            match hours::parse_spans(text) {
                Ok(spans) => week.extend(spans.into_iter().map(|span| Block::new(day, span))),
                Err(error) => {
                    errors.add(name, ui.t1("hours.span", error.text));
                    sound = false;
                }
            }
        }
        let mut holidays = Vec::new();
        for (index, line) in self.holidays.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match holiday(line) {
                Some(holiday) => holidays.push(holiday),
                None => {
                    let number = (index + 1).to_string();
                    errors.add("holidays", ui.texts().fill("hours.line", &[("line", &number), ("text", line.trim())]));
                    sound = false;
                }
            }
        }
        let hours = Hours { time_zone: self.time_zone.clone(), week, holidays };
        // The check ends at what is wrong first: without the time zone it says more.
        let elsewhere = Hours { time_zone: "UTC".to_owned(), ..hours.clone() };
        for error in [hours.check().err(), elsewhere.check().err().filter(|_| sound)].into_iter().flatten() {
            if sound || error.field == "time_zone" {
                errors.add(field_of(&error), explain(ui, &error));
            }
        }
        Some(hours)
    }

    /// The fields, with what is wrong.
    pub(super) fn form(&self, ui: &Ui, errors: &Errors) -> HoursForm {
        let day = |((day, name), text): ((Day, &'static str), &String)| {
            let label = ui.word("day", day.name());
            Field { label, ..Field::line(ui, name, text) }.empty_is(ui.t("hours.closed")).error(errors)
        };
        HoursForm {
            on: Field::line(ui, "hours_on", if self.on { "on" } else { "" })
                .control(Control::Check)
                .help(ui.t("help.hours_on")),
            time_zone: Field { required: false, ..Field::line(ui, "time_zone", &self.time_zone) }
                .control(Control::Suggested("zones"))
                .help(ui.t("help.time_zone"))
                .error(errors),
            days: Day::ALL.into_iter().zip(DAYS).zip(&self.days).map(day).collect(),
            holidays: Field::line(ui, "holidays", &self.holidays)
                .control(Control::Lines(4))
                .optional(ui)
                .help(ui.t("help.holidays"))
                .error(errors),
            zones: hours::zones(),
        }
    }
}

/// A line such as `2026-12-24 Christmas Eve: 10:00-14:00`. The name may be missing, and may hold colons: the first
/// colon after which nothing but times stands, or the word for closed, ends it.
fn holiday(line: &str) -> Option<Holiday> {
    let line = line.trim();
    let end = line.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(line.len());
    let (date, rest) = line.split_at(end);
    let made = |name: &str, blocks| {
        let name = Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        Some(Holiday { date: date.to_owned(), name, blocks })
    };
    if let Some(blocks) = open(rest) {
        return made("", blocks);
    }
    rest.char_indices().filter(|(_, c)| matches!(c, ':' | '\u{ff1a}')).find_map(|(at, colon)| {
        let (name, after) = (rest.get(..at)?, rest.get(at + colon.len_utf8()..)?);
        made(name, open(after)?)
    })
}

/// Times, or the word for closed in any language.
fn open(text: &str) -> Option<Vec<Span>> {
    let text = text.trim();
    let closed = domain::locale::COMPLETE.iter().map(|locale| i18n::texts(locale).get("hours.closed"));
    if closed.into_iter().any(|word| word.to_lowercase() == text.to_lowercase()) {
        return Some(Vec::new());
    }
    hours::parse_spans(text).ok().filter(|spans| !spans.is_empty())
}

/// Where the form shows an error.
fn field_of(error: &HoursError) -> &'static str {
    match (&error.on, error.field) {
        (Some(On::Day(day)), _) => {
            let place = Day::ALL.iter().position(|other| other == day);
            place.and_then(|place| DAYS.get(place).copied()).unwrap_or("hours_mon")
        }
        (_, "time_zone") => "time_zone",
        (_, "week") => "hours_mon",
        _ => "holidays",
    }
}

fn explain(ui: &Ui, error: &HoursError) -> String {
    let text = match error.rule {
        Rule::UnknownZone => ui.t("hours.unknown_zone").to_owned(),
        Rule::NotADate => ui.t("hours.not_a_date").to_owned(),
        Rule::Twice => ui.t("hours.twice").to_owned(),
        Rule::Backwards => ui.t("hours.backwards").to_owned(),
        Rule::AfterMidnight { .. } => ui.t1("hours.after_midnight", length(ui, 24 * 60 * 60 * 1_000)),
        Rule::Overlap => ui.t("hours.overlap").to_owned(),
        Rule::TooMany { max } => ui.t1("hours.too_many", max),
        Rule::LongName { max } => ui.t1("error.too_long", max),
        Rule::ControlCharacter => ui.t("error.format").to_owned(),
    };
    match &error.on {
        Some(On::Date(date)) => ui.texts().fill("hours.on_date", &[("date", date), ("text", &text)]),
        Some(On::Day(_)) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n;

    fn ui() -> Ui {
        Ui::new(i18n::texts("en"))
    }

    fn sent(fields: &[(&str, &str)]) -> Pairs {
        Pairs::from(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn lines_of_dates_are_read_as_they_are_written() {
        let cases = [
            ("2026-12-25 Christmas: closed", Some("Christmas"), ""),
            ("2026-12-24 Christmas Eve: 10:00-14:00", Some("Christmas Eve"), "10:00-14:00"),
            ("2026-12-24: 9-12, 13-15", None, "09:00-12:00, 13:00-15:00"),
            ("2026-12-24 10:00-14:00", None, "10:00-14:00"),
            ("2026-12-24 Closed", None, ""),
            ("2026-10-01 国庆节：休息", Some("国庆节"), ""),
            ("2026-12-24 Note: half day: 10-14", Some("Note: half day"), "10:00-14:00"),
        ];
        for (line, name, spans) in cases {
            let read = holiday(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&read.date, line.get(..10).unwrap());
            assert_eq!((read.name.as_deref(), hours::spans_text(&read.blocks).as_str()), (name, spans), "{line}");
        }
        for line in ["2026-12-24 Christmas Eve", "2026-12-24 Eve 10-14", "Christmas: closed now", "2026-12-24", "x"] {
            assert!(holiday(line).is_none_or(|holiday| holiday.date.is_empty()), "{line}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let fields = [
            ("hours_on", "on"),
            ("time_zone", "Europe/Berlin"),
            ("hours_mon", "9-12, 13:00-18:00"),
            ("hours_sun", "22:00-24:00"),
            ("holidays", "2026-12-25 Christmas: closed\n\n2026-12-31: 9-12"),
        ];
        let mut errors = Errors::default();
        let read = HoursInput::sent(&sent(&fields)).read(&ui(), &mut errors).unwrap();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!((read.week.len(), read.holidays.len()), (3, 2));
        for locale in domain::locale::COMPLETE {
            let ui = Ui::new(i18n::texts(locale));
            let again = HoursInput::of(&ui, Some(&read)).read(&ui, &mut errors);
            assert_eq!(again.as_ref(), Some(&read), "{locale}");
        }
        assert_eq!(HoursInput::sent(&sent(&fields[1..])).read(&ui(), &mut errors), None);
        assert!(errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn what_is_wrong_is_said_where_it_is() {
        let cases = [
            ("hours_mon", "9-12, 11-13", "hours_mon", "overlap"),
            ("hours_tue", "9 to 5", "hours_tue", "is not a time"),
            ("hours_wed", "18-9", "hours_wed", "end after it begins"),
            ("time_zone", "Mars/Olympus", "time_zone", "time zone"),
            ("holidays", "2026-02-30: closed", "holidays", "2026-02-30"),
            ("holidays", "2026-12-24 Eve", "holidays", "Line 1"),
            ("holidays", "2026-12-24: closed\n2026-12-24: closed", "holidays", "twice"),
        ];
        for (name, text, field, said) in cases {
            let fields = [("hours_on", "on"), ("time_zone", "UTC"), (name, text)];
            let mut errors = Errors::default();
            HoursInput::sent(&sent(&fields)).read(&ui(), &mut errors);
            let error = errors.of(field).unwrap_or_default();
            assert!(error.contains(said), "{name} {text}: {errors:?}");
        }
        let mut errors = Errors::default();
        let both = [("hours_on", "on"), ("time_zone", "Mars/Olympus"), ("hours_mon", "9-12, 11-13")];
        HoursInput::sent(&sent(&both)).read(&ui(), &mut errors);
        assert!(errors.of("time_zone").is_some() && errors.of("hours_mon").is_some(), "{errors:?}");
    }
}
