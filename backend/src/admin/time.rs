//! Times for people, in UTC, and days from forms.

/// A day in milliseconds.
pub const DAY: i64 = 86_400_000;

/// A day of the calendar (proleptic Gregorian).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Date {
    /// The day of a time.
    pub fn of(ms: i64) -> Self {
        // Days since 0000-03-01, so that the leap day is the last of a year.
        let days = ms.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1 }
    }

    /// Parses `YYYY-MM-DD` of the years 1970 to 9999; `None` for anything else and for days that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let number = |part: &str, length: usize| {
            (part.len() == length && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let date = Self { year: number(year, 4)?, month: number(month, 2)?, day: number(day, 2)? };
        (date.year >= 1970 && Self::of(date.start()) == date).then_some(date)
    }

    /// When the day begins, in Unix milliseconds.
    pub fn start(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let day_of_year = (153 * shifted + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era - 719_468) * DAY
    }

    /// When the next day begins.
    pub fn end(self) -> i64 {
        self.start() + DAY
    }
}

/// `2026-11-21 02:05`.
pub fn minute(ms: i64) -> String {
    let Date { year, month, day } = Date::of(ms);
    let minutes = ms.rem_euclid(DAY) / 60_000;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// `2026-11-21T02:05:07Z`.
pub fn iso(ms: i64) -> String {
    let Date { year, month, day } = Date::of(ms);
    let seconds = ms.rem_euclid(DAY) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// When the day of `ms` began.
pub fn day_start(ms: i64) -> i64 {
    ms.div_euclid(DAY) * DAY
}

#[cfg(test)]
mod tests {
    use super::{Date, iso, minute};
    use proptest::prelude::*;

    #[test]
    fn known_times() {
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn only_days_that_exist_are_read() {
        assert_eq!(Date::parse("2024-02-29").map(Date::start), Some(1_709_164_800_000));
        for bad in ["", "2023-02-29", "2023-13-01", "2023-00-10", "2023-1-1", "20230101", "1969-12-31", "+023-01-01"] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_date_finds_its_day_again(days in 0_i64..2_932_896) {
            let date = Date::of(days * super::DAY + 12_345);
            prop_assert_eq!(date.start(), days * super::DAY);
            let text = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
            prop_assert_eq!(Date::parse(&text), Some(date));
        }
    }
}
