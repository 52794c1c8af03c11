use std::collections::BTreeSet;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::*;

fn words(text: &str) -> Vec<String> {
    let mut all = BTreeSet::new();
    terms(text, &mut all);
    all.into_iter().map(|term| String::from_utf8(term).expect("terms of texts are texts")).collect()
}

/// Whether a document of these texts is found: by its terms, and by its texts where those do not say enough.
fn finds(query: &str, texts: &[&str]) -> bool {
    let Some(query) = Query::parse(query) else { return false };
    let mut all = BTreeSet::new();
    texts.iter().for_each(|text| terms(text, &mut all));
    let has = |term: &Term| match term {
        Term::Exact(term) => all.contains(term),
        Term::Prefix(start) => all.iter().any(|term| term.starts_with(start)),
    };
    let found: Vec<Found> = texts.iter().map(|text| query.find(text)).collect();
    query.terms().all(has) && query.is_answered_by(&found)
}

#[test]
fn words_are_folded() {
    assert_eq!(words("Hello, WORLD! hello"), ["hello", "world"]);
    assert_eq!(words("Crème Brûlée Straße ΣΊΣΥΦΟΣ Ёлка"), ["brulee", "creme", "strasse", "σισυφοσ", "елка"]);
    assert_eq!(words("İstanbul ısı Łódź smørrebrød"), ["isi", "istanbul", "lodz", "smorrebrod"]);
    assert_eq!(words("ＡＢＣ１２３ ﬁne"), ["abc123", "fine"]);
    assert_eq!(words("A-1234 ann@shop.example"), ["1234", "a", "ann", "example", "shop"]);
    assert_eq!(words("so\u{ad}ft zero\u{200b}width"), ["soft", "width", "zero"]);
    assert_eq!(words(" \u{0}\u{1} ,.;:!?-- 🙂"), Vec::<String>::new());
}

#[test]
fn scripts_without_spaces_are_indexed_in_pairs() {
    assert_eq!(words("退款单"), ["单", "款单", "退款"]);
    assert_eq!(words("退，款"), ["款", "退"]);
    assert_eq!(words("iPhone手机"), ["iphone", "手机", "机"]);
    assert_eq!(words("한국어"), ["국어", "어", "한국"]);
    assert_eq!(words("ガラス"), ["ガラ", "ス", "ラス"]);
    assert_eq!(words("ﾗｽﾞ"), ["ズ", "ラズ"]);
}

#[test]
fn every_word_must_be_there_and_the_last_may_go_on() {
    let texts = ["The kettle arrived broken", "Order A-1234, please refund"];
    for query in
        ["kettle", "KETTLE refund", "broken ref", "a-1234", "A-12", "1234", "refund \"arrived broken\"", "a 1234"]
    {
        assert!(finds(query, &texts), "{query}");
    }
    for query in [
        "kett refund",
        "broken arrived-kettle",
        "\"broken arrived\"",
        "\"kett\"",
        "b-1234",
        "1234-a",
        "kettles",
        "refund missing",
    ] {
        assert!(!finds(query, &texts), "{query}");
    }
    assert!(!finds("\"broken order\"", &texts), "a phrase stands in one text");
    assert!(finds("vera@example.com", &["Vera", "vera@example.com"]));
    assert!(!finds("vera@example.com", &["vera@elsewhere.com", "example"]));
}

#[test]
fn chinese_japanese_and_korean_are_found() {
    let texts = ["我想要退款，订单号是 A-1234", "这款茶叶还有货吗"];
    for query in ["退款", "退", "茶叶", "订单号", "退款 茶叶", "订单号是A-1234", "\"有货吗\"", "货", "號碼 退款"]
    {
        assert_eq!(finds(query, &texts), query != "號碼 退款", "{query}");
    }
    for query in ["款退", "想退款", "茶叶订单", "退款订单", "\"退款茶叶\""] {
        assert!(!finds(query, &texts), "{query}");
    }
    assert!(finds("환불", &["주문을 환불해 주세요"]) && finds("キャンセル", &["注文をｷｬﾝｾﾙしたい"]));
}

#[test]
fn nothing_to_look_for_is_not_an_error() {
    for query in ["", "  ", "a", "!", "\"\"", "\"", "%", "🙂", "5", "\u{0}"] {
        assert_eq!(Query::parse(query), None, "{query}");
    }
    for query in ["ab", "退", "a b", "\"a b", "plan \"b\"", "NEAR(x OR y) AND NOT *:^", "x'; drop table entry; --"] {
        assert!(Query::parse(query).is_some(), "{query}");
    }
    let many: String = (0..500).map(|number| format!("w{number} ")).collect();
    let query = Query::parse(&many).expect("words");
    assert_eq!(query.terms().count(), MAX_TERMS);
    let long = Query::parse(&"退款".repeat(50_000)).expect("words");
    assert!(long.terms().count() <= MAX_TERMS);
}

#[test]
fn what_is_shown_is_around_the_first_place() {
    let shown = |query: &str, text: &str| {
        let query = Query::parse(query).expect("words");
        let pieces = snippet(text, &query.find(text).places);
        pieces.iter().map(|it| if it.marked { format!("[{}]", it.text) } else { it.text.clone() }).collect::<String>()
    };
    assert_eq!(shown("brulee creme", "Une  crème\n\nbrûlée!"), "Une [crème] [brûlée]!");
    assert_eq!(shown("a-1234", "<b>A-1234</b>"), "<b>[A-1234]</b>");
    assert_eq!(shown("退款单", "请看退款单"), "请看[退款单]");
    let text = format!("{} needle {}", "before ".repeat(50), "after ".repeat(100));
    let line = shown("needle", &text);
    assert!(line.starts_with("… before") && line.contains("[needle]") && line.ends_with('…'), "{line}");
    assert!(line.chars().count() < 200, "{line}");
    assert_eq!(snippet("plain", &[]), [Piece { text: "plain".to_owned(), marked: false }]);
}

#[test]
fn sets_keep_what_is_put_in() {
    let all = Docs::before(BLOCK);
    assert_eq!(all.len(), BLOCK);
    assert_eq!(all.encode().len(), BLOCK / 8);
    assert!(Docs::before(0).is_empty());
    assert_eq!(Docs::before(65).iter().next_back(), Some(64));
    assert!(Docs::decode(&[]).is_empty());
    assert!(Docs::decode(&[0xff, 0xff, 7]).is_empty(), "no such place");
}

proptest! {
    #[test]
    fn whatever_a_text_says_it_is_found_by_its_own_words(text in "\\PC{0,40}", more in "\\PC{0,40}") {
        if Query::parse(&text).is_some() {
            let texts = [more.as_str(), text.as_str()];
            let quoted = format!("\"{}\"", text.replace(['"', '“', '”', '„', '«', '»', '「', '」', '『', '』', '＂'], " "));
            prop_assert!(finds(&text, &texts));
            prop_assert!(finds(&quoted, &texts) || Query::parse(&quoted).is_none());
        }
    }

    #[test]
    fn any_text_makes_bounded_terms_and_places_inside_it(text in any::<String>(), query in any::<String>()) {
        for term in words(&text) {
            prop_assert!(!term.is_empty() && term.len() <= MAX_TERM_BYTES);
        }
        if let Some(query) = Query::parse(&query) {
            prop_assert!(query.terms().count() <= MAX_TERMS);
            let found = query.find(&text);
            let mut at = 0;
            for place in &found.places {
                prop_assert!(at <= place.start && place.start < place.end && place.end <= text.len());
                prop_assert!(text.is_char_boundary(place.start) && text.is_char_boundary(place.end));
                at = place.end;
            }
            snippet(&text, &found.places);
        }
    }

    #[test]
    fn forms_of_the_same_letters_are_the_same_words(text in "[a-zA-Zà-ÿÀ-Ýα-ωа-яё가-힣が-ご 0-9-]{0,30}") {
        let forms = [text.nfc().collect::<String>(), text.nfd().collect(), text.nfkd().collect(), text.to_uppercase()];
        for form in forms {
            prop_assert_eq!(words(&form), words(&text));
        }
    }

    #[test]
    fn sets_are_stored_whole(places in prop::collection::btree_set(0..BLOCK, 0..1500), other in prop::collection::btree_set(0..BLOCK, 0..1500)) {
        let set = |places: &BTreeSet<usize>| places.iter().fold(Docs::default(), |mut docs, place| { docs.insert(*place); docs });
        let (mut docs, other_docs) = (set(&places), set(&other));
        prop_assert!(docs.encode().len() <= BLOCK / 8);
        prop_assert_eq!(&Docs::decode(&docs.encode()), &docs);
        prop_assert_eq!(docs.iter().collect::<BTreeSet<_>>(), places.clone());
        let mut either = docs.clone();
        either.add(&other_docs);
        prop_assert_eq!(either.len(), places.union(&other).count());
        docs.keep(&other_docs);
        prop_assert_eq!(docs.iter().collect::<BTreeSet<_>>(), places.intersection(&other).copied().collect::<BTreeSet<_>>());
        for place in &places {
            prop_assert_eq!(docs.remove(*place), other.contains(place));
        }
        prop_assert!(docs.is_empty());
    }

    #[test]
    fn any_bytes_are_some_set(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        let docs = Docs::decode(&bytes);
        prop_assert_eq!(Docs::decode(&docs.encode()), docs);
    }
}
