use std::collections::HashSet;
use std::fmt;

use super::clock::zone;
use super::{Day, Hours, MAX_BLOCKS, MAX_DATE_BLOCKS, MAX_HOLIDAYS, MAX_NAME, MINUTES, Span};

/// Why hours are refused: the member, the day and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursError {
    /// `time_zone`, `week` or `holidays`.
    pub field: &'static str,
    /// Which day, where it is about one.
    pub on: Option<On>,
    /// The rule.
    pub rule: Rule,
}

/// The day that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A day of the week.
    Day(Day),
    /// A date, as it was given.
    Date(String),
}

/// What hours must obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// The time zone is in the database.
    #[error("is not a known time zone")]
    UnknownZone,
    /// A date is a day of the calendar, as `YYYY-MM-DD`.
    #[error("is not a date of the form YYYY-MM-DD")]
    NotADate,
    /// A date stands once.
    #[error("stands twice")]
    Twice,
    /// A span ends after it begins.
    #[error("a span must end after it begins; one over midnight is two")]
    Backwards,
    /// A span ends with the day.
    #[error("a span must end by minute {max}")]
    AfterMidnight {
        /// Last minute at which it may end.
        max: u16,
    },
    /// No minute is in two spans.
    #[error("spans overlap")]
    Overlap,
    /// There are at most so many.
    #[error("there may be at most {max}")]
    TooMany {
        /// How many.
        max: usize,
    },
    /// A name is at most so long.
    #[error("a name may have at most {max} characters")]
    LongName {
        /// Characters.
        max: usize,
    },
    /// A name has no control characters.
    #[error("a name may not hold control characters")]
    ControlCharacter,
}

impl HoursError {
    /// The limit that was broken, for [`protocol::event::Refused::limit`].
    pub fn limit(&self) -> Option<u64> {
        match self.rule {
            Rule::AfterMidnight { max } => Some(max.into()),
            Rule::TooMany { max } | Rule::LongName { max } => u64::try_from(max).ok(),
            Rule::UnknownZone
            | Rule::NotADate
            | Rule::Twice
            | Rule::Backwards
            | Rule::Overlap
            | Rule::ControlCharacter => None,
        }
    }
}

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.on {
            None => write!(f, "{}: {}", self.field, self.rule),
            Some(On::Day(day)) => write!(f, "{}, {}: {}", self.field, day.name(), self.rule),
            Some(On::Date(date)) => write!(f, "{}, {date}: {}", self.field, self.rule),
        }
    }
}

impl std::error::Error for HoursError {}

impl Hours {
    /// Checks the time zone, the blocks of every day, and the dates.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), HoursError> {
        if zone(&self.time_zone).is_none() {
            return Err(HoursError { field: "time_zone", on: None, rule: Rule::UnknownZone });
        }
        let week = |on, rule| HoursError { field: "week", on, rule };
        at_most(self.week.len(), MAX_BLOCKS).map_err(|rule| week(None, rule))?;
        for day in Day::ALL {
            check_spans(self.of(day)).map_err(|rule| week(Some(On::Day(day)), rule))?;
        }
        let holidays = |on, rule| HoursError { field: "holidays", on, rule };
        at_most(self.holidays.len(), MAX_HOLIDAYS).map_err(|rule| holidays(None, rule))?;
        let mut dates = HashSet::new();
        for holiday in &self.holidays {
            let refused = |rule| holidays(Some(On::Date(holiday.date.chars().take(MAX_NAME).collect())), rule);
            check_date(&holiday.date).map_err(refused)?;
            if !dates.insert(holiday.date.as_str()) {
                return Err(refused(Rule::Twice));
            }
            check_name(holiday.name.as_deref().unwrap_or_default()).map_err(refused)?;
            at_most(holiday.blocks.len(), MAX_DATE_BLOCKS).map_err(refused)?;
            check_spans(holiday.blocks.clone()).map_err(refused)?;
        }
        Ok(())
    }
}

fn at_most(count: usize, max: usize) -> Result<(), Rule> {
    if count > max { Err(Rule::TooMany { max }) } else { Ok(()) }
}

fn check_spans(mut spans: Vec<Span>) -> Result<(), Rule> {
    spans.sort_unstable();
    let mut end = 0;
    for span in spans {
        if span.to > MINUTES {
            return Err(Rule::AfterMidnight { max: MINUTES });
        }
        if span.from >= span.to {
            return Err(Rule::Backwards);
        }
        if span.from < end {
            return Err(Rule::Overlap);
        }
        end = span.to;
    }
    Ok(())
}

/// The parser knows more forms; only the one it writes is a key that can be compared.
fn check_date(text: &str) -> Result<(), Rule> {
    let date = text.parse::<jiff::civil::Date>().map_err(|_| Rule::NotADate)?;
    if date.to_string() == text { Ok(()) } else { Err(Rule::NotADate) }
}

fn check_name(name: &str) -> Result<(), Rule> {
    if name.chars().count() > MAX_NAME {
        return Err(Rule::LongName { max: MAX_NAME });
    }
    if name.chars().any(char::is_control) { Err(Rule::ControlCharacter) } else { Ok(()) }
}
