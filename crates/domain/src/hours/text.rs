use std::fmt;
use std::str::FromStr;

use super::Span;

/// Characters of a refused text that are repeated.
const REPEATED: usize = 40;

/// A text is no time span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a span of times such as 09:00-17:30")]
pub struct SpanFormat {
    /// Its beginning.
    pub text: String,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for Span {
    type Err = SpanFormat;

    fn from_str(text: &str) -> Result<Self, SpanFormat> {
        let refused = || SpanFormat { text: text.chars().take(REPEATED).collect() };
        let (from, to) = text.split_once('-').ok_or_else(refused)?;
        let (from, to) = (minute(from).ok_or_else(refused)?, minute(to).ok_or_else(refused)?);
        Ok(Self { from, to })
    }
}

/// The spans in a text such as `09:00-12:00, 13-18`, in order; a blank text has none. Times are hours, 0 to 24,
/// with or without minutes. Dashes, commas and colons may be those of any keyboard, and commas may be left out.
/// What the spans must obey is for [`super::Hours::check`].
///
/// # Errors
/// The first part that is no span.
pub fn parse_spans(text: &str) -> Result<Vec<Span>, SpanFormat> {
    let plain: String = text.chars().map(plain).collect();
    let tight = plain.split('-').map(str::trim).collect::<Vec<_>>().join("-");
    let parts = tight.split([',', ' ']).filter(|part| !part.is_empty());
    let mut spans = parts.map(str::parse).collect::<Result<Vec<Span>, _>>()?;
    spans.sort_unstable();
    Ok(spans)
}

/// The text that [`parse_spans`] reads: `09:00-12:00, 13:00-18:00`.
pub fn spans_text(spans: &[Span]) -> String {
    spans.iter().map(Span::to_string).collect::<Vec<_>>().join(", ")
}

/// The character of ASCII that stands for it here.
const fn plain(character: char) -> char {
    match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '~' | '\u{301c}' | '\u{ff5e}' => '-',
        ';' | '\u{ff0c}' | '\u{3001}' | '\u{ff1b}' => ',',
        '.' | '\u{ff1a}' => ':',
        '\u{ff10}'..='\u{ff19}' => match char::from_digit(character as u32 - 0xff10, 10) {
            Some(digit) => digit,
            None => character,
        },
        '\t' | '\n' | '\r' | '\u{a0}' | '\u{202f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// The minute of the day of `9`, `9:30` or `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "00"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&hours.len()) || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= super::MINUTES).then_some(minute)
}
