//! File names.

use protocol::limits;
use unicode_normalization::UnicodeNormalization;

use super::{TextError, breaks_line, is_invisible, text_type, turns_direction};

/// Longest extension that is kept whole when a name is cut.
const EXTENSION_CHARS: usize = 12;

text_type! {
    /// The sender's name for a file: no path, no control or direction characters, nothing a file system
    /// reserves; cut to [`limits::FILE_NAME_CHARS`] characters with the extension kept.
    FileName
}

impl FileName {
    /// Cleans a name.
    ///
    /// # Errors
    /// Only [`TextError::Empty`], when nothing is left.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let clean: String = last
            .nfc()
            .filter(|c| !breaks_line(*c) && !turns_direction(*c))
            .map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c })
            .collect();
        let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
        if clean.chars().all(is_invisible) {
            return Err(TextError::Empty);
        }
        let name = shorten(clean);
        let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        Ok(Self(name.to_owned()))
    }
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= limits::FILE_NAME_CHARS {
        return name.to_owned();
    }
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .filter(|extension| extension.chars().count() <= EXTENSION_CHARS);
    let Some(extension) = extension else {
        return name.chars().take(limits::FILE_NAME_CHARS).collect();
    };
    let room = limits::FILE_NAME_CHARS - 1 - extension.chars().count();
    let stem: String = name.chars().take(room).collect();
    format!("{stem}.{extension}")
}
