//! What a column holds, and how it is written in a line of a file.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::tables::{Column, Kind, Table};

/// What a column holds; nothing, when it is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An id.
    Id(Option<Uuid>),
    /// A text.
    Text(Option<String>),
    /// A number or a time.
    Number(Option<i64>),
    /// A hash or salt.
    Bytes(Option<Vec<u8>>),
    /// Yes or no.
    Flag(Option<bool>),
}

/// A row, its values in the order of [`Table::columns`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Value {
    /// As JSON: ids with hyphens, bytes in lower-case hexadecimal.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Id(id) => id.map_or(Json::Null, |id| id.hyphenated().to_string().into()),
            Self::Text(text) => text.clone().map_or(Json::Null, Json::from),
            Self::Number(number) => number.map_or(Json::Null, Json::from),
            Self::Bytes(bytes) => bytes.as_ref().map_or(Json::Null, |bytes| hex(bytes).into()),
            Self::Flag(flag) => flag.map_or(Json::Null, Json::from),
        }
    }

    /// What `json` says for a column.
    ///
    /// # Errors
    /// When it is not of the column's kind.
    pub fn from_json(column: &Column, json: &Json) -> Result<Self, &'static str> {
        let text = || json.as_str().ok_or("a text");
        let value = match (column.kind, json) {
            (kind, Json::Null) if column.null => return Ok(Self::none(kind)),
            (_, Json::Null) => return Err("something"),
            (Kind::Id, _) => Self::Id(Some(Uuid::try_parse(text()?).map_err(|_| "an id")?)),
            (Kind::Text, _) => {
                let text = text()?;
                if text.contains('\0') {
                    return Err("a text without the character 0");
                }
                Self::Text(Some(text.to_owned()))
            }
            (Kind::Number, _) => Self::Number(Some(json.as_i64().ok_or("a whole number")?)),
            (Kind::Bytes, _) => Self::Bytes(Some(unhex(text()?).ok_or("bytes in hexadecimal")?)),
            (Kind::Flag, _) => Self::Flag(Some(json.as_bool().ok_or("true or false")?)),
        };
        Ok(value)
    }

    /// Nothing, for a column of this kind.
    pub fn none(kind: Kind) -> Self {
        match kind {
            Kind::Id => Self::Id(None),
            Kind::Text => Self::Text(None),
            Kind::Number => Self::Number(None),
            Kind::Bytes => Self::Bytes(None),
            Kind::Flag => Self::Flag(None),
        }
    }
}

impl Row {
    /// The value of a column.
    pub fn get(&self, table: &Table, name: &str) -> Option<&Value> {
        let at = table.columns.iter().position(|column| column.name == name)?;
        self.0.get(at)
    }

    /// The id in a column, if one is there.
    pub fn id(&self, table: &Table, name: &str) -> Option<Uuid> {
        match self.get(table, name) {
            Some(Value::Id(id)) => *id,
            _ => None,
        }
    }

    /// The text in a column, if one is there.
    pub fn text(&self, table: &Table, name: &str) -> Option<&str> {
        match self.get(table, name) {
            Some(Value::Text(text)) => text.as_deref(),
            _ => None,
        }
    }

    /// The number in a column, if one is there.
    pub fn number(&self, table: &Table, name: &str) -> Option<i64> {
        match self.get(table, name) {
            Some(Value::Number(number)) => *number,
            _ => None,
        }
    }

    /// The bytes in a column, if some are there.
    pub fn bytes(&self, table: &Table, name: &str) -> Option<&[u8]> {
        match self.get(table, name) {
            Some(Value::Bytes(bytes)) => bytes.as_deref(),
            _ => None,
        }
    }

    /// Changes the value of a column.
    pub fn set(&mut self, table: &Table, name: &str, value: Value) {
        let at = table.columns.iter().position(|column| column.name == name);
        if let Some(place) = at.and_then(|at| self.0.get_mut(at)) {
            *place = value;
        }
    }

    /// Its key, in the order of [`Table::key`].
    pub fn key(&self, table: &Table) -> Vec<Value> {
        table.key.iter().filter_map(|name| self.get(table, name).cloned()).collect()
    }

    /// As an object with the columns that `shown` lets through.
    pub fn to_json(&self, table: &Table, shown: impl Fn(&Column) -> bool) -> Json {
        let columns = table.columns.iter().zip(&self.0).filter(|(column, _)| shown(column));
        Json::Object(columns.map(|(column, value)| (column.name.to_owned(), value.to_json())).collect())
    }

    /// Reads [`Row::to_json`]. A column that is missing, or stays with the installation, holds nothing.
    ///
    /// # Errors
    /// A phrase: an unknown column, one of another kind, or one that must hold something and does not.
    pub fn from_json(table: &Table, object: &Map<String, Json>) -> Result<Self, String> {
        let known = |name: &String| table.columns.iter().any(|column| column.name == name && !column.stays);
        if let Some(unknown) = object.keys().find(|name| !known(name)) {
            return Err(format!("the unknown column {unknown:?}"));
        }
        let values = table.columns.iter().map(|column| {
            if column.stays {
                return Ok(if column.null { Value::none(column.kind) } else { Value::Flag(Some(false)) });
            }
            let json = object.get(column.name).unwrap_or(&Json::Null);
            Value::from_json(column, json).map_err(|what| format!("no valid {}: it must be {what}", column.name))
        });
        Ok(Self(values.collect::<Result<_, _>>()?))
    }

    /// A number that depends on all of it. Those of many rows can be added up in any order.
    pub fn digest(&self, table: &Table) -> u128 {
        let line = self.to_json(table, |_| true).to_string();
        let hash: [u8; 32] = Sha256::digest(line.as_bytes()).into();
        hash.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
    }
}

/// Bytes as lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    domain::chain::to_hex(bytes)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
