//! Enumerations whose values have names in JSON. Must not know which.

use crate::wire::json::{Decoder, Value};

/// Declares an enumeration whose values have a name in JSON.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Its name in JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The value of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use named;

/// Reads one by its name; null and numbers are errors, too.
pub fn read<T>(
    d: &mut Decoder,
    value: Value<'_>,
    into: &mut T,
    from_name: impl Fn(&str) -> Option<T>,
) {
    let read = d.unmarshal(value, |raw| {
        quoted(raw)
            .and_then(from_name)
            .ok_or_else(|| Decoder::bad_enum(raw))
    });
    if let Some(read) = read {
        *into = read;
    }
}

/// What stands between quotes, as text: nats-server compares names as they are written, escapes and all.
pub fn quoted(raw: &[u8]) -> Option<&str> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}
