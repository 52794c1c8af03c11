//! Business hours: the week of a department in its time zone, and the dates that differ.
//!
//! The clock on the wall decides. A department is open whenever a clock there shows a time inside a block of the
//! day, so an hour that the clock skips is no hour of anybody's work, and an hour that it shows twice counts
//! twice. Time zones come with the program: what a machine has installed makes no difference.

/// What hours may hold.
mod check;
/// Open or closed, and until when.
mod clock;
/// Spans as people type them.
mod text;
#[cfg(test)]
mod tests;

pub use check::{HoursError, On, Rule};
pub use clock::{HORIZON_MS, zones};
pub use text::{SpanFormat, parse_spans, spans_text};

use serde::{Deserialize, Serialize};

/// Minutes of a day as clocks count them.
pub const MINUTES: u16 = 24 * 60;
/// Most blocks of a week.
pub const MAX_BLOCKS: usize = 50;
/// Most blocks of one date.
pub const MAX_DATE_BLOCKS: usize = 24;
/// Most dates that differ from the week.
pub const MAX_HOLIDAYS: usize = 366;
/// Longest name of such a date, characters.
pub const MAX_NAME: usize = 100;

/// Business hours. Checked by [`Hours::check`] before they are stored; whatever they hold, nothing here fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Name in the time zone database, such as `Europe/Berlin`. One that is not known counts as UTC.
    pub time_zone: String,
    /// When it is open in a week, in any order; a day without a block is closed.
    #[serde(default)]
    pub week: Vec<Block>,
    /// Dates that are not as their day of the week.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// The week, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }
}

/// A part of a day of the week. A night shift is two: until 24:00, and from 0:00 of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Which day.
    pub day: Day,
    /// First minute of the day, 0 to 1,439.
    pub from: u16,
    /// The minute after the last, 1 to 1,440, after `from`.
    pub to: u16,
}

impl Block {
    /// This part of that day.
    pub const fn new(day: Day, span: Span) -> Self {
        Self { day, from: span.from, to: span.to }
    }

    /// Which part of the day.
    pub const fn span(self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

/// A part of any day. Written as `09:00-17:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First minute of the day, 0 to 1,439.
    pub from: u16,
    /// The minute after the last, 1 to 1,440, after `from`.
    pub to: u16,
}

/// A date that is not as its day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What it is called, at most [`MAX_NAME`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it is open that day, instead of the week's blocks; none: closed.
    #[serde(default)]
    pub blocks: Vec<Span>,
}

impl Hours {
    /// The spans of a day of the week, in order, as they were entered.
    pub fn of(&self, day: Day) -> Vec<Span> {
        let blocks = self.week.iter().filter(|block| block.day == day);
        let mut spans: Vec<Span> = blocks.map(|block| block.span()).collect();
        spans.sort_unstable();
        spans
    }
}
