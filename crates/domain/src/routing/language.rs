//! Whether somebody who writes one language understands another.

/// Whether an agent who writes `spoken` can help a visitor whose language is `wanted`, both BCP 47 in any case: the
/// same language, whatever the country, unless both are known to be written in different scripts (`zh-CN` and
/// `zh-Hant`, `sr-Latn` and `sr-Cyrl`).
pub fn understands(spoken: &str, wanted: &str) -> bool {
    Tag::read(spoken).understands(&Tag::read(wanted))
}

/// What counts of a language tag.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    language: &'a str,
    script: Option<&'a str>,
}

impl<'a> Tag<'a> {
    pub(super) fn understands(&self, wanted: &Tag) -> bool {
        let is_same_script = match (self.script, wanted.script) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => true,
        };
        !wanted.language.is_empty() && self.language.eq_ignore_ascii_case(wanted.language) && is_same_script
    }

    pub(super) fn read(tag: &'a str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default();
        let (mut script, mut region) = (None, None);
        for part in parts {
            let is_alphabetic = part.bytes().all(|byte| byte.is_ascii_alphabetic());
            match part.len() {
                // What follows is an extension.
                1 => break,
                4 if is_alphabetic => script = script.or(Some(part)),
                2 if is_alphabetic => region = region.or(Some(part)),
                _ => {}
            }
        }
        // Chinese is known by where it is written.
        let region = region.filter(|_| language.eq_ignore_ascii_case("zh"));
        Self { language, script: script.or_else(|| region.map(script_of_chinese)) }
    }
}

fn script_of_chinese(region: &str) -> &'static str {
    let traditional = ["TW", "HK", "MO"].iter().any(|it| it.eq_ignore_ascii_case(region));
    if traditional { "Hant" } else { "Hans" }
}

#[cfg(test)]
mod tests {
    use super::understands;

    #[test]
    fn the_country_does_not_matter_but_the_script_does() {
        for (spoken, wanted) in [
            ("de", "de-AT"),
            ("en-GB", "EN-us"),
            ("zh", "zh-TW"),
            ("zh-Hans", "zh-CN"),
            ("zh_TW", "zh-Hant-HK"),
            ("sr", "sr-Latn"),
        ] {
            assert!(understands(spoken, wanted) && understands(wanted, spoken), "{spoken} {wanted}");
        }
        for (spoken, wanted) in
            [("de", "en"), ("zh-CN", "zh-TW"), ("sr-Latn-RS", "sr-Cyrl"), ("", "de"), ("de", ""), ("", ""), ("d", "de")]
        {
            assert!(!understands(spoken, wanted) && !understands(wanted, spoken), "{spoken} {wanted}");
        }
        assert!(understands("zh-u-sd-twabcd", "zh-CN"));
    }
}
