//! Times in the reader's zone, written by hand: the browser's own formatter costs more time at start than
//! everything else.

use alloc::string::String;

use crate::texts::{key, number};

const DAY_MS: i64 = 86_400_000;

/// Minutes to add to UTC for the reader's zone at a moment (Unix milliseconds).
pub type Offset = fn(i64) -> i64;

/// A moment in the reader's zone: its day, counted from 1970, and its minute of the day.
fn local(at: i64, offset: Offset) -> (i64, u32) {
    let at = at + offset(at) * 60_000;
    let day = at.div_euclid(DAY_MS);
    (day, (at - day * DAY_MS) as u32 / 60_000)
}

/// A moment's day, counted from 1970, in the reader's zone.
pub fn day(at: i64, offset: Offset) -> i64 {
    local(at, offset).0
}

/// `HH:MM`.
pub fn time(at: i64, offset: Offset) -> String {
    let minute = local(at, offset).1;
    let mut out = String::new();
    for digit in [minute / 600, minute / 60 % 10, 10, minute % 60 / 10, minute % 10] {
        // The sign after 9 is the colon.
        out.push((b'0' + digit as u8) as char);
    }
    out
}

/// Today, yesterday, or the date of a day, as markup.
pub fn day_label(day: i64, today: i64) -> String {
    let key = match today - day {
        0 => key::TODAY,
        1 => key::YESTERDAY,
        _ => {
            let mut out = key::DATE.text();
            put_date(&mut out, day);
            out.push('\u{6}');
            return out;
        }
    };
    key.text()
}

/// Day of month, month and year, which a text fills in in this order.
fn put_date(out: &mut String, day: i64) {
    let (year, month, date) = civil(day);
    out.push('\u{5}');
    out.push_str(&number(u64::from(date)));
    out.push('\u{5}');
    key::JAN.behind(month).put(out);
    out.push('\u{5}');
    out.push_str(&number(u64::from(year)));
}

/// When something opens, as markup: "Opens tomorrow at 09:00".
pub fn opens(at: i64, now: i64, offset: Offset) -> String {
    let day_of = day(at, offset);
    let key = match day_of - day(now, offset) {
        0 => key::OPENS_TODAY,
        1 => key::OPENS_TOMORROW,
        _ => key::OPENS_ON,
    };
    let mut out = key.text();
    if key == key::OPENS_ON {
        put_date(&mut out, day_of);
    }
    out.push('\u{5}');
    out.push_str(&time(at, offset));
    out.push('\u{6}');
    out
}

/// When something last happened, for lists, as markup: the time today, else the day.
pub fn moment(at: i64, now: i64, offset: Offset) -> String {
    let (day_of, today) = (day(at, offset), day(now, offset));
    if day_of == today { time(at, offset) } else { day_label(day_of, today) }
}

/// Year, month from 0 and day of month of a day counted from 1970 (Gregorian, for the years 0 to 9999). The year
/// starts in March here, so that the leap day comes last.
fn civil(day: i64) -> (u32, u32, u32) {
    let from_year_0 = (day + 719_468).clamp(0, 3_652_000) as u32;
    let (era, of_era) = (from_year_0 / 146_097, from_year_0 % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    (year_of_era + era * 400 + u32::from(month < 2), month, date)
}
