//! Any value of any wire type, from a string of bytes: the same bytes give the same value, fewer and smaller
//! bytes a smaller one, so that failures shrink.
//!
//! The macros name every member and variant, so a type that grows fails to compile here until its new part is
//! tested too.

use proptest::prelude::*;
use protocol::codec::Wire;
use uuid::Uuid;

/// Where choices come from; zeros once it is used up.
pub(crate) struct Source<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl Source<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u64 {
        // One byte says how many follow, so that small numbers are common.
        let count = self.byte() % 9;
        (0..count).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }
}

/// A type with any value.
pub(crate) trait Any: Sized {
    fn any(source: &mut Source) -> Self;
}

/// Values of `T` as a proptest strategy.
pub(crate) fn values<T: Any + std::fmt::Debug>() -> impl Strategy<Value = T> {
    prop::collection::vec(any::<u8>(), 0..600).prop_map(|bytes| T::any(&mut Source { bytes: bytes.iter() }))
}

impl Any for bool {
    fn any(source: &mut Source) -> Self {
        source.byte() % 2 == 1
    }
}

/// Above 2^53 a browser cannot hold a number exactly; the protocol promises to stay below.
const LARGEST: u64 = (1 << 53) - 1;

macro_rules! any_number {
    ($($ty:ty)*) => {$(
        impl Any for $ty {
            fn any(source: &mut Source) -> Self {
                (source.number() & LARGEST) as $ty
            }
        }
    )*};
}
any_number!(u8 u16 u32 u64);

impl Any for i64 {
    fn any(source: &mut Source) -> Self {
        let number = (source.number() & LARGEST) as i64;
        if bool::any(source) { -number } else { number }
    }
}

impl Any for String {
    fn any(source: &mut Source) -> Self {
        const CHARS: &[char] = &[
            'a',
            'Z',
            '0',
            ' ',
            '"',
            '\\',
            '/',
            '\0',
            '\n',
            '\r',
            '\t',
            '\u{8}',
            '\u{c}',
            '\u{b}',
            '\u{1f}',
            '\u{7f}',
            '\u{80}',
            'é',
            '中',
            '\u{2028}',
            '\u{2029}',
            '\u{d7ff}',
            '\u{e000}',
            '\u{fffd}',
            '\u{ffff}',
            '😀',
            '\u{10ffff}',
            '{',
            '}',
            '[',
            ',',
            ':',
        ];
        let length = source.byte() % 12;
        let char = |_| CHARS[usize::from(source.byte()) % CHARS.len()];
        (0..length).map(char).collect()
    }
}

impl Any for Uuid {
    fn any(source: &mut Source) -> Self {
        Uuid::from_u128(u128::from(source.number()) << 64 | u128::from(source.number()))
    }
}

impl<T: Any> Any for Option<T> {
    fn any(source: &mut Source) -> Self {
        bool::any(source).then(|| T::any(source))
    }
}

impl<T: Any> Any for Vec<T> {
    fn any(source: &mut Source) -> Self {
        let length = source.byte() % 4;
        (0..length).map(|_| T::any(source)).collect()
    }
}

impl<T: Any> Any for Box<T> {
    fn any(source: &mut Source) -> Self {
        Box::new(T::any(source))
    }
}

/// A wire enum: its variants with their tags.
pub(crate) trait Tagged {
    const TAGS: &'static [&'static str];
    fn tag(&self) -> &'static str;
}

macro_rules! any_struct {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Any for $name {
            #[allow(unused_variables, reason = "a struct without members")]
            fn any(source: &mut Source) -> Self {
                Self { $($field: Any::any(source)),* }
            }
        }
    )*};
}

macro_rules! any_id {
    ($($name:ident)*) => {$(
        impl Any for $name {
            fn any(source: &mut Source) -> Self {
                Self(Any::any(source))
            }
        }
    )*};
}

macro_rules! any_word {
    ($($name:ident)*) => {$(
        impl Any for $name {
            fn any(source: &mut Source) -> Self {
                Self::ALL[usize::from(source.byte()) % Self::ALL.len()]
            }
        }
    )*};
}

macro_rules! any_enum {
    ($($name:ident { $($variant:ident = $tag:literal),* $(,)? })*) => {$(
        impl Any for $name {
            fn any(source: &mut Source) -> Self {
                let mut index = usize::from(source.byte()) % (Self::TAGS.len() + 1);
                $(
                    if index == 1 {
                        return Self::$variant(Any::any(source));
                    }
                    index = index.saturating_sub(1);
                )*
                debug_assert_eq!(index, 0);
                Self::Unknown
            }
        }

        impl Tagged for $name {
            const TAGS: &'static [&'static str] = &[$($tag),*];
            fn tag(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $tag,)*
                    Self::Unknown => "unknown",
                }
            }
        }
    )*};
}
pub(crate) use {any_enum, any_id, any_struct, any_word};

/// Both codecs write the same text, and each reads what the other wrote.
pub(crate) fn check_equal<T>(value: &T) -> Result<(), TestCaseError>
where
    T: Wire + serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let small = protocol::codec::to_json(value);
    let serde = serde_json::to_string(value).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&small, &serde);
    let read = protocol::codec::from_json::<T>(&serde);
    prop_assert_eq!(read.as_ref(), Some(value));
    let read = serde_json::from_str::<T>(&small);
    prop_assert_eq!(read.as_ref().ok(), Some(value), "{:?}", read.as_ref().err());
    Ok(())
}
