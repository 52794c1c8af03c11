//! Short lists of words in one column of text, as JSON: languages, skills. Nothing is queried inside them.

/// A list of words. A text that cannot be read is an empty list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

impl Words {
    /// As it is stored.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_else(|_| "[]".to_owned())
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self(serde_json::from_str(&text).unwrap_or_default())
    }
}
