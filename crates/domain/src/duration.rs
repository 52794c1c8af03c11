//! Lengths of time as people type and read them: `30 s`, `10 min`, `2 h`.

/// Characters of a refused text that are repeated.
const REPEATED: usize = 40;

/// A unit of time that people use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of 24 hours.
    Day,
}

impl Unit {
    /// All, shortest first.
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// Its length, milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60 * 1_000,
            Self::Hour => 60 * 60 * 1_000,
            Self::Day => 24 * 60 * 60 * 1_000,
        }
    }

    /// Its short name, which [`parse`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }
}

/// Words for units, milliseconds each.
const WORDS: [(&str, i64); 29] = [
    ("ms", 1),
    ("毫秒", 1),
    ("s", Unit::Second.ms()),
    ("sec", Unit::Second.ms()),
    ("secs", Unit::Second.ms()),
    ("second", Unit::Second.ms()),
    ("seconds", Unit::Second.ms()),
    ("秒", Unit::Second.ms()),
    ("秒钟", Unit::Second.ms()),
    ("m", Unit::Minute.ms()),
    ("min", Unit::Minute.ms()),
    ("mins", Unit::Minute.ms()),
    ("minute", Unit::Minute.ms()),
    ("minutes", Unit::Minute.ms()),
    ("分", Unit::Minute.ms()),
    ("分钟", Unit::Minute.ms()),
    ("h", Unit::Hour.ms()),
    ("hr", Unit::Hour.ms()),
    ("hrs", Unit::Hour.ms()),
    ("hour", Unit::Hour.ms()),
    ("hours", Unit::Hour.ms()),
    ("时", Unit::Hour.ms()),
    ("小时", Unit::Hour.ms()),
    ("个小时", Unit::Hour.ms()),
    ("d", Unit::Day.ms()),
    ("day", Unit::Day.ms()),
    ("days", Unit::Day.ms()),
    ("天", Unit::Day.ms()),
    ("日", Unit::Day.ms()),
];

/// A text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a length of time such as 30 s, 10 min or 2 h")]
pub struct DurationFormat {
    /// Its beginning.
    pub text: String,
}

/// The length that somebody typed, milliseconds: `30 s`, `1.5 h`, `1 h 30 min`, `2小时`; a number alone counts
/// seconds. Never negative.
///
/// # Errors
/// Anything else, and lengths that are no whole number of milliseconds.
pub fn parse(text: &str) -> Result<i64, DurationFormat> {
    let refused = || DurationFormat { text: text.trim().chars().take(REPEATED).collect() };
    let plain: String = text.trim().chars().map(plain).collect();
    let mut rest = plain.as_str();
    let mut total = 0i64;
    let mut parts = 0;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| !(c.is_ascii_digit() || c == '.'));
        let (word, after) = split_where(after.trim_start(), |c| c.is_ascii_digit() || c == ' ');
        rest = after.trim_start();
        let unit = match word.to_lowercase().as_str() {
            "" if parts == 0 && rest.is_empty() => Unit::Second.ms(),
            word => WORDS.iter().find(|(known, _)| *known == word).map(|(_, ms)| *ms).ok_or_else(refused)?,
        };
        let part = thousandths(number).and_then(|number| number.checked_mul(unit)).ok_or_else(refused)?;
        if part % 1_000 != 0 {
            return Err(refused());
        }
        total = total.checked_add(part / 1_000).ok_or_else(refused)?;
        parts += 1;
    }
    if parts == 0 { Err(refused()) } else { Ok(total) }
}

/// A length as a number of the longest unit that fits it exactly; seconds may have a fraction. What is below 0 is 0.
pub fn split(ms: i64) -> (String, Unit) {
    let ms = ms.max(0);
    for unit in [Unit::Day, Unit::Hour, Unit::Minute] {
        // A day is said as 24 hours: limits are compared with each other.
        let least = if unit == Unit::Day { 2 * unit.ms() } else { unit.ms() };
        if ms >= least && ms % unit.ms() == 0 {
            return ((ms / unit.ms()).to_string(), unit);
        }
    }
    let fraction = format!("{:03}", ms % 1_000);
    let fraction = fraction.trim_end_matches('0');
    let whole = ms / 1_000;
    let number = if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") };
    (number, Unit::Second)
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

/// The character of ASCII that stands for it here.
const fn plain(character: char) -> char {
    match character {
        ',' | '\u{ff0c}' | '\u{ff0e}' => '.',
        '\u{ff10}'..='\u{ff19}' => match char::from_digit(character as u32 - 0xff10, 10) {
            Some(digit) => digit,
            None => character,
        },
        '\t' | '\n' | '\r' | '\u{a0}' | '\u{202f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// A number with at most three digits after the point, times 1,000.
fn thousandths(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_read_as_people_type_them() {
        let cases = [
            ("30", 30_000),
            ("30 s", 30_000),
            ("30s", 30_000),
            (" 10 Min ", 600_000),
            ("2 h", 7_200_000),
            ("1.5 h", 5_400_000),
            ("1,5 h", 5_400_000),
            ("1 h 30 min", 5_400_000),
            ("1h30m", 5_400_000),
            ("30 days", 2_592_000_000),
            ("0", 0),
            ("500 ms", 500),
            ("0.5", 500),
            ("２小时", 7_200_000),
            ("10 分钟", 600_000),
            ("45秒", 45_000),
        ];
        for (text, ms) in cases {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "s",
            "-1",
            "1 parsec",
            "1 2",
            "1 h 30",
            "1.2345 s",
            "0.5 ms",
            "1e3",
            "9999999999999",
            ".5",
            "1..2",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"9".repeat(10_000)).unwrap_err().text.len() <= REPEATED);
    }

    #[test]
    fn lengths_are_said_shortly() {
        let said = |ms| {
            let (number, unit) = split(ms);
            format!("{number} {}", unit.name())
        };
        let cases = [
            (0, "0 s"),
            (500, "0.5 s"),
            (20_500, "20.5 s"),
            (90_000, "90 s"),
            (180_000, "3 min"),
            (86_400_000, "24 h"),
            (2_592_000_000, "30 d"),
        ];
        for (ms, text) in cases {
            assert_eq!(said(ms), text);
        }
        assert_eq!(said(-5), "0 s");
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(ms in 0i64..4_000_000_000) {
            let (number, unit) = split(ms);
            prop_assert_eq!(parse(&format!("{number} {}", unit.name())), Ok(ms));
        }

        #[test]
        fn any_text_ends(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
