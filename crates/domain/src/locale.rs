//! Choosing among the languages whose texts are complete.

/// Languages with every text of the product, best first.
pub const COMPLETE: &[&str] = &["en", "zh-CN"];

/// Most languages of a list that are looked at.
const LOOKED_AT: usize = 30;

/// The best complete language for an `Accept-Language` header or a single tag, else `fallback` if that is
/// complete, else English. Any Chinese gives Simplified Chinese, any English English.
pub fn best(accept_language: &str, fallback: Option<&str>) -> &'static str {
    let mut chosen: Option<(&'static str, u32)> = None;
    for part in accept_language.split(',').take(LOOKED_AT) {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = weight(parameters);
        let heavier = chosen.is_none_or(|(_, before)| weight > before);
        if let Some(locale) = complete(tag).filter(|_| weight > 0 && heavier) {
            chosen = Some((locale, weight));
        }
    }
    chosen.map(|(locale, _)| locale).or_else(|| fallback.and_then(complete)).unwrap_or("en")
}

/// The complete language a tag stands for; `None` when there is none.
pub fn complete(tag: &str) -> Option<&'static str> {
    let language = tag.trim().split(['-', '_']).next()?;
    COMPLETE
        .iter()
        .find(|locale| locale.split('-').next().is_some_and(|known| known.eq_ignore_ascii_case(language)))
        .copied()
}

/// The `q` of an element in thousandths (RFC 9110, section 12.4.2): 1000 when absent, 0 when unreadable.
fn weight(parameters: &str) -> u32 {
    let Some(value) = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    }) else {
        return 1000;
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::best;
    use proptest::prelude::*;

    #[test]
    fn the_heaviest_complete_language_wins() {
        for (header, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
            ("de-DE,de;q=0.9,en;q=0.8,zh;q=0.7", "en"),
            ("en;q=0.2, zh-TW;q=0.5", "zh-CN"),
            ("ZH", "zh-CN"),
            ("zh;q=0, en;q=0.001", "en"),
            ("fr", "en"),
            ("", "en"),
            ("*", "en"),
            ("en;q=x,zh;q=0.1", "zh-CN"),
        ] {
            assert_eq!(best(header, None), expected, "{header}");
        }
    }

    #[test]
    fn the_fallback_stands_in_for_unknown_languages_only() {
        assert_eq!(best("fr", Some("zh-CN")), "zh-CN");
        assert_eq!(best("en", Some("zh-CN")), "en");
        assert_eq!(best("fr", Some("fr")), "en");
    }

    proptest! {
        #[test]
        fn any_header_gives_a_complete_language(header in "[a-z,;=.q0-9*é -]{0,300}") {
            prop_assert!(super::COMPLETE.contains(&best(&header, None)));
        }
    }
}
