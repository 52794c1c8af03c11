//! Times in the reader's zone and language.

use std::cell::RefCell;

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::text::{Locale, Texts};

#[wasm_bindgen]
extern "C" {
    /// `Intl.DateTimeFormat`.
    type DateTimeFormat;
    #[wasm_bindgen(constructor, js_namespace = Intl)]
    fn new(locale: &str, options: &JsValue) -> DateTimeFormat;
    #[wasm_bindgen(method)]
    fn format(this: &DateTimeFormat, date: &Date) -> String;
}

/// One way to write a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Time,
    Day,
    Short,
    Full,
}

thread_local! {
    // Making one costs more than drawing the page; there are at most eight.
    static FORMATS: RefCell<Vec<(Style, Locale, DateTimeFormat)>> = const { RefCell::new(Vec::new()) };
}

fn options(style: Style) -> JsValue {
    let pairs: &[(&str, &str)] = match style {
        Style::Time => &[("hour", "2-digit"), ("minute", "2-digit")],
        Style::Day => &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
        Style::Short => &[("day", "numeric"), ("month", "short")],
        Style::Full => &[("dateStyle", "medium"), ("timeStyle", "short")],
    };
    let object = Object::new();
    for (key, value) in pairs {
        // A plain object takes every property.
        let _ = Reflect::set(&object, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    object.unchecked_into()
}

fn format(texts: &Texts, style: Style, at: i64) -> String {
    let date = date(at);
    let locale = texts.locale();
    FORMATS.with_borrow_mut(|formats| {
        let known = formats.iter().position(|(known, known_locale, _)| *known == style && *known_locale == locale);
        let index = known.unwrap_or_else(|| {
            formats.push((style, locale, DateTimeFormat::new(&tag(locale), &options(style))));
            formats.len() - 1
        });
        formats.get(index).map_or_else(String::new, |(_, _, format)| format.format(&date))
    })
}

/// The browser's own tag where it means the same language: it knows the reader's country, and with it whether
/// an hour is written `14` or `2 PM`.
fn tag(locale: Locale) -> String {
    let browser = web_sys::window().and_then(|window| window.navigator().language());
    browser
        .filter(|tag| tag.split('-').next() == locale.tag().split('-').next())
        .unwrap_or_else(|| locale.tag().to_owned())
}

fn date(at: i64) -> Date {
    // Unix milliseconds stay below 2^53 for the next 285,000 years.
    Date::new(&JsValue::from_f64(at as f64))
}

/// The calendar day of a time: days since 1970 in the reader's zone.
pub(super) fn day(at: i64) -> i64 {
    let offset = date(at).get_timezone_offset() as i64 * 60_000;
    (at - offset).div_euclid(86_400_000)
}

/// `14:05`
pub(super) fn time(texts: &Texts, at: i64) -> String {
    format(texts, Style::Time, at)
}

/// `Jul 3, 2025, 14:05`
pub(super) fn full(texts: &Texts, at: i64) -> String {
    format(texts, Style::Full, at)
}

/// The day for a separator: today, yesterday, or the date.
pub(super) fn day_name(texts: &Texts, at: i64, now: i64) -> String {
    match day(now) - day(at) {
        0 => texts.get("day.today").to_owned(),
        1 => texts.get("day.yesterday").to_owned(),
        _ => format(texts, Style::Day, at),
    }
}

/// The shortest that tells: the time today, else the date.
pub(super) fn short(texts: &Texts, at: i64, now: i64) -> String {
    match day(now) - day(at) {
        0 => time(texts, at),
        1 => texts.get("day.yesterday").to_owned(),
        _ => format(texts, Style::Short, at),
    }
}
