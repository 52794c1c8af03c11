//! A JSON reader and writer small enough for the widget, and the macros that define wire types once for it
//! and for serde.
//!
//! It knows integers only: no wire type has a fraction, and `str::parse::<f64>` alone costs a browser more
//! than this file. A number with a fraction or exponent is read as [`Value::Other`], so that a newer
//! server's unknown field cannot break an older client.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Nesting deeper than this is refused (rule R5).
pub const MAX_DEPTH: usize = 16;

/// A parsed JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction or exponent that fits 64 bits.
    Int(i64),
    /// Any other number.
    Other,
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object, members in the order written.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The member `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A type that travels on the wire.
pub trait Wire: Sized {
    /// Appends this value as JSON.
    fn write(&self, out: &mut String);
    /// Reads this type from a parsed value; `None` when it does not fit.
    fn read(value: &Value) -> Option<Self>;
    /// What a missing member means: `None` refuses the object.
    fn absent() -> Option<Self> {
        None
    }
    /// Whether the member is left out when written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Writes `value` as JSON text.
pub fn to_json<T: Wire>(value: &T) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}

/// Reads `T` from JSON text; `None` when the text is not JSON or does not fit.
pub fn from_json<T: Wire>(text: &str) -> Option<T> {
    T::read(&parse(text)?)
}

/// Reads the member `key` of `object`, for the generated code.
#[doc(hidden)]
pub fn member<T: Wire>(object: &Value, key: &str) -> Option<T> {
    match object.get(key) {
        None => T::absent(),
        Some(value) => T::read(value),
    }
}

/// Appends `"key":value` with a comma where one is due, for the generated code.
#[doc(hidden)]
pub fn write_member<T: Wire>(out: &mut String, key: &str, value: &T) {
    if value.is_absent() {
        return;
    }
    if !out.ends_with('{') {
        out.push(',');
    }
    write_text(out, key);
    out.push(':');
    value.write(out);
}

/// Appends `text` as a JSON string.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 => {
                out.push_str("\\u00");
                out.push(if (c as u32) < 0x10 { '0' } else { '1' });
                out.push(char::from_digit(c as u32 & 15, 16).unwrap_or('0'));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a whole number without the formatting machinery.
pub fn write_int(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    let mut rest = number.unsigned_abs();
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().skip(at) {
        out.push(*digit as char);
    }
}

/// Parses JSON text; `None` when it is not JSON or nests deeper than [`MAX_DEPTH`].
pub fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
    };
    let value = reader.value(0)?;
    reader.space();
    (reader.at == reader.bytes.len()).then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &[u8], value: Value) -> Option<Value> {
        let end = self.at + word.len();
        (self.bytes.get(self.at..end)? == word).then(|| {
            self.at = end;
            value
        })
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            b'n' => self.word(b"null", Value::Null),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'"' => self.string().map(Value::Text),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(b']').is_some() {
            return Some(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b',').is_none() {
                return self.eat(b']').map(|()| Value::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Vec::new();
        if self.eat(b'}').is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.eat(b':')?;
            members.push((key, self.value(depth + 1)?));
            if self.eat(b',').is_none() {
                return self.eat(b'}').map(|()| Value::Object(members));
            }
        }
    }

    fn number(&mut self) -> Option<Value> {
        let negative = self.peek()? == b'-';
        if negative {
            self.at += 1;
        }
        let start = self.at;
        let mut whole: Option<i64> = Some(0);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let digit = i64::from(digit - b'0');
            whole = whole.and_then(|n| n.checked_mul(10)?.checked_sub(digit));
            self.at += 1;
        }
        let digits = self.at - start;
        if digits == 0 || (digits > 1 && self.bytes.get(start) == Some(&b'0')) {
            return None;
        }
        let mut plain = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            plain = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            plain = false;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // Kept negative while reading, so that the smallest number fits too.
        let whole = if negative {
            whole
        } else {
            whole.and_then(i64::checked_neg)
        };
        Some(match whole {
            Some(number) if plain => Value::Int(number),
            _ => Value::Other,
        })
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => {
                    let c = self.escape()?;
                    let mut buffer = [0u8; 4];
                    bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                }
                0..=0x1f => return None,
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    let rest = self.bytes.get(self.at..self.at + 2)?;
                    if rest != b"\\u" {
                        return None;
                    }
                    self.at += 2;
                    let second = self.hex()?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return None;
                    }
                    0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                char::from_u32(code)?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + (self.peek()? as char).to_digit(16)?;
            self.at += 1;
        }
        Some(code)
    }
}

macro_rules! int_wire {
    ($($ty:ty)*) => {$(
        impl Wire for $ty {
            fn write(&self, out: &mut String) {
                // Wire numbers stay below 2^53, so a browser can hold them exactly.
                write_int(out, i64::try_from(*self).unwrap_or(i64::MAX));
            }
            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(number) => <$ty>::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}
int_wire!(i64 u64 u32 u16 u8);

impl Wire for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }
}

impl Wire for String {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
    fn read(value: &Value) -> Option<Self> {
        value.text().map(ToOwned::to_owned)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Wire> Wire for Box<T> {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Box::new)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::List(items) => items.iter().map(T::read).collect(),
            _ => None,
        }
    }
}

/// Defines a struct that travels as a JSON object. An `Option` member may be missing and is left out when
/// `None`; every other member is required; unknown members are ignored.
macro_rules! wire_struct {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            $(
                $(#[$fmeta])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::codec::Wire::is_absent"))]
                pub $field: $ty,
            )*
        }

        impl $name {
            #[allow(unused_variables, clippy::ptr_arg, reason = "a struct without members")]
            pub(crate) fn write_members(&self, out: &mut alloc::string::String) {
                $( $crate::codec::write_member(out, stringify!($field), &self.$field); )*
            }
        }

        impl $crate::codec::Wire for $name {
            fn write(&self, out: &mut alloc::string::String) {
                out.push('{');
                self.write_members(out);
                out.push('}');
            }
            #[allow(unused_variables, reason = "a struct without members")]
            fn read(value: &$crate::codec::Value) -> Option<Self> {
                Some(Self { $( $field: $crate::codec::member(value, stringify!($field))?, )* })
            }
        }
    };
}

/// Defines an enum that travels as an object with a `type` member. Every variant holds a struct, except the
/// last, which stands for every type this build does not know.
macro_rules! wire_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident($ty:ty) = $tag:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(tag = "type"))]
        pub enum $name {
            $(
                $(#[$vmeta])*
                #[cfg_attr(feature = "serde", serde(rename = $tag))]
                $variant($ty),
            )*
            /// A type that this build does not know; readers skip it.
            #[cfg_attr(feature = "serde", serde(other, rename = "unknown"))]
            Unknown,
        }

        impl $crate::codec::Wire for $name {
            fn write(&self, out: &mut alloc::string::String) {
                out.push_str("{\"type\":");
                match self {
                    $( Self::$variant(value) => {
                        $crate::codec::write_text(out, $tag);
                        value.write_members(out);
                    } )*
                    Self::Unknown => $crate::codec::write_text(out, "unknown"),
                }
                out.push('}');
            }
            fn read(value: &$crate::codec::Value) -> Option<Self> {
                match value.get("type")?.text()? {
                    $( $tag => <$ty as $crate::codec::Wire>::read(value).map(Self::$variant), )*
                    _ => Some(Self::Unknown),
                }
            }
        }
    };
}

/// Defines an enum that travels as a string.
macro_rules! wire_text {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type))]
        #[cfg_attr(feature = "sqlx", sqlx(type_name = "text"))]
        pub enum $name {
            $(
                $(#[$vmeta])*
                #[cfg_attr(feature = "serde", serde(rename = $text))]
                #[cfg_attr(feature = "sqlx", sqlx(rename = $text))]
                $variant,
            )*
        }

        impl $name {
            /// Every value, in the order defined.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire, in the database and in the URL.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            /// The value for a word; `None` when there is none.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $( $text => Some(Self::$variant), )* _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::codec::Wire for $name {
            fn write(&self, out: &mut alloc::string::String) {
                $crate::codec::write_text(out, self.as_str());
            }
            fn read(value: &$crate::codec::Value) -> Option<Self> {
                Self::from_text(value.text()?)
            }
        }
    };
}
