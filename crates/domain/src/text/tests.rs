use super::*;
use proptest::prelude::*;

#[test]
fn messages_are_trimmed_normalised_and_counted() {
    let parsed = MessageText::parse("  e\u{301}\r\nzwei\trest \n").unwrap();
    assert_eq!(parsed.as_str(), "é\nzwei\trest");
    assert_eq!(MessageText::parse(" \n\t "), Err(TextError::Empty));
    assert_eq!(MessageText::parse("\u{200b}\u{feff}\u{202e}"), Err(TextError::Empty));
    assert_eq!(MessageText::parse("a\0b"), Err(TextError::Format));
    assert_eq!(MessageText::parse("a\u{1b}[31m"), Err(TextError::Format));
    assert_eq!(MessageText::parse("a\u{85}b"), Err(TextError::Format));
}

#[test]
fn the_limit_counts_characters_after_normalisation() {
    let exact = "e\u{301}".repeat(limits::MESSAGE_CHARS);
    assert!(MessageText::parse(&exact).is_ok());
    let error = MessageText::parse(&(exact + "x")).unwrap_err();
    assert_eq!(error, TextError::TooLong { limit: 8_000 });
    assert_eq!(error.limit(), Some(8_000));
    assert!(Name::parse(&"名".repeat(limits::NAME_CHARS)).is_ok());
    assert!(Name::parse(&"名".repeat(limits::NAME_CHARS + 1)).is_err());
}

#[test]
fn names_are_one_line_and_cannot_turn_text() {
    assert_eq!(Name::parse(" Zoë \u{202e}evil ").unwrap().as_str(), "Zoë evil");
    assert_eq!(Name::parse("a\nb"), Err(TextError::Format));
    assert_eq!(Name::parse("a\u{2028}b"), Err(TextError::Format));
    assert_eq!(Name::parse("\u{2066}"), Err(TextError::Empty));
}

#[test]
fn previews_and_titles_are_cut_not_refused() {
    assert_eq!(Preview::parse(&"x".repeat(900)).unwrap().as_str().len(), limits::PREVIEW_CHARS);
    assert_eq!(Preview::parse("a\0b\nc").unwrap().as_str(), "a b\nc");
    assert_eq!(PageTitle::parse("a\nb\u{2028}c").unwrap().as_str(), "a b c");
}

#[test]
fn addresses() {
    for good in ["a@b.example", "first.last+tag@sub.example.com", "x'y@xn--bcher-kva.example"] {
        assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
    }
    assert_eq!(EmailAddress::parse(" A@B.Example ").unwrap().as_str(), "A@b.example");
    assert_eq!(EmailAddress::parse("a@b.example").unwrap().domain(), "b.example");
    for bad in [
        "a",
        "@b.example",
        "a@",
        "a@b",
        "a@@b.example",
        "a b@c.example",
        "a@b..example",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "a@-b.example",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "\"a b\"@c.example",
        "a@b.example\r\nBcc: x@y.example",
        "a\0@b.example",
        "é@b.example",
        "<a@b.example>",
        "a@b.example,c@d.example",
    ] {
        assert_eq!(EmailAddress::parse(bad), Err(TextError::Format), "{bad}");
    }
    let long = format!("a@{}.example", "b".repeat(250));
    assert_eq!(EmailAddress::parse(&long), Err(TextError::TooLong { limit: 254 }));
    assert_eq!(EmailAddress::parse(""), Err(TextError::Empty));
}

#[test]
fn origins_are_exact() {
    for (text, origin) in [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://localhost:8081", "http://localhost:8081"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("http://[::1]:8081", "http://[::1]:8081"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://my_shop.example", "https://my_shop.example"),
    ] {
        assert_eq!(Origin::parse(text).unwrap().as_str(), origin);
    }
    for bad in [
        "null",
        "*",
        "https://*",
        "https://*.shop.example",
        "shop.example",
        "//shop.example",
        "ftp://shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://a@shop.example",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:8x",
        "https://",
        "https://:80",
        "https://shop..example",
        "https://sh op.example",
        "https://127.1",
        "https://[::1",
        "https://::1",
        "https://shöp.example",
        "javascript://shop.example",
        "https://a.example https://b.example",
        "https://shop.example\n",
        "https://shop.example\u{0}",
        "https://shop.example;script-src *",
    ] {
        let parsed = Origin::parse(bad);
        // Outer white space is trimmed before anything else.
        assert!(parsed.is_err() || bad.trim() != bad, "{bad}: {parsed:?}");
    }
}

#[test]
fn page_addresses_lose_secrets_and_length_only() {
    let url = PageUrl::parse("HTTPS://name:pass@Shop.example/a?b=c@d#e").unwrap();
    assert_eq!(url.as_str(), "https://Shop.example/a?b=c@d#e");
    let long = format!("https://shop.example/{}", "x".repeat(2_000));
    assert_eq!(PageUrl::parse(&long).unwrap().as_str().len(), limits::URL_CHARS);
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "/path",
        "https://",
        "https:///x",
        "https://a.example/ b",
        "https://a@",
    ] {
        assert_eq!(PageUrl::parse(bad), Err(TextError::Format), "{bad}");
    }
}

#[test]
fn file_names_are_plain() {
    for (text, name) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\photo.png", "photo.png"),
        ("a\u{202e}gnp.exe", "agnp.exe"),
        ("..hidden..", "hidden"),
        ("a\0b\r\n.txt", "ab.txt"),
        ("a<b>:c.txt", "a_b__c.txt"),
        ("报告.pdf", "报告.pdf"),
    ] {
        assert_eq!(FileName::parse(text).unwrap().as_str(), name);
    }
    for empty in ["", "/", "...", "a/", "\u{202e}", "\u{200b}"] {
        assert_eq!(FileName::parse(empty), Err(TextError::Empty), "{empty}");
    }
    let long = FileName::parse(&format!("{}.jpeg", "名".repeat(500))).unwrap();
    assert!(long.as_str().ends_with(".jpeg"));
    assert_eq!(long.as_str().chars().count(), limits::FILE_NAME_CHARS);
}

#[test]
fn codes() {
    assert_eq!(Color::parse("#0A84fF").unwrap().as_str(), "#0a84ff");
    for bad in ["0a84ff", "#0a84f", "#0a84fg", "#0a84ff00", "red;", "#é4ff"] {
        assert_eq!(Color::parse(bad), Err(TextError::Format), "{bad}");
    }
    assert_eq!(Slug::parse(" My-Shop-2 ").unwrap().as_str(), "my-shop-2");
    for bad in ["-a", "a-", "a b", "a_b", "é"] {
        assert_eq!(Slug::parse(bad), Err(TextError::Format), "{bad}");
    }
    assert_eq!(Slug::parse(&"a".repeat(41)), Err(TextError::TooLong { limit: 40 }));
    for (text, tag) in [("EN", "en"), ("zh_cn", "zh-CN"), ("zh-hant-tw", "zh-Hant-TW"), ("de-1996", "de-1996")] {
        assert_eq!(Locale::parse(text).unwrap().as_str(), tag);
    }
    for bad in ["e", "1n", "en-", "en--us", "en us", "é"] {
        assert_eq!(Locale::parse(bad), Err(TextError::Format), "{bad}");
    }
}

#[test]
fn skills() {
    assert_eq!(Skill::parse(" Billing ").unwrap().as_str(), "billing");
    assert_eq!(Skill::parse("tea  ceremony").unwrap().as_str(), "tea  ceremony");
    assert_eq!(Skill::parse("售后").unwrap().as_str(), "售后");
    assert_eq!(Skill::parse(&"a".repeat(31)), Err(TextError::TooLong { limit: 30 }));
    assert_eq!(Skill::parse(" "), Err(TextError::Empty));
    for bad in ["a,b", "a;b", "a，b", "a、b", "a\nb", "a\0"] {
        assert_eq!(Skill::parse(bad), Err(TextError::Format), "{bad}");
    }
}

#[test]
fn a_blank_optional_text_is_none() {
    assert_eq!(optional(None, Name::parse), Ok(None));
    assert_eq!(optional(Some("  "), Name::parse), Ok(None));
    assert_eq!(optional(Some("a\0"), Name::parse), Err(TextError::Format));
    assert_eq!(optional(Some("a"), Name::parse).unwrap().unwrap().as_str(), "a");
}

/// Parsing what was parsed changes nothing: a stored value can be read back.
macro_rules! stable {
    ($($name:ident: $ty:ty, $pattern:expr;)*) => {
        proptest! {
            $(
                #[test]
                fn $name(text in $pattern) {
                    if let Ok(parsed) = <$ty>::parse(&text) {
                        prop_assert!(!parsed.as_str().is_empty());
                        prop_assert!(!parsed.as_str().contains('\0'));
                        let again = <$ty>::parse(parsed.as_str());
                        prop_assert_eq!(again, Ok(parsed));
                    }
                }
            )*
        }
    };
}

stable! {
    message_is_stable: MessageText, "\\PC{0,200}|(?s:.{0,50})";
    name_is_stable: Name, "\\PC{0,100}|(?s:.{0,50})";
    comment_is_stable: RatingComment, "(?s:.{0,50})";
    preview_is_stable: Preview, "(?s:.{0,600})";
    title_is_stable: PageTitle, "(?s:.{0,300})";
    email_is_stable: EmailAddress, "[a-z.@+é -]{0,20}@[a-z.-]{1,20}";
    url_is_stable: PageUrl, "https?://[a-z@:/?#.é]{0,40}";
    file_name_is_stable: FileName, "(?s:.{0,300})|[a./ \\\\]{0,260}";
    origin_is_stable: Origin, "https?://[a-z0-9.:\\[\\]-]{0,30}";
    skill_is_stable: Skill, "\\PC{0,40}|(?s:.{0,40})";
    slug_is_stable: Slug, "[a-zA-Z0-9-]{0,50}";
    locale_is_stable: Locale, "[a-zA-Z0-9_-]{0,40}";
    color_is_stable: Color, "#[0-9a-fA-F]{5,7}";
}
