//! Times in the reader's zone, written by hand: the browser's own formatter costs more time at start than
//! everything else.

use alloc::string::String;

use crate::texts::{Locale, fill, key, line, number};

const DAY_MS: i64 = 86_400_000;

/// Minutes to add to UTC for the reader's zone at a moment (Unix milliseconds).
pub type Offset = fn(i64) -> i64;

/// A moment's day, counted from 1970, in the reader's zone.
pub fn day(at: i64, offset: Offset) -> i64 {
    (at + offset(at) * 60_000).div_euclid(DAY_MS)
}

/// `HH:MM`.
pub fn time(at: i64, offset: Offset) -> String {
    let minutes = (at + offset(at) * 60_000).rem_euclid(DAY_MS) / 60_000;
    let mut out = String::new();
    for (index, part) in [minutes / 60, minutes % 60].into_iter().enumerate() {
        if index > 0 {
            out.push(':');
        }
        if part < 10 {
            out.push('0');
        }
        out.push_str(&number(part.unsigned_abs()));
    }
    out
}

/// Today, yesterday, or the date of a day.
pub fn day_label(day: i64, today: i64, locale: Locale) -> String {
    match today - day {
        0 => String::from(locale.text(key::TODAY)),
        1 => String::from(locale.text(key::YESTERDAY)),
        _ => {
            let (year, month, date) = civil(day);
            let months = locale.text(key::MONTHS);
            let month = line(months, b',', month);
            let text = fill(locale.text(key::DATE), "d", &number(date));
            let text = fill(&text, "m", month);
            fill(&text, "y", &number(year.unsigned_abs()))
        }
    }
}

/// When something last happened, for lists: the time today, else the day.
pub fn moment(at: i64, now: i64, offset: Offset, locale: Locale) -> String {
    let (day_of, today) = (day(at, offset), day(now, offset));
    if day_of == today { time(at, offset) } else { day_label(day_of, today, locale) }
}

/// Year, month from 0 and day of month of a day counted from 1970 (proleptic Gregorian). The year starts in
/// March here, so that the leap day comes last.
fn civil(day: i64) -> (i64, usize, u64) {
    let from_era = day + 719_468;
    let era = from_era.div_euclid(146_097);
    let of_era = from_era.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, month.unsigned_abs() as usize, date.unsigned_abs())
}
