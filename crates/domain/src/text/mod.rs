//! Texts that come from outside. Each type has one `parse`; a value that exists is normalised (NFC), trimmed,
//! within its limit and free of control characters. Characters are counted after normalisation.

/// Colours, slugs, languages and skills.
mod code;
/// E-mail addresses.
mod email;
/// File names.
mod file_name;
/// Origins and page addresses.
mod web;

pub use code::{Color, Locale, Skill, Slug};
pub use email::EmailAddress;
pub use file_name::FileName;
pub use web::{Origin, PageUrl};

use protocol::limits;
use unicode_normalization::UnicodeNormalization;

/// Which rule a text breaks. The caller knows, and adds, the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing in it to see.
    #[error("must not be empty")]
    Empty,
    /// It is too long.
    #[error("must be at most {limit} long")]
    TooLong {
        /// The limit, in the unit the type documents.
        limit: u64,
    },
    /// It holds a character or has a form that is not allowed.
    #[error("has the wrong format")]
    Format,
}

impl TextError {
    /// The limit that was broken, for [`protocol::event::Refused::limit`].
    pub const fn limit(self) -> Option<u64> {
        match self {
            Self::TooLong { limit } => Some(limit),
            Self::Empty | Self::Format => None,
        }
    }

    const fn too_long(limit: usize) -> Self {
        Self::TooLong { limit: limit as u64 }
    }
}

/// Parses a text that may be left out: absent and blank both give `None`.
///
/// # Errors
/// Whatever `parse` refuses, except [`TextError::Empty`].
pub fn optional<T>(
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, TextError>,
) -> Result<Option<T>, TextError> {
    match text.map(parse) {
        None | Some(Err(TextError::Empty)) => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(error)) => Err(error),
    }
}

/// Defines the newtype; `parse` is written by hand beside it.
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::TextError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}
use text_type;

text_type! {
    /// A message, note or offline message: 1 to [`limits::MESSAGE_CHARS`] characters; newlines and tabs allowed.
    MessageText
}
text_type! {
    /// A name of a person, site, tenant or department: one line of 1 to [`limits::NAME_CHARS`] characters.
    Name
}
text_type! {
    /// What a visitor adds to a rating: 1 to [`limits::RATING_COMMENT_CHARS`] characters.
    RatingComment
}
text_type! {
    /// What a visitor is typing, cut to [`limits::PREVIEW_CHARS`] characters.
    Preview
}
text_type! {
    /// The title of a page, one line, cut to [`limits::TITLE_CHARS`] characters.
    PageTitle
}

impl MessageText {
    /// Parses a message. Line ends become `\n`.
    ///
    /// # Errors
    /// Empty, longer than [`limits::MESSAGE_CHARS`], or with a control character.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        lines(text, limits::MESSAGE_CHARS).map(Self)
    }
}

impl RatingComment {
    /// Parses a comment. Line ends become `\n`.
    ///
    /// # Errors
    /// Empty, longer than [`limits::RATING_COMMENT_CHARS`], or with a control character.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        lines(text, limits::RATING_COMMENT_CHARS).map(Self)
    }
}

impl Name {
    /// Parses a name. Characters that turn the direction of text are dropped: they would let a name reorder
    /// the line it is shown in.
    ///
    /// # Errors
    /// Empty, longer than [`limits::NAME_CHARS`], or with a control character or line break.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let plain: String = text.chars().filter(|c| !turns_direction(*c)).collect();
        let name = normalised(&plain, limits::NAME_CHARS)?;
        if name.chars().any(breaks_line) {
            return Err(TextError::Format);
        }
        Ok(Self(name))
    }
}

impl Preview {
    /// Takes the start of what is typed; control characters become spaces.
    ///
    /// # Errors
    /// Only [`TextError::Empty`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let visible = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
        cut(text, limits::PREVIEW_CHARS, visible).map(Self)
    }
}

impl PageTitle {
    /// Takes the start of a title; control characters and line breaks become spaces.
    ///
    /// # Errors
    /// Only [`TextError::Empty`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let visible = |c: char| {
            if breaks_line(c) || turns_direction(c) { ' ' } else { c }
        };
        cut(text, limits::TITLE_CHARS, visible).map(Self)
    }
}

fn lines(text: &str, limit: usize) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = normalised(&text, limit)?;
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(TextError::Format);
    }
    Ok(text)
}

/// Trims and normalises. Stops one character above the limit, so that a long text costs no more than a
/// short one.
fn normalised(text: &str, limit: usize) -> Result<String, TextError> {
    let mut count = 0;
    let text: String = text.trim().nfc().take(limit + 1).inspect(|_| count += 1).collect();
    if text.chars().all(is_invisible) {
        return Err(TextError::Empty);
    }
    if count > limit {
        return Err(TextError::too_long(limit));
    }
    Ok(text)
}

fn cut(text: &str, limit: usize, visible: impl Fn(char) -> char) -> Result<String, TextError> {
    let text: String = text.trim().nfc().take(limit).map(visible).collect();
    let text = text.trim();
    if text.chars().all(is_invisible) {
        return Err(TextError::Empty);
    }
    Ok(text.to_owned())
}

/// A control character or one that ends a line.
fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A character that leaves no trace on the screen.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || turns_direction(c)
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests;
