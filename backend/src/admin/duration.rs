//! Lengths of time for people.

use super::ui::Ui;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A length of time in milliseconds as people say it, in at most two units: below two minutes to the nearest second.
pub(super) fn duration(ui: &Ui, ms: i64) -> String {
    let ms = ms.max(0).saturating_add(SECOND / 2) / SECOND * SECOND;
    let (key, of, rest) = match ms {
        ..MINUTE => ("seconds", SECOND, None),
        MINUTE..HOUR => ("minutes", MINUTE, Some(SECOND).filter(|_| ms < 2 * MINUTE)),
        HOUR..DAY => ("hours", HOUR, Some(MINUTE)),
        _ => ("days", DAY, Some(HOUR)),
    };
    let whole = ui.texts().fill(&format!("duration.{key}"), &[("n", &(ms / of).to_string())]);
    let Some(unit) = rest.filter(|unit| ms % of >= *unit) else { return whole };
    let smaller = match unit {
        SECOND => "seconds",
        MINUTE => "minutes",
        _ => "hours",
    };
    let part = ui.texts().fill(&format!("duration.{smaller}"), &[("n", &(ms % of / unit).to_string())]);
    ui.texts().fill("duration.two", &[("large", &whole), ("small", &part)])
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, MINUTE, duration};
    use crate::admin::ui::Ui;
    use crate::i18n;

    #[test]
    fn lengths_are_said_in_at_most_two_units() {
        let ui = Ui::new(i18n::texts("en"));
        for (ms, said) in [
            (-5, "0 s"),
            (499, "0 s"),
            (4_980, "5 s"),
            (59_499, "59 s"),
            (59_500, "1 min"),
            (MINUTE, "1 min"),
            (MINUTE + 5_000, "1 min 5 s"),
            (5 * MINUTE + 59_000, "5 min"),
            (HOUR, "1 h"),
            (HOUR + MINUTE, "1 h 1 min"),
            (DAY - 1_000, "23 h 59 min"),
            (DAY, "1 d"),
            (3 * DAY + 2 * HOUR, "3 d 2 h"),
        ] {
            assert_eq!(duration(&ui, ms), said, "{ms}");
        }
        assert_eq!(duration(&Ui::new(i18n::texts("zh-CN")), HOUR + MINUTE), "1 小时 1 分钟");
    }
}
