//! Links, times, texts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use widget::clock::{day, day_label, moment, time};
use widget::links::{Piece, pieces};
use widget::texts::{Locale, count_chars, cut, fill, key, line};

fn links(text: &str) -> Vec<&str> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Link(link) => Some(link),
            Piece::Text(_) => None,
        })
        .collect()
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
fn times_and_days_are_the_readers() {
    let at = 1_709_210_096_000; // 2024-02-29T12:34:56Z
    assert_eq!(time(at, |_| 0), "12:34");
    assert_eq!(time(at, |_| -300), "07:34");
    assert_eq!(time(at, |_| 345), "18:19");
    assert_eq!(time(-60_000, |_| 0), "23:59");
    let today = day(at, |_| 0);
    assert_eq!(day(at, |_| 12 * 60), today + 1);
    assert_eq!(day_label(today, today, Locale::En), "Today");
    assert_eq!(day_label(today - 1, today, Locale::En), "Yesterday");
    assert_eq!(day_label(today, today + 2, Locale::En), "29 Feb 2024");
    assert_eq!(day_label(today, today + 2, Locale::ZhCn), "2024年2月29日");
    assert_eq!(day_label(today + 1, today + 3, Locale::En), "1 Mar 2024");
    assert_eq!(day_label(0, 9, Locale::En), "1 Jan 1970");
    assert_eq!(moment(at, at + 1, |_| 0, Locale::En), "12:34");
    assert_eq!(moment(at, at + 86_400_000, |_| 0, Locale::En), "Yesterday");
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
fn every_language_fills_the_same_words() {
    let words = |text: &str| {
        let mut words: Vec<String> =
            text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect();
        words.sort();
        words
    };
    for index in 0..key::COUNT {
        let key = key::at(index);
        assert_eq!(words(Locale::En.text(key)), words(Locale::ZhCn.text(key)), "{}", Locale::En.text(key));
        for locale in [Locale::En, Locale::ZhCn] {
            let text = locale.text(key);
            assert!(!text.is_empty() && !text.contains(['<', '>', '\'']), "{text}");
        }
    }
}

#[test]
fn small_text_helpers() {
    assert_eq!(fill("{a} of {n}", "n", "5"), "{a} of 5");
    assert_eq!(fill("{n} {n}", "n", "{n}"), "{n} {n}");
    assert_eq!(fill("open {", "n", "5"), "open {");
    assert_eq!(cut("a:b:c", b':'), Some(("a", "b:c")));
    assert_eq!(cut("abc", b':'), None);
    assert_eq!((line("a,b", b',', 1), line("a,b", b',', 2)), ("b", ""));
    assert_eq!(count_chars("a你好\u{1f600}"), 4);
}

proptest! {
    #[test]
    fn pieces_put_together_are_the_text(text in any::<String>(), link in "(https?://|mailto:)?[a-z./()?]{0,12}") {
        let text = text + &link;
        let whole: String = pieces(&text).into_iter().map(|piece| match piece {
            Piece::Text(text) | Piece::Link(text) => text,
        }).collect();
        prop_assert_eq!(whole, text);
    }
}
