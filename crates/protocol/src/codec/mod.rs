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

#[macro_use]
mod macros;
mod read;

pub use read::{MAX_DEPTH, parse};

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
            Value::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
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
    /// Any value: stands in for a member that could not be read, until the whole object is refused.
    fn blank() -> Self;
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

/// Reads the member `key` of `object`; `None` when it is missing or does not fit.
pub fn member<T: Wire>(object: &Value, key: &str) -> Option<T> {
    match object.get(key) {
        None => T::absent(),
        Some(value) => T::read(value),
    }
}

/// Reads the member `key` of `object` for the generated code: a blank and `ok = false` when it does not fit.
/// Making the object whole and refusing it at the end takes half the code of leaving at every member.
#[doc(hidden)]
pub fn member_or_blank<T: Wire>(object: &Value, key: &str, ok: &mut bool) -> T {
    member(object, key).unwrap_or_else(|| {
        *ok = false;
        T::blank()
    })
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
            fn blank() -> Self {
                0
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
    fn blank() -> Self {
        false
    }
}

impl Wire for String {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
    fn read(value: &Value) -> Option<Self> {
        value.text().map(ToOwned::to_owned)
    }
    fn blank() -> Self {
        String::new()
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
    fn blank() -> Self {
        None
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
    fn blank() -> Self {
        Box::new(T::blank())
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
            // A loop: the collecting iterator is made anew for every type.
            Value::List(items) => {
                let mut read = Vec::new();
                for item in items {
                    read.push(T::read(item)?);
                }
                Some(read)
            }
            _ => None,
        }
    }
    fn blank() -> Self {
        Vec::new()
    }
}
