//! The reader's time zone, as an offset from UTC: enough to say when a day begins.

use std::fmt;

/// Every offset that is somebody's time, in minutes (IANA time zone database, 2025b).
const OFFSETS: [i64; 40] = [
    -720, -660, -600, -570, -540, -480, -420, -360, -300, -240, -210, -180, -150, -120, -60, 0, 60, 120, 180, 210, 240,
    270, 300, 330, 345, 360, 390, 420, 480, 525, 540, 570, 600, 630, 660, 720, 765, 780, 825, 840,
];

/// An offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Zone {
    minutes: i64,
}

impl Zone {
    /// Reads minutes; what is nobody's offset is UTC.
    pub fn parse(text: &str) -> Self {
        let minutes = text.parse().ok().filter(|minutes| OFFSETS.contains(minutes));
        Self { minutes: minutes.unwrap_or(0) }
    }

    /// Every offset.
    pub fn all() -> impl Iterator<Item = Self> {
        OFFSETS.into_iter().map(|minutes| Self { minutes })
    }

    /// As forms name it.
    pub fn word(self) -> String {
        self.minutes.to_string()
    }

    /// The moment at which it is `local` here, both in Unix milliseconds.
    pub fn moment(self, local: i64) -> i64 {
        local - self.minutes * 60_000
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '−' } else { '+' };
        let minutes = self.minutes.abs();
        if minutes == 0 { f.write_str("UTC") } else { write!(f, "UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60) }
    }
}

#[cfg(test)]
mod tests {
    use super::Zone;
    use crate::admin::time::Date;

    #[test]
    fn a_day_begins_when_it_begins_here() {
        let day = Date::parse("2026-11-21").unwrap();
        let begins = |zone: &str| super::super::time::iso(Zone::parse(zone).moment(day.start()));
        assert_eq!(begins("480"), "2026-11-20T16:00:00Z");
        assert_eq!(begins("-210"), "2026-11-21T03:30:00Z");
        for unknown in ["", "0", "1", "x", "99999999999999999999"] {
            assert_eq!(begins(unknown), "2026-11-21T00:00:00Z", "{unknown}");
        }
    }

    #[test]
    fn offsets_have_names() {
        let names: Vec<String> = Zone::all().map(|zone| zone.to_string()).collect();
        assert!(names.contains(&"UTC".to_owned()) && names.contains(&"UTC+05:45".to_owned()));
        assert!(names.contains(&"UTC−03:30".to_owned()));
        assert!(names.contains(&"UTC+12:45".to_owned()) && names.contains(&"UTC+13:45".to_owned()), "Chatham");
    }
}
