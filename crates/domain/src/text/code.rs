//! Short codes and words.

use super::{TextError, breaks_line, normalised, text_type, turns_direction};

/// Longest slug.
const SLUG_CHARS: usize = 40;
/// Longest language tag (RFC 5646, section 4.4.1).
const LOCALE_CHARS: usize = 35;
/// Longest name of a skill.
const SKILL_CHARS: usize = 30;

text_type! {
    /// A short name for addresses: 1 to 40 of `a-z`, `0-9` and inner hyphens.
    Slug
}
text_type! {
    /// A colour, `#rrggbb` in lower case.
    Color
}
text_type! {
    /// What an agent can do, such as `billing`: 1 to 30 characters in small letters on one line, without the
    /// commas and semicolons that stand between several.
    Skill
}
text_type! {
    /// A language (BCP 47) in its usual case, such as `en` or `zh-CN`; at most 35 characters.
    Locale
}

impl Slug {
    /// Parses a slug; capital letters become small.
    ///
    /// # Errors
    /// Empty, too long, or with another character or an outer hyphen.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits || text.starts_with('-') || text.ends_with('-') {
            return Err(TextError::Format);
        }
        if text.len() > SLUG_CHARS {
            return Err(TextError::too_long(SLUG_CHARS));
        }
        Ok(Self(text))
    }
}

impl Color {
    /// Parses `#rrggbb`.
    ///
    /// # Errors
    /// Empty, or anything else.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let digits = text.strip_prefix('#').ok_or(TextError::Format)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(TextError::Format);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl Locale {
    /// Parses a language tag; `_` counts as `-`.
    ///
    /// # Errors
    /// Empty, too long, or not made of subtags of letters and digits after a language of letters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > LOCALE_CHARS {
            return Err(TextError::too_long(LOCALE_CHARS));
        }
        let mut tag = String::with_capacity(text.len());
        for (index, part) in text.split(['-', '_']).enumerate() {
            let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
            let fits = (1..=8).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric())
                && (index > 0 || (letters && part.len() > 1));
            if !fits {
                return Err(TextError::Format);
            }
            if index > 0 {
                tag.push('-');
            }
            tag.push_str(&usual_case(index, part, letters));
        }
        Ok(Self(tag))
    }
}

impl Skill {
    /// Parses the name of a skill; capital letters become small, so that it is the same however it is typed.
    ///
    /// # Errors
    /// Empty, too long, or with a comma, semicolon, control character or line break.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let plain: String = text.chars().filter(|c| !turns_direction(*c)).collect();
        // Some letters become two when they become small, and what was composed may compose anew.
        let skill = normalised(&plain.to_lowercase(), SKILL_CHARS)?;
        let separates = |c: char| matches!(c, ',' | ';' | '\u{ff0c}' | '\u{ff1b}' | '\u{3001}');
        if skill.chars().any(|c| breaks_line(c) || separates(c)) {
            return Err(TextError::Format);
        }
        Ok(Self(skill))
    }
}

/// Language small, script capitalised, region in capitals, the rest small (RFC 5646, section 2.1.1).
fn usual_case(index: usize, part: &str, letters: bool) -> String {
    let lower = part.to_ascii_lowercase();
    match part.len() {
        2 if index > 0 && letters => part.to_ascii_uppercase(),
        4 if index > 0 && letters => {
            let (first, rest) = lower.split_at(1);
            first.to_ascii_uppercase() + rest
        }
        _ => lower,
    }
}
