//! Values of flags, and tables of plain text.

use std::fmt::Write;

/// Milliseconds of a length of time: `90`, `90s`, `2m`, `1h`, `500ms`.
///
/// # Errors
/// For anything else, and over a day.
pub(super) fn length_of_time(text: &str) -> Result<i64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1_000,
        "ms" => 1,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err("a length of time is such as 90s, 2m or 1h".to_owned()),
    };
    let ms = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    ms.filter(|ms| (0..=86_400_000).contains(ms))
        .ok_or_else(|| "a length of time from 0 to 24h, such as 90s".to_owned())
}

/// A share of all.
///
/// # Errors
/// Unless it is more than 0 and less than 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "a share between 0 and 1, such as 0.8".to_owned())
}

/// A number that counts or measures something.
///
/// # Errors
/// Unless it is more than 0, and finite.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "a number above 0".to_owned())
}

/// A length of time in words: `850 ms`, `12.5 s`, `4 min 10 s`, `2 h 5 min`.
pub(super) fn time(ms: i64) -> String {
    let seconds = ms / 1_000;
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", seconds, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Rows under headings, in columns as wide as what they hold; all but the first are aligned to the right.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |index: usize| rows.iter().filter_map(move |row| row.get(index).map(|cell| cell.chars().count()));
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(index, name)| cells(index).max().unwrap_or(0).max(name.chars().count()))
        .collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut whole = String::new();
        for (index, (cell, width)) in cells.zip(&widths).enumerate() {
            let width = *width;
            let _ = if index == 0 { write!(whole, "{cell:<width$}") } else { write!(whole, "  {cell:>width$}") };
        }
        let _ = writeln!(text, "{}", whole.trim_end());
    };
    line(&mut headings.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for (text, ms) in
            [("90", 90_000), ("90s", 90_000), ("2m", 120_000), ("1h", 3_600_000), ("500ms", 500), ("0", 0)]
        {
            assert_eq!(length_of_time(text), Ok(ms), "{text}");
        }
        for text in ["", "s", "-1", "2d", "25h", "1.5s", "99999999999999999999h"] {
            assert!(length_of_time(text).is_err(), "{text}");
        }
        for (ms, text) in [(850, "850 ms"), (12_540, "12.5 s"), (250_000, "4 min 10 s"), (7_500_000, "2 h 5 min")] {
            assert_eq!(time(ms), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_what_they_hold() {
        let rows = [vec!["all".to_owned(), "7".to_owned()], vec!["Verkäufe".to_owned(), "1234".to_owned()]];
        assert_eq!(table(&["", "count"], &rows), "          count\nall           7\nVerkäufe   1234\n");
    }

    #[test]
    fn shares_and_numbers_have_limits() {
        assert_eq!(share("0.8"), Ok(0.8));
        for text in ["0", "1", "80", "x", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "inf", "NaN", ""] {
            assert!(positive(text).is_err(), "{text}");
        }
    }
}
