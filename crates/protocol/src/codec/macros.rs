//! The macros that define a wire type once, for serde and for the small codec.

/// Names, each followed by a blank.
macro_rules! names {
    ($($name:ident)*) => { concat!($(stringify!($name), " "),*) };
}

/// Defines a struct that travels as a JSON object. An `Option` member may be missing and is left out when
/// `None`; every other member is required; unknown members are ignored. Members after `@agents` come last and are
/// of no use to visitors, so that a build for them alone carries no code to read them.
macro_rules! wire_struct {
    (
        $(#[$meta:meta])* pub struct $name:ident {
            $($(#[$fmeta:meta])* $field:ident: $ty:ty,)*
            $(@agents $($(#[$ameta:meta])* $afield:ident: $aty:ty,)*)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name {
            $(
                $(#[$fmeta])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::codec::Put::is_absent"))]
                pub $field: $ty,
            )*
            $($(
                $(#[$ameta])*
                #[cfg(feature = "agents")]
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::codec::Put::is_absent"))]
                pub $afield: $aty,
            )*)?
        }

        impl $name {
            #[allow(unused_mut, unused_variables, reason = "a struct without members")]
            pub(crate) fn write_members(&self, out: &mut alloc::string::String) {
                let mut members = $crate::codec::Writer::to(out, names!($($field)* $($($afield)*)?));
                $( members.next(&self.$field); )*
                $($( #[cfg(feature = "agents")] members.next(&self.$afield); )*)?
            }
        }

        impl $crate::codec::Put for $name {
            fn write(&self, out: &mut alloc::string::String) {
                out.push('{');
                self.write_members(out);
                out.push('}');
            }
        }

        impl $crate::codec::Take for $name {
            #[allow(unused_mut, reason = "a struct without members")]
            fn take(&mut self, value: Option<&$crate::codec::Value>) -> bool {
                let mut members = $crate::codec::Members::of(value, names!($($field)* $($($afield)*)?));
                $( members.next(&mut self.$field); )*
                $($( #[cfg(feature = "agents")] members.next(&mut self.$afield); )*)?
                members.fit()
            }
        }

        impl $crate::codec::Wire for $name {
            fn blank() -> Self {
                Self {
                    $( $field: $crate::codec::Wire::blank(), )*
                    $($( #[cfg(feature = "agents")] $afield: $crate::codec::Wire::blank(), )*)?
                }
            }
        }
    };
}

/// Defines an enum that travels as an object with a `type` member. Every variant holds a struct, except the
/// last, which stands for every type this build does not know. A variant may stand under a `cfg`.
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

        impl $crate::codec::Put for $name {
            #[allow(unused_doc_comments, reason = "what a variant stands under goes for its arms too")]
            fn write(&self, out: &mut alloc::string::String) {
                out.push_str("{\"type\":");
                match self {
                    $( $(#[$vmeta])* Self::$variant(value) => {
                        $crate::codec::write_text(out, $tag);
                        value.write_members(out);
                    } )*
                    Self::Unknown => $crate::codec::write_text(out, "unknown"),
                }
                out.push('}');
            }
        }

        impl $crate::codec::Take for $name {
            #[allow(unused_doc_comments, reason = "what a variant stands under goes for its arms too")]
            fn take(&mut self, value: Option<&$crate::codec::Value>) -> bool {
                /// Numbers the variants, those that are left out too.
                #[allow(dead_code, clippy::enum_variant_names, reason = "a variant may be left out, or called like it")]
                enum Place { $($variant,)* }
                let Some(place) = $crate::codec::tag_of(value, concat!($($tag, " "),*)) else {
                    return false;
                };
                *self = match place {
                    $( $(#[$vmeta])* place if place == Place::$variant as usize => Self::$variant($crate::codec::Wire::blank()), )*
                    _ => Self::Unknown,
                };
                match self {
                    $( $(#[$vmeta])* Self::$variant(inner) => inner.take(value), )*
                    Self::Unknown => true,
                }
            }
        }

        impl $crate::codec::Wire for $name {
            fn blank() -> Self {
                Self::Unknown
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
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::codec::Put for $name {
            fn write(&self, out: &mut alloc::string::String) {
                $crate::codec::write_text(out, self.as_str());
            }
        }

        impl $crate::codec::Take for $name {
            fn take(&mut self, value: Option<&$crate::codec::Value>) -> bool {
                let place = $crate::codec::word_of(value, concat!($($text, " "),*));
                let word = place.and_then(|place| Self::ALL.get(place));
                *self = word.copied().unwrap_or(*self);
                word.is_some()
            }
        }

        impl $crate::codec::Wire for $name {
            fn blank() -> Self {
                const { Self::ALL[0] }
            }
        }
    };
}
