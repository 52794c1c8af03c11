use proptest::prelude::*;

use super::clock::zone;
use super::*;

const MINUTE: i64 = 60_000;

/// Unix milliseconds of `2026-03-29T02:30:00Z` and the like.
fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

fn hours(time_zone: &str, week: &[(Day, &str)]) -> Hours {
    let blocks = |(day, text): &(Day, &str)| {
        parse_spans(text).unwrap().into_iter().map(|span| Block::new(*day, span)).collect::<Vec<_>>()
    };
    Hours { time_zone: time_zone.to_owned(), week: week.iter().flat_map(blocks).collect(), holidays: vec![] }
}

fn daily(time_zone: &str, text: &str) -> Hours {
    hours(time_zone, &Day::ALL.map(|day| (day, text)))
}

/// The next changes after a time, as UTC texts.
fn changes(hours: &Hours, from: &str, count: usize) -> Vec<String> {
    let next = std::iter::successors(Some(at(from)), |now| hours.changes_at(*now));
    let text = |ms| jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
    next.skip(1).take(count).map(text).collect()
}

#[test]
fn several_blocks_a_day_in_the_time_of_the_place() {
    let shop = hours("Asia/Shanghai", &[(Day::Mon, "09:00-12:00, 13:00-18:00"), (Day::Sun, "20:00-24:00")]);
    assert_eq!(shop.check(), Ok(()));
    // 2026-11-30 is a Monday; Shanghai is eight hours ahead.
    let found = changes(&shop, "2026-11-29T11:59:59Z", 6);
    let expected = [
        "2026-11-29T12:00:00Z",
        "2026-11-29T16:00:00Z",
        "2026-11-30T01:00:00Z",
        "2026-11-30T04:00:00Z",
        "2026-11-30T05:00:00Z",
        "2026-11-30T10:00:00Z",
    ];
    assert_eq!(found, expected);
    assert!(shop.is_open(at("2026-11-30T01:00:00Z")) && !shop.is_open(at("2026-11-30T00:59:59Z")));
    assert_eq!(shop.opens_at(at("2026-11-30T01:00:00Z")), None);
    assert_eq!(shop.opens_at(at("2026-11-30T04:00:00Z")), Some(at("2026-11-30T05:00:00Z")));
}

#[test]
fn blocks_that_touch_are_one_also_over_midnight() {
    let night = hours("Europe/Berlin", &[(Day::Fri, "18:00-22:00, 22:00-24:00"), (Day::Sat, "00:00-02:00")]);
    assert_eq!(night.check(), Ok(()));
    assert_eq!(changes(&night, "2026-01-02T16:59:00Z", 2), ["2026-01-02T17:00:00Z", "2026-01-03T01:00:00Z"]);
}

#[test]
fn an_hour_that_the_clock_skips_does_not_exist() {
    // 2026-03-29 in Berlin: 01:59 is followed by 03:00.
    let found = changes(&daily("Europe/Berlin", "02:30-05:00"), "2026-03-29T00:00:00Z", 2);
    assert_eq!(found, ["2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"]);
    let skipped = daily("Europe/Berlin", "02:00-03:00");
    assert_eq!(changes(&skipped, "2026-03-28T01:30:00Z", 2), ["2026-03-28T02:00:00Z", "2026-03-30T00:00:00Z"]);
    // 2026-03-08 in New York: 01:59 is followed by 03:00.
    let work = daily("America/New_York", "09:00-17:00");
    let found = changes(&work, "2026-03-07T15:00:00Z", 3);
    assert_eq!(found, ["2026-03-07T22:00:00Z", "2026-03-08T13:00:00Z", "2026-03-08T21:00:00Z"]);
}

#[test]
fn an_hour_that_the_clock_shows_twice_counts_twice() {
    // 2026-10-25 in Berlin: 02:59 summer time is followed by 02:00 winter time.
    let found = changes(&daily("Europe/Berlin", "01:00-02:30"), "2026-10-24T20:00:00Z", 4);
    let expected = ["2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"];
    assert_eq!(found, expected);
    let found = changes(&daily("Europe/Berlin", "01:00-04:00"), "2026-10-24T20:00:00Z", 2);
    assert_eq!(found, ["2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z"]);
    // 2026-11-01 in New York: 01:59 summer time is followed by 01:00 winter time.
    let found = changes(&daily("America/New_York", "01:00-02:00"), "2026-11-01T04:00:00Z", 2);
    assert_eq!(found, ["2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z"]);
}

#[test]
fn a_holiday_replaces_the_day() {
    let mut shop = daily("Europe/Berlin", "09:00-17:00");
    let holiday = |date: &str, text| Holiday { date: date.into(), name: None, blocks: parse_spans(text).unwrap() };
    shop.holidays = vec![holiday("2026-12-25", ""), holiday("2026-12-24", "10:00-12:00, 23:00-24:00")];
    assert_eq!(shop.check(), Ok(()));
    let expected = [
        "2026-12-23T16:00:00Z",
        "2026-12-24T09:00:00Z",
        "2026-12-24T11:00:00Z",
        "2026-12-24T22:00:00Z",
        "2026-12-24T23:00:00Z",
        "2026-12-26T08:00:00Z",
    ];
    assert_eq!(changes(&shop, "2026-12-23T10:00:00Z", 6), expected);
}

#[test]
fn always_and_never_do_not_change() {
    let always = daily("America/New_York", "00:00-24:00");
    assert_eq!((always.check(), always.is_open(0), always.changes_at(0)), (Ok(()), true, None));
    let never = hours("America/New_York", &[]);
    assert_eq!((never.is_open(0), never.changes_at(0), never.opens_at(0)), (false, None, None));
    let once = Holiday { date: "2027-02-01".into(), name: None, blocks: vec![span("9-10")] };
    let yearly = Hours { holidays: vec![once], ..never };
    assert_eq!(yearly.opens_at(at("2026-01-01T00:00:00Z")), Some(at("2027-02-01T14:00:00Z")));
    assert_eq!(yearly.opens_at(at("2025-01-01T00:00:00Z")), None);
}

fn refused(change: impl FnOnce(&mut Hours)) -> String {
    let mut hours = hours("Europe/Berlin", &[(Day::Mon, "09:00-17:00")]);
    change(&mut hours);
    hours.check().unwrap_err().to_string()
}

#[test]
fn refusals_name_the_member_the_day_and_the_rule() {
    let block = |text| Block::new(Day::Mon, span(text));
    let holiday = |date: &str| Holiday { date: date.into(), name: None, blocks: vec![] };
    assert_eq!(refused(|hours| hours.time_zone = "Europe/Bonn".into()), "time_zone: is not a known time zone");
    assert_eq!(refused(|hours| hours.week.push(block("16:59-18:00"))), "week, mon: spans overlap");
    let backwards = "week, mon: a span must end after it begins; one over midnight is two";
    assert_eq!(refused(|hours| hours.week.push(block("22:00-06:00"))), backwards);
    assert_eq!(refused(|hours| hours.week.push(block("24:00-24:00"))), backwards);
    let late = Block { to: 1_441, ..block("18:00-24:00") };
    assert_eq!(refused(|hours| hours.week.push(late)), "week, mon: a span must end by minute 1440");
    let many = vec![block("0-1"); 51];
    assert_eq!(refused(|hours| hours.week = many), "week: there may be at most 50");
    for wrong in ["2026-02-29", "2026-2-3", "20260203", "", "2026-02-03T00:00", "tomorrow", "-02026-02-03"] {
        let expected = format!("holidays, {wrong}: is not a date of the form YYYY-MM-DD");
        assert_eq!(refused(|hours| hours.holidays.push(holiday(wrong))), expected);
    }
    let twice = vec![holiday("2026-12-25"), holiday("2026-12-25")];
    assert_eq!(refused(|hours| hours.holidays = twice), "holidays, 2026-12-25: stands twice");
    let overlap = Holiday { blocks: vec![span("9-12"), span("11-13")], ..holiday("2026-12-25") };
    assert_eq!(refused(|hours| hours.holidays.push(overlap)), "holidays, 2026-12-25: spans overlap");
    let long = Holiday { name: Some("é".repeat(101)), ..holiday("2026-12-25") };
    let expected = "holidays, 2026-12-25: a name may have at most 100 characters";
    assert_eq!(refused(|hours| hours.holidays.push(long)), expected);
    let odd = Holiday { name: Some("a\nb".into()), ..holiday("2026-12-25") };
    assert!(refused(|hours| hours.holidays.push(odd)).ends_with("control characters"));
    let many = (0..367).map(|_| holiday("2026-12-25")).collect();
    assert_eq!(refused(|hours| hours.holidays = many), "holidays: there may be at most 366");
}

#[test]
fn json_has_the_words_of_the_documentation() {
    let mut shop = hours("Asia/Shanghai", &[(Day::Mon, "09:00-12:00")]);
    shop.holidays.push(Holiday { date: "2027-01-01".into(), name: Some("New Year".into()), blocks: vec![] });
    let json = r#"{"time_zone":"Asia/Shanghai","week":[{"day":"mon","from":540,"to":720}],"holidays":[{"date":"2027-01-01","name":"New Year","blocks":[]}]}"#;
    assert_eq!(serde_json::to_string(&shop).unwrap(), json);
    assert_eq!(serde_json::from_str::<Hours>(json).unwrap(), shop);
    let least: Hours = serde_json::from_str(r#"{"time_zone":"UTC"}"#).unwrap();
    assert_eq!(least, hours("UTC", &[]));
}

#[test]
fn spans_are_read_as_people_type_them() {
    let both = [span("09:00-12:00"), span("13:00-18:00")];
    let texts = [
        "13:00-18:00,09:00-12:00",
        "9-12, 13-18",
        " 9:00 – 12:00 ; 13:00 — 18:00 ",
        "9-12 13-18",
        "９：００～１２：００，13：00～18：00",
    ];
    for text in texts {
        assert_eq!(parse_spans(text).unwrap(), both, "{text}");
    }
    assert_eq!(spans_text(&both), "09:00-12:00, 13:00-18:00");
    assert_eq!(parse_spans(" ").unwrap(), []);
    assert_eq!(parse_spans("0-24").unwrap(), [Span { from: 0, to: MINUTES }]);
    for text in
        ["9", "9-", "-9", "9-25", "9:60-10", "24:01-24:02", "9:0-10", "009-10", "+9-10", "9-10-11", "a-b", "9:-10"]
    {
        assert!(parse_spans(text).is_err(), "{text}");
    }
    assert_eq!(parse_spans("9-12, noon").unwrap_err().text, "noon");
}

#[test]
fn zones_to_choose_from_are_places() {
    let names = zones();
    for name in ["Asia/Shanghai", "Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    assert!(names.is_sorted() && names.len() > 300);
    assert!(names.iter().all(|name| zone(name).is_some() && !name.starts_with("Etc/")));
}

/// Zones whose clocks change in uncommon ways too: by half an hour, at midnight, a minute after it, by a day.
const ODD: [&str; 9] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Pacific/Apia",
    "Nowhere",
];

/// Spans of a day that do not overlap.
fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::btree_set(0u16..=MINUTES, 0..8).prop_map(|edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| Span { from: pair[0], to: pair[1] }).collect()
    })
}

/// Hours in one of these zones, and a time, often near a change of the clocks there.
fn shops() -> impl Strategy<Value = (Hours, i64)> {
    let zones = prop::sample::select(&ODD[..]);
    let times = (946_684_800_000i64..2_000_000_000_000, any::<bool>(), 0i64..36 * 60 * MINUTE);
    let week = prop::collection::vec(spans(), 7);
    (zones, week, prop::option::of(spans()), times).prop_map(|(name, week, holiday, (time, near, before))| {
        let change = zone(name).and_then(|zone| {
            let time = jiff::Timestamp::from_millisecond(time).unwrap();
            Some(zone.following(time).next()?.timestamp().as_millisecond())
        });
        let now = change.filter(|_| near).unwrap_or(time) - before;
        let days = Day::ALL.iter().zip(week);
        let week = days.flat_map(|(day, spans)| spans.into_iter().map(|span| Block::new(*day, span))).collect();
        let date = (jiff::Timestamp::from_millisecond(now).unwrap().to_string()[..10]).to_owned();
        let holidays = holiday.into_iter().map(|blocks| Holiday { date: date.clone(), name: None, blocks }).collect();
        (Hours { time_zone: name.to_owned(), week, holidays }, now)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_next_change_is_the_first_minute_that_differs((hours, now) in shops()) {
        let open = hours.is_open(now);
        let last = now + 3 * 24 * 60 * MINUTE;
        let change = hours.changes_at(now);
        if let Some(at) = change {
            prop_assert!(at > now);
            prop_assert_ne!(hours.is_open(at), open);
            prop_assert_eq!(hours.is_open(at - 1), open);
        }
        // From full minute to full minute; clocks change on them.
        let mut minute = now - now.rem_euclid(MINUTE) + MINUTE;
        while minute < change.unwrap_or(last).min(last) {
            prop_assert_eq!(hours.is_open(minute), open, "minute {}", minute);
            minute += MINUTE;
        }
        prop_assert_eq!(hours.opens_at(now), change.filter(|_| !open));
    }

    #[test]
    fn written_spans_are_read_again(spans in spans()) {
        prop_assert_eq!(parse_spans(&spans_text(&spans)).unwrap(), spans);
    }

    #[test]
    fn any_text_and_any_time_are_answered(text in ".{0,30}", now in any::<i64>()) {
        let blocks = parse_spans(&text).unwrap_or_default();
        let all = Hours { time_zone: text.clone(), ..daily("UTC", "8-9") };
        prop_assert!(all.changes_at(now).is_none_or(|at| at > now));
        let odd = Hours { holidays: vec![Holiday { date: text, name: None, blocks }], ..all };
        let _ = (odd.check(), odd.is_open(now), odd.opens_at(now));
    }
}
