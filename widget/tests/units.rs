//! Links, times, texts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod rig;

use proptest::prelude::*;
use widget::clock::{day, day_label, moment, time};
use widget::links::pieces;
use widget::texts::{Locale, count_chars, cut, fill, key, number_of};

fn links(text: &str) -> Vec<&str> {
    let mut links = Vec::new();
    pieces(text, &mut |piece, is_link| links.extend(is_link.then_some(piece)));
    links
}

#[test]
fn links_end_where_a_reader_would_end_them() {
    for (text, found) in [
        ("see https://a.example/b?c=d#e.", "https://a.example/b?c=d#e"),
        ("(http://a.example)", "http://a.example"),
        ("https://a.example/x_(y)", "https://a.example/x_(y)"),
        ("HTTPS://A.example, ok", "HTTPS://A.example"),
        ("写信给mailto:a@b.example。", "mailto:a@b.example"),
        ("https://a.example/路径，谢谢", "https://a.example/路径"),
        ("<https://a.example>", "https://a.example"),
        ("\"https://a.example\"", "https://a.example"),
    ] {
        assert_eq!(links(text), [found], "{text}");
    }
}

#[test]
fn nothing_else_is_a_link() {
    for text in [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a.example",
        "https://",
        "mailto:",
        "xhttps://a.example",
        "www.a.example",
        "https://\u{202e}moc.elpmaxe",
        "",
    ] {
        assert!(links(text).is_empty(), "{text}");
    }
}

#[test]
fn texts_that_are_counted_stand_in_their_order() {
    let months = [key::JAN, key::FEB, key::MAR, key::APR, key::MAY, key::JUN];
    let more = [key::JUL, key::AUG, key::SEP, key::OCT, key::NOV, key::DEC];
    let rates = [key::RATE_1, key::RATE_2, key::RATE_3, key::RATE_4, key::RATE_5];
    let counted = [
        [months, more].concat(),
        rates.to_vec(),
        vec![key::ONLINE, key::ONLINE_HINT],
        vec![key::QUEUE, key::QUEUE_HINT],
        vec![key::OFFLINE, key::OFFLINE_HINT],
        vec![key::UNAVAILABLE, key::UNAVAILABLE_HINT],
    ];
    for all in counted {
        let first = all[0];
        for (places, text) in (0..).zip(all) {
            assert_eq!(first.behind(places), text);
        }
    }
}

#[test]
fn times_and_days_are_the_readers() {
    let at = 1_709_210_096_000; // 2024-02-29T12:34:56Z
    assert_eq!(time(at, |_| 0), "12:34");
    assert_eq!(time(at, |_| -300), "07:34");
    assert_eq!(time(at, |_| 345), "18:19");
    assert_eq!(time(-60_000, |_| 0), "23:59");
    let today = day(at, |_| 0);
    assert_eq!(day(at, |_| 12 * 60), today + 1);
    let label = |day, today, locale| rig::fill(&day_label(day, today), locale);
    assert_eq!(label(today, today, Locale::En), "Today");
    assert_eq!(label(today - 1, today, Locale::En), "Yesterday");
    assert_eq!(label(today, today + 2, Locale::En), "29 Feb 2024");
    assert_eq!(label(today, today + 2, Locale::ZhCn), "2024年2月29日");
    assert_eq!(label(today + 1, today + 3, Locale::En), "1 Mar 2024");
    assert_eq!(label(0, 9, Locale::En), "1 Jan 1970");
    let moment = |now| rig::fill(&moment(at, now, |_| 0), Locale::En);
    assert_eq!(moment(at + 1), "12:34");
    assert_eq!(moment(at + 86_400_000), "Yesterday");
}

#[test]
fn languages_are_found_by_their_tag() {
    for (tag, locale) in [
        ("en", Some(Locale::En)),
        ("en-GB", Some(Locale::En)),
        ("ZH", Some(Locale::ZhCn)),
        ("zh-Hans-CN", Some(Locale::ZhCn)),
        ("zhx", None),
        ("de", None),
        ("", None),
        ("e", None),
    ] {
        assert_eq!(Locale::of_tag(tag), locale, "{tag}");
    }
}

#[test]
fn a_text_fills_in_what_belongs_there_in_every_language() {
    let late = fill(key::FILE_LARGE, &["a.pdf", "20"]);
    assert_eq!(rig::fill(&late, Locale::En), "a.pdf is too large. Files may have up to 20 MB.");
    for locale in [Locale::En, Locale::ZhCn] {
        assert!(rig::texts(locale).iter().all(|text| !text.is_empty()));
        let large = rig::fill(&late, locale);
        assert!(large.contains("a.pdf") && large.contains("20"), "{large}");
    }
    // What comes from outside stands for nothing but itself.
    let name = rig::fill(&fill(key::JOINED, &["<b>\u{4}\u{100}\u{5}'"]), Locale::En);
    assert_eq!(name, "\u{1}b\u{2}\u{100}\u{3} joined the conversation");
}

#[test]
fn small_text_helpers() {
    assert_eq!(cut("a:b:c", b':'), Some(("a", "b:c")));
    assert_eq!(cut("abc", b':'), None);
    assert_eq!(count_chars("a你好\u{1f600}"), 4);
    assert_eq!((number_of("402"), number_of(""), number_of("x"), number_of("7x")), (402, 0, 0, 7));
}

proptest! {
    #[test]
    fn pieces_put_together_are_the_text(text in any::<String>(), link in "(https?://|mailto:)?[a-z./()?]{0,12}") {
        let text = text + &link;
        let mut whole = String::new();
        pieces(&text, &mut |piece, _| whole.push_str(piece));
        prop_assert_eq!(whole, text);
    }
}
