//! Forms whose fields are not known beforehand: one for each member, setting or department.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a form sent, in its order.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The last value with this name; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// The last value with this name.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fields whose names begin so: the rest of the name, and the value.
    pub(super) fn beginning(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// A struct of texts with the values of its names; the default for what is not there.
    pub(super) fn read<T: DeserializeOwned + Default>(&self) -> T {
        let texts = self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        serde_json::from_value(Value::Object(texts.collect::<Map<_, _>>())).unwrap_or_default()
    }
}

impl From<Vec<(String, String)>> for Pairs {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Person {
        name: String,
        role: String,
    }

    #[test]
    fn fields_are_found_by_name_and_beginning() {
        let sent = [("name", "Ann"), ("member-1", "0"), ("tag", "a"), ("tag", "b"), ("member-2", "")];
        let pairs = Pairs(sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!((pairs.get("name"), pairs.get("role"), pairs.find("role")), ("Ann", "", None));
        assert_eq!(pairs.all("tag").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(pairs.beginning("member-").collect::<Vec<_>>(), [("1", "0"), ("2", "")]);
        assert_eq!(pairs.read::<Person>(), Person { name: "Ann".to_owned(), role: String::new() });
    }
}
