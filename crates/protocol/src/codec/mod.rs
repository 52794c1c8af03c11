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

    /// The member `key` of an object, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        match self {
            Value::Object(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets the member `key` of an object; nothing when this is none.
    pub fn set(&mut self, key: &str, value: Value) {
        if let Some(member) = self.get_mut(key) {
            *member = value;
        } else if let Value::Object(members) = self {
            members.push((key.to_owned(), value));
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

/// What writes itself as JSON. Apart from [`Take`], so that a browser which only reads a type carries no code
/// to write it.
pub trait Put {
    /// Appends this value as JSON.
    fn write(&self, out: &mut String);
    /// Whether the member is left out when written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// What reads itself from JSON, in place: members of every type are read by one piece of code, which costs a
/// third of what code made for each type does.
pub trait Take {
    /// Takes what `value` says, `None` when the member is missing; `false` when it does not fit, and then what
    /// is here now means nothing.
    fn take(&mut self, value: Option<&Value>) -> bool;
}

/// A type that travels on the wire.
pub trait Wire: Put + Take + Sized {
    /// Any value, to read over.
    fn blank() -> Self;

    /// Reads this type from a parsed value; `None` when it does not fit.
    fn read(value: &Value) -> Option<Self> {
        let mut read = Self::blank();
        read.take(Some(value)).then_some(read)
    }
}

impl Put for Value {
    fn write(&self, out: &mut String) {
        match self {
            Value::Null | Value::Other => out.push_str("null"),
            Value::Bool(flag) => flag.write(out),
            Value::Int(number) => write_int(out, *number),
            Value::Text(text) => write_text(out, text),
            Value::List(items) => items.write(out),
            Value::Object(members) => {
                out.push('{');
                members.iter().for_each(|(name, value)| write_member(out, name, value));
                out.push('}');
            }
        }
    }
}

/// Writes `value` as JSON text.
pub fn to_json<T: Put>(value: &T) -> String {
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
    let mut read = T::blank();
    read.take(object.get(key)).then_some(read)
}

/// Appends `"key":value` with a comma where one is due; nothing when the value is absent.
pub fn write_member(out: &mut String, key: &str, value: &dyn Put) {
    if value.is_absent() {
        return;
    }
    if out.as_bytes().last() != Some(&b'{') {
        out.push(',');
    }
    write_text(out, key);
    out.push(':');
    value.write(out);
}

/// Writes the members of an object one by one, for the generated code.
#[doc(hidden)]
pub struct Writer<'a> {
    out: &'a mut String,
    /// Names of the members that are still to come, each followed by a blank.
    names: &'static str,
}

impl<'a> Writer<'a> {
    /// Writes members in the order of `names`.
    #[inline(never)]
    pub fn to(out: &'a mut String, names: &'static str) -> Self {
        Self { out, names }
    }

    /// Writes the next member.
    #[inline(never)]
    pub fn next(&mut self, value: &dyn Put) {
        let (name, rest) = first_word(self.names);
        self.names = rest;
        write_member(self.out, name, value);
    }
}

/// The first word of a list whose every word is followed by a blank, and the rest.
fn first_word(list: &'static str) -> (&'static str, &'static str) {
    let end = list.bytes().position(|byte| byte == b' ').unwrap_or(list.len());
    let (word, rest) = list.split_at_checked(end).unwrap_or((list, ""));
    (word, rest.get(1..).unwrap_or(""))
}

/// Where `word` stands in such a list.
fn place_in(mut list: &'static str, word: &str) -> Option<usize> {
    let mut place = 0;
    while !list.is_empty() {
        let (first, rest) = first_word(list);
        if first == word {
            return Some(place);
        }
        list = rest;
        place += 1;
    }
    None
}

/// Reads the members of an object one by one, for the generated code.
#[doc(hidden)]
pub struct Members<'a> {
    object: Option<&'a Value>,
    /// Names of the members that are still to come, each followed by a blank.
    names: &'static str,
    fit: bool,
}

impl<'a> Members<'a> {
    /// The members of `value`, which are read in the order of `names`.
    #[inline(never)]
    pub fn of(value: Option<&'a Value>, names: &'static str) -> Self {
        Self { object: value, names, fit: matches!(value, Some(Value::Object(_))) }
    }

    /// Reads the next member. Reading on after one that does not fit and refusing the object at the end takes
    /// less code than leaving at every member.
    #[inline(never)]
    pub fn next(&mut self, into: &mut dyn Take) {
        let (name, rest) = first_word(self.names);
        self.names = rest;
        self.fit &= into.take(self.object.and_then(|object| object.get(name)));
    }

    /// Whether every member did fit.
    pub fn fit(&self) -> bool {
        self.fit
    }
}

/// Which of `tags` the member `type` of `value` names, for the generated code: the number of tags for one
/// that is not among them, `None` when there is no such text.
#[doc(hidden)]
pub fn tag_of(value: Option<&Value>, tags: &'static str) -> Option<usize> {
    let tag = value?.get("type")?.text()?;
    Some(place_in(tags, tag).unwrap_or(usize::MAX))
}

/// Which of `words` the text `value` is, for the generated code.
#[doc(hidden)]
pub fn word_of(value: Option<&Value>, words: &'static str) -> Option<usize> {
    place_in(words, value?.text()?)
}

/// Appends `text` as a JSON string.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        // What is escaped is one byte long, so both cuts are between characters.
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            out.push_str(text.get(plain_from..at).unwrap_or(""));
            write_escaped(out, byte);
            plain_from = at + 1;
        }
    }
    out.push_str(text.get(plain_from..).unwrap_or(""));
    out.push('"');
}

fn write_escaped(out: &mut String, byte: u8) {
    out.push('\\');
    let mark = match byte {
        b'\n' => 'n',
        b'\r' => 'r',
        b'\t' => 't',
        8 => 'b',
        0xc => 'f',
        b'"' | b'\\' => byte as char,
        _ => {
            out.push_str(if byte < 0x10 { "u000" } else { "u001" });
            char::from_digit(u32::from(byte) & 15, 16).unwrap_or('0')
        }
    };
    out.push(mark);
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
        impl Put for $ty {
            fn write(&self, out: &mut String) {
                // Wire numbers stay below 2^53, so a browser can hold them exactly.
                write_int(out, i64::try_from(*self).unwrap_or(i64::MAX));
            }
        }
        impl Take for $ty {
            fn take(&mut self, value: Option<&Value>) -> bool {
                let Some(Value::Int(number)) = value else {
                    return false;
                };
                <$ty>::try_from(*number).map(|number| *self = number).is_ok()
            }
        }
        impl Wire for $ty {
            fn blank() -> Self {
                0
            }
        }
    )*};
}
int_wire!(i64 u64 u32 u16 u8);

impl Put for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Take for bool {
    fn take(&mut self, value: Option<&Value>) -> bool {
        let Some(Value::Bool(flag)) = value else {
            return false;
        };
        *self = *flag;
        true
    }
}

impl Wire for bool {
    fn blank() -> Self {
        false
    }
}

impl Put for String {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
}

impl Take for String {
    fn take(&mut self, value: Option<&Value>) -> bool {
        let text = value.and_then(Value::text);
        *self = text.unwrap_or_default().to_owned();
        text.is_some()
    }
}

impl Wire for String {
    fn blank() -> Self {
        String::new()
    }
}

impl<T: Put> Put for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Wire> Take for Option<T> {
    fn take(&mut self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null) => {
                *self = None;
                true
            }
            value => self.insert(T::blank()).take(value),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn blank() -> Self {
        None
    }
}

impl<T: Put> Put for Box<T> {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

impl<T: Wire> Take for Box<T> {
    fn take(&mut self, value: Option<&Value>) -> bool {
        (**self).take(value)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn blank() -> Self {
        Box::new(T::blank())
    }
}

impl<T: Put> Put for Vec<T> {
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
}

impl<T: Wire> Take for Vec<T> {
    fn take(&mut self, value: Option<&Value>) -> bool {
        let Some(Value::List(items)) = value else {
            return false;
        };
        self.clear();
        for item in items {
            // Read where it stays: it is neither moved nor dropped here.
            self.push(T::blank());
            if !self.last_mut().is_some_and(|last| last.take(Some(item))) {
                return false;
            }
        }
        true
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }
}
