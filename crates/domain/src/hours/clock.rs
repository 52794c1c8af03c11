use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::{Day, Hours, MINUTES, Span};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// How far ahead the next opening or closing is looked for: 400 days, milliseconds.
pub const HORIZON_MS: i64 = 400 * DAY_MS;

/// The database that comes with the program, so that all nodes agree.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Where names of places start; others are old spellings of the same zones and offsets without a place.
const AREAS: [&str; 10] = [
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
];

/// Names of time zones to choose from, in order: places, and `UTC`.
pub fn zones() -> &'static [String] {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let all = ZONES.available().map(|name| name.as_str().to_owned());
        let mut names: Vec<String> =
            all.filter(|name| name == "UTC" || AREAS.iter().any(|area| name.starts_with(area))).collect();
        names.sort_unstable();
        names.dedup();
        names
    });
    &NAMES
}

pub(super) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// The nearest time that the calendar has.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Days since 1970-01-01 and the minute of the day, of a time that counts from there as the clock on the wall
/// shows it.
fn on_the_wall(ms: i64) -> (i64, i64) {
    (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS) / MINUTE_MS)
}

fn weekday(days: i64) -> Day {
    // 1970-01-01 was a Thursday.
    match days.saturating_add(3).rem_euclid(7) {
        0 => Day::Mon,
        1 => Day::Tue,
        2 => Day::Wed,
        3 => Day::Thu,
        4 => Day::Fri,
        5 => Day::Sat,
        _ => Day::Sun,
    }
}

fn contains(spans: &[Span], minute: i64) -> bool {
    spans.iter().any(|span| (i64::from(span.from)..i64::from(span.to)).contains(&minute))
}

impl Hours {
    /// Whether it is open. `now` is Unix milliseconds.
    pub fn is_open(&self, now: i64) -> bool {
        self.is_open_in(&self.zone(), timestamp(now).as_millisecond())
    }

    /// When it next opens or closes, Unix milliseconds, always later than `now`; `None`: not within
    /// [`HORIZON_MS`].
    pub fn changes_at(&self, now: i64) -> Option<i64> {
        let zone = self.zone();
        let now = timestamp(now).as_millisecond();
        let horizon = timestamp(now.saturating_add(HORIZON_MS)).as_millisecond();
        let open = self.is_open_in(&zone, now);
        // Between two changes of the clocks the wall is a fixed offset away.
        let mut from = now;
        loop {
            let change = zone.following(timestamp(from)).next().map(|change| change.timestamp().as_millisecond());
            let until = change.unwrap_or(horizon).min(horizon);
            if let Some(at) = self.boundary(offset(&zone, from), from, until, open) {
                return Some(at);
            }
            // The iterator promises to go forward; a loop without end would be a bad way to learn otherwise.
            if until >= horizon || until <= from {
                return None;
            }
            if self.is_open_in(&zone, until) != open {
                return Some(until);
            }
            from = until;
        }
    }

    /// When it opens, Unix milliseconds; `None` while it is open, or when it does not open within
    /// [`HORIZON_MS`].
    pub fn opens_at(&self, now: i64) -> Option<i64> {
        if self.is_open(now) { None } else { self.changes_at(now) }
    }

    fn zone(&self) -> TimeZone {
        zone(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    fn is_open_in(&self, zone: &TimeZone, at: i64) -> bool {
        let (days, minute) = on_the_wall(at.saturating_add(offset(zone, at)));
        contains(&self.on(days), minute)
    }

    /// The first time after `from` and before `until` at which it is no longer as it was, the wall being `offset`
    /// ahead all the while.
    fn boundary(&self, offset: i64, from: i64, until: i64, open: bool) -> Option<i64> {
        let (first, _) = on_the_wall(from.saturating_add(offset));
        let (last, _) = on_the_wall(until.saturating_add(offset));
        for days in first..=last {
            let spans = self.on(days);
            let edges = spans.iter().flat_map(|span| [span.from, span.to]).chain([0]);
            let times = edges.filter(|edge| *edge < MINUTES).map(i64::from).filter_map(|minute| {
                let at = days.saturating_mul(DAY_MS).saturating_add(minute * MINUTE_MS).saturating_sub(offset);
                (at > from && at < until && contains(&spans, minute) != open).then_some(at)
            });
            if let Some(at) = times.min() {
                return Some(at);
            }
        }
        None
    }

    /// The spans of a date, given as days since 1970-01-01.
    fn on(&self, days: i64) -> Vec<Span> {
        if !self.holidays.is_empty() {
            let date = Offset::UTC.to_datetime(timestamp(days.saturating_mul(DAY_MS))).date().to_string();
            if let Some(holiday) = self.holidays.iter().find(|holiday| holiday.date == date) {
                return holiday.blocks.clone();
            }
        }
        self.of(weekday(days))
    }
}

/// How far the wall is ahead of UTC, milliseconds.
fn offset(zone: &TimeZone, at: i64) -> i64 {
    i64::from(zone.to_offset(timestamp(at)).seconds()).saturating_mul(1_000)
}
